"""What a method is called on when that is no mere name, by bytes."""

from __future__ import annotations

from collections.abc import Iterable
from keyword import iskeyword
from typing import Final

from sessionlint.source.logical import Logical

__all__ = ["is_on_call"]

_SPACE: Final = b" \t\n\r\f"
_CLOSING: Final = frozenset(b")]}")
_WORD: Final = frozenset(
    byte for byte in range(256) if byte >= 0x80 or chr(byte).isalnum() or byte == ord("_")
)


def is_on_call(text: Logical, dot: int, names: Iterable[bytes]) -> bool:
    """Whether a method is called on what a call of one of the names gives, be it by way of others.

    `dot` is where its own dot stands. What is no plain chain of calls may hold any call.
    """
    bare = text.data
    called: set[bytes] = set()
    end = _behind(bare, dot)
    while True:
        bracketed = end
        while end and bare[end - 1] in _CLOSING:
            end = _behind(bare, next(text.opened(end - 1, 0), 0))
        start = end
        while start and bare[start - 1] in _WORD:
            start -= 1
        word = bare[start:end]
        if not word or iskeyword(word.decode("ascii", "replace")):
            return True
        if end < bracketed:
            called.add(word)
        end = _behind(bare, start)
        if bare[end - 1 : end] != b".":
            return not called.isdisjoint(names)
        end = _behind(bare, end - 1)


def _behind(bare: bytes, at: int) -> int:
    """Where that ends which stands before the white space before a place."""
    while at and bare[at - 1] in _SPACE:
        at -= 1
    return at
