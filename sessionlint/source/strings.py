"""What a string literal looks like, for regular expressions."""

from typing import Final

__all__ = ["STRING", "STRING_OR_REST"]

_TRIES: Final = 20
"""How many quotes may begin a string in vain: all of the text is looked at for the end of each."""


def _long(mark: str) -> str:
    """Matches a string in three quotes."""
    return rf"{mark * 3}[^{mark}\\]*(?:(?:\\[\s\S]|{mark}(?!{mark * 2}))[^{mark}\\]*)*{mark * 3}"


def _short(mark: str) -> str:
    """Matches a string in one quote, but never the first of three."""
    return rf"{mark}(?!{mark * 2})[^{mark}\\\n]*(?:\\[\s\S][^{mark}\\\n]*)*{mark}"


def _endless(mark: str) -> str:
    """Matches all that a string without an end takes, where many begin in it."""
    # Have: none has an end, for each quote behind the first is one that a backslash stands before.
    other = rf"[^{mark}]*(?:{mark}(?!{mark * 2})[^{mark}]*)*"
    long = rf"{mark * 3}(?:{other}{mark * 3}){{{_TRIES}}}[\s\S]*"
    escaped = rf"[^{mark}\\\n]*(?:\\[^{mark}][^{mark}\\\n]*)*\\{mark}"
    rest = rf"[^{mark}\\\n]*(?:\\[\s\S][^{mark}\\\n]*)*"
    return rf"{long}|{mark}(?!{mark * 2})(?:{escaped}){{{_TRIES}}}{rest}"


STRING: Final = "|".join(kind(mark) for kind in (_long, _short) for mark in "'\"")
"""A string literal without its prefix."""

STRING_OR_REST: Final = "|".join([STRING, *map(_endless, "'\"")])
"""The same, for who goes through a whole text.

Where many strings begin of which none has an end, the first one takes them all: it is no Python,
and to look for the end of each takes the square of the time.
"""
