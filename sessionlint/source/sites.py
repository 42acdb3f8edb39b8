"""Where a name is called in a text, by bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from sessionlint.source.text import line_start

__all__ = ["DEFINING", "goes_on", "line_before", "owners", "sites"]

DEFINING: Final = frozenset({b"def", b"class"})
"""Words before a name that is defined, not called."""

_BRACKETS: Final = re.compile(rb"[()]")
_CHAIN: Final = rb"(?<![\w.)\]])([A-Za-z_]\w*)(?:\.\w+)*\.$"


def sites(data: bytes, name: bytes) -> Iterator[int]:
    """Where a name is called; not where it is defined, and not in comments."""
    at = data.find(name)
    while at >= 0:
        end = at + len(name)
        is_word = at == 0 or not (data[at - 1 : at].isalnum() or data[at - 1 : at] == b"_")
        if is_word and data[end : end + 1] in {b"(", b"["}:
            before = line_before(data, at).split()
            if not before or (before[-1] not in DEFINING and not before[0].startswith(b"#")):
                yield at
        at = data.find(name, end)


def line_before(data: bytes, at: int) -> bytes:
    """What stands on its line before a place."""
    return data[line_start(data, at) : at]


def goes_on(data: bytes, at: int) -> bool:
    """Whether something is done at once with what the call gives whose name ends at `at`."""
    depth = 0
    for bracket in _BRACKETS.finditer(data, at, at + 2_000):
        depth += 1 if bracket[0] == b"(" else -1
        if depth == 0:
            return data[bracket.end() : bracket.end() + 1] in {b".", b"(", b"["}
    return True


def owners(data: bytes, name: bytes) -> set[bytes]:
    """The first words of what stands before a name where it is called, empty for a plain call."""
    lines = (line_before(data, at) for at in sites(data, name))
    return {_owner(line) for line in lines}


def _owner(line: bytes) -> bytes:
    if not line.endswith(b"."):
        return b""
    chain = re.search(_CHAIN, line)
    return chain[1] if chain else b"?"
