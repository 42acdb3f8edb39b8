"""Where a name is called in a text, by bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from sessionlint.source.text import line_start

__all__ = ["DEFINING", "goes_on", "owners", "sites"]

DEFINING: Final = frozenset({b"def", b"class"})
"""Words before a name that is defined, not called."""

_SPACE: Final = b" \t"
_NEAR: Final = 40
_FAR: Final = 400
"""How much is looked at of what stands before a name, and of a chain of names."""

_CALLING: Final = frozenset({b"(", b"["})
_BRACKETS: Final = re.compile(rb"[()]")
_CHAIN: Final = rb"(?<![\w.)\]])([A-Za-z_]\w*)(?:\.\w+)*\.$"


def sites(data: bytes, name: bytes) -> Iterator[int]:
    """Where a name is called; not where it is defined, and not in comments of their own line."""
    at = data.find(name)
    while at >= 0:
        end = at + len(name)
        is_word = at == 0 or not (data[at - 1 : at].isalnum() or data[at - 1 : at] == b"_")
        if is_word and (data[end : end + 1] in _CALLING or data[end : end + 2] == b" ("):
            start = line_start(data, at)
            near = data[max(start, at - _NEAR) : at].split()
            is_defined = bool(near) and near[-1] in DEFINING
            if not is_defined and not data[start : start + _NEAR].lstrip(_SPACE).startswith(b"#"):
                yield at
        at = data.find(name, end)


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
    return {_owner(data, at) for at in sites(data, name)}


def _owner(data: bytes, at: int) -> bytes:
    if data[at - 1 : at] != b"." or not at:
        return b""
    chain = re.search(_CHAIN, data[max(line_start(data, at), at - _FAR) : at])
    return chain[1] if chain else b"?"
