"""Where a session may go to a task in the background, told from text alone."""

import re
from typing import Final

from sessionlint.source.fanning import NAMED

__all__ = ["LETTING_GO", "lets_go", "may_let_go"]

LETTING_GO: Final = frozenset({"create_task", "ensure_future", "add_task"})
"""Functions that let something run which nobody has to wait for."""

_WORDS: Final = tuple(f"{name}(" for name in sorted(LETTING_GO))
_WORDS_OF_BYTES: Final = tuple(word.encode() for word in _WORDS)
_NAMED_IN_BYTES: Final = NAMED.encode()


def may_let_go(data: bytes) -> bool:
    """Whether a file, one that speaks of sessions, may hand one to the background."""
    if b"ession" not in data or not any(word in data for word in _WORDS_OF_BYTES):
        return False
    return re.search(_NAMED_IN_BYTES, data) is not None


def lets_go(text: str) -> bool:
    """Whether one function may, by its text."""
    return any(word in text for word in _WORDS) and re.search(NAMED, text) is not None
