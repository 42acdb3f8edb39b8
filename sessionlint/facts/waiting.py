"""Whether a project has anything that is waited for: asynchronous sessions and the like."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Final

from sessionlint.facts.catalog import THREADED
from sessionlint.facts.files import Files
from sessionlint.facts.reads import SEARCH, Reads

__all__ = ["Waiting"]

_SOURCE: Final = re.compile(rb"ext(?:\s*\.\s*|\s+import\b[^\n]*)asyncio\b")
_THREADED: Final = tuple(name.encode() for name in sorted(THREADED))
_DRIVERS: Final = (b"asyncpg", b"aiomysql", b"aiosqlite", b"psycopg")


class Waiting:
    """Answers for one project; all of it is read if a file does not say so itself."""

    def __init__(self, files: Files, reads: Reads) -> None:
        self._files = files
        self._reads = reads

    def is_possible(self, data: bytes) -> bool:
        """Whether a file can wait for a resource, or for a thread that uses one."""
        if any(name in data for name in _THREADED) or _is_source(data):
            return True
        # Noted at every question, for each answer rests on it.
        self._reads.note(SEARCH, "asyncio", _SOURCE.pattern.decode())
        for driver in _DRIVERS:
            self._reads.note(SEARCH, driver.decode(), driver.decode())
        return self._is_anywhere

    @cached_property
    def _is_anywhere(self) -> bool:
        return any(_is_source(data) for _, data in self._files.speaking)


def _is_source(data: bytes) -> bool:
    """Whether a file may get something asynchronous from a library."""
    if any(driver in data for driver in _DRIVERS):
        return True
    return b"asyncio" in data and _SOURCE.search(data) is not None
