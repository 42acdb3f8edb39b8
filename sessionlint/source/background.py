"""Where a session may go to a task in the background, told from text alone."""

import re
from typing import Final

from sessionlint.source.fanning import NAMED

__all__ = ["LETTING_GO", "lets_go", "may_let_go"]

LETTING_GO: Final = frozenset({"create_task", "ensure_future", "add_task"})
"""Functions that let something run which nobody has to wait for."""

_CALLS: Final = tuple(f"{name}(" for name in sorted(LETTING_GO))
_CALLS_IN_BYTES: Final = tuple(call.encode() for call in _CALLS)


def may_let_go(data: bytes) -> bool:
    """Whether a file, one that speaks of sessions, may hand one to the background."""
    # Asked first: who calls one of them has one of these, and most files have neither.
    if b"asyncio" not in data and b"BackgroundTasks" not in data:
        return False
    is_calling = b"ession" in data and any(call in data for call in _CALLS_IN_BYTES)
    return is_calling and re.search(NAMED.encode(), data) is not None


def lets_go(text: str) -> bool:
    """Whether one function may, by its text."""
    return any(call in text for call in _CALLS) and re.search(NAMED, text) is not None
