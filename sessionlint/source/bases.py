"""Which classes a file derives from what, by bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

__all__ = ["derived"]

_CLASS: Final = rb"class[ \t]+(\w+)\("
_WORD: Final = rb"[A-Za-z_]\w*"
_DEEPEST: Final = 400
"""How far a class may be indented."""


def derived(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Every class with each name among its bases."""
    heads = [match for match in re.finditer(_CLASS, data) if _begins_line(data, match.start())]
    # No class begins among the bases of another, so each byte is looked at once.
    stops = [*(match.start() for match in heads[1:]), len(data)]
    for head, stop in zip(heads, stops, strict=False):
        end = data.find(b")", head.end(), stop)
        bases = data[head.end() : max(end, 0)]
        yield from ((head[1], base) for base in re.findall(_WORD, bases))


def _begins_line(data: bytes, at: int) -> bool:
    """Whether nothing but space stands before a place on its line."""
    return not data[max(at - _DEEPEST, 0) : at].rpartition(b"\n")[2].strip(b" \t")
