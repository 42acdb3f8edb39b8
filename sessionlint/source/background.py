"""Where a session may go to a task in the background, told from text alone."""

import re
from typing import Final

from sessionlint.source.fanning import NAMED

__all__ = ["LETTING_GO", "lets_go", "may_let_go"]

LETTING_GO: Final = frozenset({"create_task", "ensure_future", "add_task"})
"""Functions that let something run which nobody has to wait for."""

_CALLS: Final = tuple(f"{name}(" for name in sorted(LETTING_GO))
_CALLS_IN_BYTES: Final = tuple(call.encode() for call in _CALLS)

# Compiled by `re` when first asked for: few files have such a call. What a framework calls
# `async_create_task` is another function.
_CALL: Final = rf"(?<!\w)(?:{'|'.join(sorted(LETTING_GO))})\("
_FAR: Final = 2_000
"""How much is looked at of what is in the brackets of a call."""


def may_let_go(data: bytes) -> bool:
    """Whether a file may hand a session to the background."""
    # Asked first: who calls one of them has one of these, and most files have neither.
    if b"asyncio" not in data and b"BackgroundTasks" not in data:
        return False
    if not any(call in data for call in _CALLS_IN_BYTES):
        return False
    # Every byte is a character there, and the names that are looked for are plain.
    return lets_go(data.decode("latin-1"))


def lets_go(text: str) -> bool:
    """Whether one function may, by its text."""
    if not any(call in text for call in _CALLS):
        return False
    named = re.compile(NAMED)
    calls = re.finditer(_CALL, text)
    return any(named.search(text, call.end() - 1, call.end() + _FAR) for call in calls)
