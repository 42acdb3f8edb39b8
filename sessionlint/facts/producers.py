"""The names through which a project acquires, found on the bytes of its files."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sessionlint.facts.aside import is_aside
from sessionlint.facts.files import Files
from sessionlint.facts.glances import Glances, is_any_by_hand
from sessionlint.facts.names import Names
from sessionlint.facts.neighbours import Neighbours
from sessionlint.facts.own import Found, Known, Memory
from sessionlint.facts.places import Places
from sessionlint.facts.reads import GETS, NAMES
from sessionlint.facts.spreading import spread
from sessionlint.facts.waiting import Waiting
from sessionlint.source.afterwards import may_outlive
from sessionlint.source.background import may_let_go
from sessionlint.source.cleaning import may_cut_off
from sessionlint.source.custom import is_customary
from sessionlint.source.driving import is_worth_asking, may_drive
from sessionlint.source.fanning import may_fan_out
from sessionlint.source.gate import CATALOGUE, OF_POOLS, is_telling
from sessionlint.source.properties import openers

__all__ = ["PATIENCE", "Producers"]

PATIENCE: Final = 8
"""How many files are looked at closely before all of their project is read."""


class Producers:
    """Which files of a project may acquire something.

    The project's names narrow that down, but all of its files are read for them. In a large project
    that is put off for as many files as there is `patience`.
    """

    def __init__(
        self, files: Files, names: Names, places: Places, patience: int = PATIENCE
    ) -> None:
        self._files = files
        self._reads = places.reads
        self._glances = Glances()
        self._neighbours = Neighbours(files, places)
        self._waiting = Waiting(files, places.reads, self._glances)
        self._patience = patience
        configured = names.factories | names.managers
        self._configured = frozenset(name.rpartition(".")[2].encode() for name in configured)
        self._found: Found | None = None
        self._getting: dict[Path, bool] = {}
        self._cleaning: set[str] = set()
        self._lonely: set[str] = set()
        self._giving: frozenset[str] = frozenset()
        self._memory: Memory | None = None

    def ask_first(self, memory: Memory) -> None:
        """Let somebody be asked for the names before all files of the project are read for them."""
        self._memory = memory

    def recalls(self) -> bool:
        """Whether the names are known, be it that somebody remembers them."""
        if self._found is None and self._memory is not None:
            memory, self._memory = self._memory, None
            known = memory()
            if known is not None:
                self._found = Found.of(known.own)
                self._giving = known.givers
                self._waiting.source = known.waiting
        return self._found is not None

    def known(self) -> Known | None:
        """What there is to remember, None when nobody has asked for the names."""
        if self._found is None:
            return None
        return Known(self._found.own, self._giving, self._waiting.source)

    def is_candidate(self, data: bytes, path: str) -> bool:
        """Whether a file may acquire something, or clean up; when in doubt, it may."""
        self._cleaning.discard(path)
        # Of a project without databases, most files that speak at all do not speak of sessions.
        has_sessions = self._glances.has_sessions(data)
        is_acquiring = (
            ((has_sessions or is_worth_asking(data)) and may_drive(data))
            or (not self._is_only_waiting(path) and self._may_acquire(data, path))
            or (has_sessions and may_outlive(data))
            or may_let_go(data)
            or self._may_open(data)
        )
        if not is_acquiring and self._may_clean(data, path):
            self._cleaning.add(path)
        self._glances.forget(data)
        return is_acquiring or path in self._cleaning

    def is_only_cleaning(self, path: str) -> bool:
        """Whether a candidate acquires nothing, so that only its clean-up is worth a look."""
        if path not in self._cleaning:
            return False
        # What it may get, and by which names, may be otherwise next time.
        self._reads.note(GETS, path)
        self._reads.note(NAMES)
        return True

    def _may_clean(self, data: bytes, path: str) -> bool:
        # All have to say yes; which is asked first is a matter of cost alone.
        if self._waiting.is_known and not self._waiting.is_possible(data, path):
            return False
        is_worth = may_cut_off(data) or may_fan_out(data)
        return is_worth and self.may_wait(data, path)

    def may_wait(self, data: bytes, path: str) -> bool:
        """Whether a file of the program can wait for anything that holds a connection."""
        return not is_aside(Path(path), self._files.root) and self._waiting.is_possible(data, path)

    def _may_acquire(self, data: bytes, path: str) -> bool:
        if any(name in data for name in self._configured):
            return True
        if b"\r" in data:
            data = b"\n".join(data.splitlines())
        if is_any_by_hand(data, self._glances.acquiring(data)):
            return True
        if self._found is None and self._patience:
            if not self._neighbours.may_leave(data, Path(path)):
                self._lonely.add(path)
                return False
            if not self.recalls():
                self._patience -= 1
                return self._files.is_large or self._is_calling_own(data)
        # Both have to say yes; which is asked first is a matter of cost alone.
        if not self._is_calling_own(data):
            return False
        if not self._neighbours.may_give(data, Path(path)):
            self._lonely.add(path)
            return False
        return True

    def rests_on_neighbours(self, path: str) -> bool:
        """Whether a file is no candidate only because of what its neighbours hold."""
        return path in self._lonely

    def _may_open(self, data: bytes) -> bool:
        """Whether a property of a file may open something each time it is read."""
        known = None if self._found is None else CATALOGUE | self._found.own.all
        called = openers(data)
        return any(known is None or one.encode() in known or is_customary(one) for one in called)

    def _is_calling_own(self, data: bytes) -> bool:
        """Whether a file calls by hand what has the name of something the project gives."""
        found = self._names
        if not found.has_any(data):
            return False
        names = self._glances.called(data) & found.own.shared
        if is_any_by_hand(data, names):
            return True
        others = self._glances.aliases(data, found.own.shared)
        return is_any_by_hand(data, others)

    def is_silent(self, path: str) -> bool:
        """Whether a file is already known to acquire nothing and to be readable."""
        return self._has_spoken_names and self._is_quiet(path)

    def is_without_names(self, data: bytes, path: str) -> bool:
        """The same of a file whose bytes have to be looked at for names that do not speak."""
        if self._found is None or not self._is_quiet(path):
            return False
        return not any(part in data for part in (*self._found.unspoken, OF_POOLS))

    def _is_quiet(self, path: str) -> bool:
        """Whether a file is known to be readable, not to speak, and to wait for nothing of ours."""
        if self._files.is_waiting(path):
            return not self._waiting.is_anywhere
        return self._files.is_silent(path)

    def _is_only_waiting(self, path: str) -> bool:
        """Whether a file is known to acquire nothing, and to be readable, but waits."""
        return self._has_spoken_names and self._files.is_waiting(path)

    @property
    def _has_spoken_names(self) -> bool:
        """Whether a file that does not speak has none of the project's names."""
        return self._found is not None and not self._found.unspoken

    def is_calling(self, name: str, home: Path, *, is_attribute: bool) -> bool:
        """Whether calling something of that name in a file may acquire, or give what acquires."""
        if name.encode() in CATALOGUE or is_customary(name):
            return True
        return self.is_own(name, home, is_attribute=is_attribute)

    def is_own(self, name: str, home: Path, *, is_attribute: bool) -> bool:
        """Whether something of the project that a file knows by that name may acquire."""
        if name.encode() in self._configured:
            return True
        if is_attribute and not is_telling(b".", name.encode()):
            return False
        is_open = self._found is None
        if is_open and (self.is_sparing or not self.may_get(home)):
            return self.may_get(home)
        return name.encode() in self.all_names and self.may_get(home)

    @property
    def is_sparing(self) -> bool:
        """Whether the project's names are not known, and not worth reading all of it."""
        return self._patience > 0 and not self.recalls() and self._files.is_large

    def may_get(self, home: Path) -> bool:
        """Whether a file may get from its neighbours anything to acquire."""
        self._reads.note(GETS, str(home))
        if home not in self._getting:
            data = self._files.read(home)
            with self._reads.unseen():
                self._getting[home] = data is None or self._neighbours.may_give(data, home)
        return self._getting[home]

    def look_again(self) -> None:
        """Forget what single files were told: one of them has changed."""
        self._neighbours = self._neighbours.anew()
        self._glances = Glances()
        self._waiting = Waiting(self._files, self._reads, self._glances)
        self._getting.clear()

    def is_news(self, old: bytes, new: bytes) -> bool:
        """Whether a file that changes gives the project a name to acquire through."""
        return self._found is not None and self._found.own.is_news(old, new)

    @property
    def names(self) -> frozenset[bytes]:
        """The project's own names that, when called, may give something to release."""
        return self._names.own.shared

    @property
    def all_names(self) -> frozenset[bytes]:
        """The same with those that one file alone can call, and methods of any name."""
        self._reads.note(NAMES)
        return self._names.own.all

    @property
    def _names(self) -> Found:
        if self._found is None and not self.recalls():
            self._found, self._giving = spread(self._files, self._glances, self._configured)
        assert self._found is not None
        return self._found
