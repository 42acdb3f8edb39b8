"""Where one session may go to several tasks that run at once, told from text alone."""

import re
from typing import Final

__all__ = ["FANS", "NAMED", "SPAWNS", "is_session_name", "may_fan_out"]

FANS: Final = frozenset({"gather", "wait", "as_completed"})
"""Functions that let tasks run at once and wait for them."""

SPAWNS: Final = frozenset({"create_task", "start_soon"})
"""Methods of task groups that let one task run beside the others."""

_WORDS: Final = ("gather(", "asyncio.wait(", "as_completed(", "create_task(", "start_soon(")
_WORDS_OF_BYTES: Final = tuple(word.encode() for word in _WORDS)
_NAME: Final = r"\w*(?:[Ss]ess|[Cc]onn)\w*|\w*[Dd][Bb]|tx"
NAMED: Final = rf"[(\[,=\s](?:{_NAME})\s*[,).\]]"
"""Where something with such a name is handed on, be it in a list."""


def is_session_name(name: str) -> bool:
    """Whether a variable has a name as sessions and connections have: `db`, `read_session`.

    What has another name is not asked: to follow every argument costs more than it finds.
    """
    return re.fullmatch(_NAME, name) is not None


def may_fan_out(text: str | bytes) -> bool:
    """Whether a text may let tasks run at once and wait for them."""
    if isinstance(text, bytes):
        return b"async" in text and any(word in text for word in _WORDS_OF_BYTES)
    return any(word in text for word in _WORDS)
