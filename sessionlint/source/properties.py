"""Properties that may open a session or connection each time they are read, told from text."""

import re
from typing import Final

from sessionlint.source.gate import SPEAKS

__all__ = ["may_open", "opening"]

_MARK: Final = "@property"
_WORDS: Final = tuple(word.decode() for word in SPEAKS)

# Bounded everywhere: a method may be long. Its end is where the next one begins.
_OPENING: Final = (
    r"(?a:@property[ \t]*(?:#[^\n]*)?\r?\n[ \t]*def (\w{0,40}(?:ession|[cC]onn|[dD][bB])\w{0,40})\("
    r"(?:(?!\n[ \t]*(?:async[ \t]|def\b|class\b|@))[\s\S]){0,1500}?\breturn[ \t(]+[\w.]+\()"
)
"""One that returns what a call gives, by a name as sessions and connections have."""


def may_open(data: bytes) -> bool:
    """Whether a file may read one that it defines itself."""
    # Every byte is a character there, and the names that are looked for are plain.
    return _MARK.encode() in data and bool(opening(data.decode("latin-1")))


def opening(text: str) -> frozenset[str]:
    """The names of those that a text defines, and of which it speaks elsewhere."""
    if _MARK not in text or not any(word in text for word in _WORDS):
        return frozenset()
    found = frozenset(re.findall(_OPENING, text))
    return frozenset(name for name in found if re.search(rf"\.{name}\b", text))
