"""Where a session may go to a task in the background, told from text alone."""

import re
from collections.abc import Iterator
from typing import Final

from sessionlint.source.bracketed import bracketed
from sessionlint.source.fanning import NAMED

__all__ = ["BACKGROUND", "LETTING_GO", "QUEUEING", "THREADS", "lets_go", "may_let_go"]

BACKGROUND: Final = "add_task"
"""What FastAPI's background tasks are given work by."""

QUEUEING: Final = frozenset({"submit", "run_in_executor"})
"""What a pool of threads is given work by."""

THREADS: Final = QUEUEING | {"Thread", "Timer"}
TASKS: Final = frozenset({"create_task", "ensure_future", "run_coroutine_threadsafe"})
LETTING_GO: Final = THREADS | TASKS | {BACKGROUND}
"""Functions that let something run which nobody has to wait for."""

_SPOKEN: Final = (b"asyncio", b"BackgroundTasks", b"threading", b"concurrent")

_CALLS: Final = tuple(f"{name}(" for name in sorted(LETTING_GO))
_CALLS_IN_BYTES: Final = tuple(call.encode() for call in _CALLS)

_FAR: Final = 2_000
"""How much is looked at of what is in the brackets of a call."""


def may_let_go(data: bytes) -> bool:
    """Whether a file may hand a session to the background."""
    # Asked first: who calls one of them has one of these, and most files have none.
    if not any(word in data for word in _SPOKEN):
        return False
    if not any(call in data for call in _CALLS_IN_BYTES):
        return False
    # Every byte is a character there, and the names that are looked for are plain.
    return lets_go(data.decode("latin-1"))


def lets_go(text: str) -> bool:
    """Whether one function may, by its text."""
    return any(re.search(NAMED, bracketed(text, at, _FAR)) for at in _brackets(text))


def _brackets(text: str) -> Iterator[int]:
    """Where the brackets of each call open.

    What a framework calls `async_create_task` is another function.
    """
    for call in _CALLS:
        # A pattern of all the names, of which each begins a word, takes several times as long.
        at = text.find(call)
        while at >= 0:
            end = at + len(call)
            if not (text[at - 1 : at].isalnum() or text[at - 1 : at] == "_"):
                yield end - 1
            at = text.find(call, end)
