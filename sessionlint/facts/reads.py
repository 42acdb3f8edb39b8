"""What an answer rests on: the modules, places and names that were asked for to work it out.

Whoever keeps answers for another run asks the same again there. A fact is a kind and what it is
about; the same facts have the same answers as long as nothing that is told here has changed.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = [
    "BELOW",
    "ELSEWHERE",
    "GETS",
    "LOCKED",
    "MODULE",
    "NAMES",
    "OLDER",
    "OTHERS",
    "PLACE",
    "SEARCH",
    "TESTED",
    "Fact",
    "Reads",
]

Fact = tuple[str, ...]
"""A kind and what it is about, all as text."""

MODULE = "module"
"""What a file holds and what its module is called: (kind, path)."""

PLACE = "place"
"""Which file an import loads: (kind, dotted name, folder of the importing file)."""

OTHERS = "others"
"""Which other files an import may load: (kind, dotted name, folder of the importing file)."""

BELOW = "below"
"""Which file a relative import loads: (kind, folder, dotted name)."""

GETS = "gets"
"""Whether a file may get anything to acquire from the modules it imports: (kind, path)."""

LOCKED = "locked"
"""Which version of a package is locked for a folder: (kind, folder, package)."""

OLDER = "older"
"""Whether a folder may run on a SQLAlchemy older than a release: (kind, folder, *numbers)."""

NAMES = "names"
"""The names through which the project acquires: (kind,)."""

SEARCH = "search"
"""Which files of the project have a word and match a pattern: (kind, word, pattern)."""

ELSEWHERE = "elsewhere"
"""Which files that do not speak have a word and match a pattern: (kind, word, pattern)."""

TESTED = "tested"
"""Which tests that replace something have a word and match a pattern: (kind, word, pattern)."""

_Answer = TypeVar("_Answer")
_Key = TypeVar("_Key")


class Reads:
    """Notes facts; a set of them is a number with one bit each, so that sets are joined fast.

    `seen` are those noted since it was last set to 0.
    """

    def __init__(self) -> None:
        self._facts: list[Fact] = []
        self._bits: dict[Fact, int] = {}
        self.seen = 0

    def note(self, *fact: str) -> None:
        """Count a fact among those that were seen."""
        bit = self._bits.get(fact)
        if bit is None:
            bit = self._bits[fact] = 1 << len(self._facts)
            self._facts.append(fact)
        self.seen |= bit

    def noting(self, work: Callable[[], _Answer]) -> tuple[_Answer, int]:
        """What some work gives, and what was seen for it, which counts as seen."""
        before, self.seen = self.seen, 0
        try:
            answer = work()
        finally:
            seen, self.seen = self.seen, self.seen | before
        return answer, seen

    def once(
        self, known: dict[_Key, tuple[_Answer, int]], key: _Key, work: Callable[[], _Answer]
    ) -> _Answer:
        """What some work gives, done once for each key; what it saw counts as seen each time."""
        if key not in known:
            known[key] = self.noting(work)
        answer, seen = known[key]
        self.seen |= seen
        return answer

    @contextmanager
    def unseen(self) -> Generator[None, None, None]:
        """Count nothing of what is asked inside."""
        before = self.seen
        try:
            yield
        finally:
            self.seen = before

    def facts(self, seen: int) -> list[Fact]:
        """The facts of a set, in the order they were first noted."""
        found: list[Fact] = []
        while seen:
            lowest = seen & -seen
            found.append(self._facts[lowest.bit_length() - 1])
            seen ^= lowest
        return found
