"""Which classes a file derives from what, by bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from sessionlint.source.text import line_start

__all__ = ["derived"]

_CLASS: Final = rb"class[ \t]+(\w+)\("
_WORD: Final = rb"[A-Za-z_]\w*"


def derived(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Every class with each name among its bases."""
    for match in re.finditer(_CLASS, data):
        if not data[line_start(data, match.start()) : match.start()].strip(b" \t"):
            end = data.find(b")", match.end())
            bases = data[match.end() : max(end, 0)]
            yield from ((match[1], base) for base in re.findall(_WORD, bases))
