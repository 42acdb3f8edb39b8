"""What a method is called on when that is no mere name, by bytes."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from keyword import iskeyword
from typing import Final

__all__ = ["is_on_call"]

_SPACE: Final = b" \t\n\r\f"
_OPENING: Final = frozenset(b"([{")
_CLOSING: Final = frozenset(b")]}")


def is_on_call(bare: bytes, dot: int, names: Iterable[bytes]) -> bool:
    """Whether a method is called on what a call of one of the names gives, be it by way of others.

    `dot` is where its own dot stands, in a text with nothing in its strings and comments. What is
    no plain chain of calls may hold any call.
    """
    called: set[bytes] = set()
    end = _behind(bare, dot)
    while True:
        bracketed = end
        while end and bare[end - 1] in _CLOSING:
            end = _behind(bare, _opening(bare, end - 1))
        start = end
        while start and _is_of_word(bare[start - 1]):
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


def _opening(bare: bytes, at: int) -> int:
    """Where the bracket is that one closes; the beginning of a text where none is."""
    depth = 0
    while at >= 0:
        if bare[at] in _CLOSING:
            depth += 1
        elif bare[at] in _OPENING:
            depth -= 1
            if not depth:
                return at
        at -= 1
    return 0


@lru_cache(maxsize=256)
def _is_of_word(byte: int) -> bool:
    return byte >= 0x80 or chr(byte).isalnum() or byte == ord("_")
