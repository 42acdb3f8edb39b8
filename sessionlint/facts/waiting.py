"""Whether a project has anything that is waited for: asynchronous sessions and the like."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Final

from sessionlint.facts.files import Files
from sessionlint.facts.glances import Glances
from sessionlint.facts.reads import SEARCH, Reads
from sessionlint.source.cleaning import may_use_threads
from sessionlint.source.gate import is_at_source, may_speak
from sessionlint.source.threads import THREADED

__all__ = ["Waiting", "is_async_source"]

_SOURCE: Final = rb"ext(?:\s*\.\s*|\s+import\b[^\n]*)asyncio\b"
_THREADED: Final = tuple(name.encode() for name in sorted(THREADED))
_DRIVERS: Final = (b"asyncpg", b"aiomysql", b"aiosqlite", b"psycopg")


class Waiting:
    """Answers for one project; all of it is read if a file does not say so itself."""

    def __init__(self, files: Files, reads: Reads, glances: Glances) -> None:
        self._files = files
        self._reads = reads
        self._glances = glances

    @property
    def is_known(self) -> bool:
        """Whether it is settled what all the files say."""
        return "source" in self.__dict__

    def is_possible(self, data: bytes, path: str) -> bool:
        """Whether a file can wait for a resource, or for a thread that uses one."""
        if may_use_threads(data) and any(name in data for name in _THREADED):
            return True
        # One of the files that all were searched for has been searched.
        is_searched = self.is_known and self._files.known(path) is not None
        if not is_searched and may_speak(data) and is_async_source(data):
            return True
        # Noted at every question, for each answer rests on it.
        self._reads.seen |= self._searches
        return self.is_anywhere

    @cached_property
    def _searches(self) -> int:
        """What is to be searched for to know of all files, as a set of facts."""
        return self._reads.noting(self._note)[1]

    def _note(self) -> None:
        self._reads.note(SEARCH, "asyncio", _SOURCE.decode())
        for driver in _DRIVERS:
            self._reads.note(SEARCH, driver.decode(), driver.decode())

    @property
    def is_anywhere(self) -> bool:
        """Whether any file of the project gets something asynchronous from a library."""
        return self.source != ""

    @cached_property
    def source(self) -> str:
        """The path of the first such file, empty if there is none."""
        is_source = self._glances.is_at_source
        sources = (one for one in self._files.speaking if is_source(one[1]))
        return next((path for path, data in sources if is_async_source(data)), "")


def is_async_source(data: bytes) -> bool:
    """Whether a file may get something asynchronous from a library."""
    if not is_at_source(data):
        return False
    if any(driver in data for driver in _DRIVERS):
        return True
    return b"asyncio" in data and re.search(_SOURCE, data) is not None
