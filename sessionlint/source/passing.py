"""Which brackets give on what is in them, by the words before them."""

from __future__ import annotations

import re
from typing import Final

from sessionlint.source.logical import Logical
from sessionlint.source.sites import DEFINING

__all__ = ["call_around", "gives_on"]

_NEAR: Final = 80
"""How much is looked at of what stands before a bracket."""

_WORDS: Final = re.compile(rb"(?:\b(\w+)[ \t]+)?\b(\w+)[ \t]*$")
_TRANSPARENT: Final = frozenset(
    b"cast partial closing aclosing if elif while return yield and or not in is else await "
    b"assert lambda".split()
)
"""Words before a bracket that gives on what is in it."""


def gives_on(data: bytes, bracket: int) -> bool:
    """Whether a bracket only groups, belongs to `cast` and the like, or holds parameters."""
    if data[bracket : bracket + 1] != b"(":
        return False
    before = data[max(bracket - _NEAR, 0) : bracket]
    words = _WORDS.search(before)
    if words is None:
        return not before.rstrip().endswith((b")", b"]"))
    return words[2] in _TRANSPARENT or words[1] in DEFINING


def call_around(text: Logical, at: int) -> int | None:
    """Where the bracket stands of the call that a place is an argument of, None if of none."""
    bracket = next(text.opened(at), None)
    if bracket is None or text.data[bracket : bracket + 1] != b"(":
        return None
    return None if gives_on(text.data, bracket) else bracket
