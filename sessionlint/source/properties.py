"""Properties that may open a session or connection each time they are read, told from text."""

import re
from typing import Final

from sessionlint.source.gate import SPEAKS

__all__ = ["openers", "opening"]

_MARK: Final = "@property"
_WORDS: Final = tuple(word.decode() for word in SPEAKS)

# Bounded everywhere: a method may be long. Its end is where the next one begins.
_OPENING: Final = (
    r"(?a:@property[ \t]*(?:#[^\n]*)?\r?\n[ \t]*def (\w{0,40}(?:ession|[cC]onn|[dD][bB])\w{0,40})\("
    r"(?:(?!\n[ \t]*(?:async[ \t]|def\b|class\b|@))[\s\S]){0,1500}?"
    r"\breturn[ \t(]+(?:\w+\.)*(\w+)\()"
)
"""One that returns what a call gives, by a name as sessions and connections have; with the call."""


def openers(data: bytes) -> frozenset[str]:
    """What a file's own properties may call to open what they give."""
    # To look for the property first takes half as long as to look for the words of databases.
    if _MARK.encode() not in data or re.search(_OPENING.encode(), data) is None:
        return frozenset()
    # Every byte is a character there, and the names that are looked for are plain.
    text = data.decode("latin-1")
    found = re.findall(_OPENING, text) if _may_tell(text) else ()
    return frozenset(called for name, called in found if _is_read(text, name))


def opening(text: str) -> frozenset[str]:
    """The names of the properties that a text defines, and of which it speaks elsewhere."""
    if _MARK not in text or not _may_tell(text):
        return frozenset()
    return frozenset(name for name, _ in re.findall(_OPENING, text) if _is_read(text, name))


def _may_tell(text: str) -> bool:
    return any(word in text for word in _WORDS)


def _is_read(text: str, name: str) -> bool:
    return re.search(rf"\.{name}\b", text) is not None
