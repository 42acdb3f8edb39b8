"""The cache of one command line: what it can still say, and what it is told for the next one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sessionlint.cache.digests import digest
from sessionlint.cache.entries import Entries
from sessionlint.cache.folder import CacheError, Folder
from sessionlint.cache.gate import Gate
from sessionlint.cache.stamps import Stamps
from sessionlint.cache.whole import recalled, recorded

if TYPE_CHECKING:
    from sessionlint.check import Project
    from sessionlint.facts.own import Known
    from sessionlint.model import Finding

__all__ = ["Cache"]

_FILES = "files-{}.json"
_GATE = "gate-{}.json"

_SENSELESS = (ValueError, TypeError, KeyError, IndexError, AttributeError)
"""What reading JSON of another shape ends in."""


class Cache:
    """What a folder holds for this program as it is; `warn` is told once that it cannot be used.

    `key` is what findings depend on besides files and their settings. `began` is when the run
    began, in seconds: what is changed from then on is not mistaken for what was read.
    """

    def __init__(self, path: Path, key: str, warn: Callable[[str], object], began: float) -> None:
        self._key = key
        self._warn = warn
        self._path = path
        self._folder: Folder | None = None
        self._is_silent = False
        self._opened: dict[str, Entries] = {}
        self._gates: dict[str, Gate] = {}
        try:
            self._folder = Folder(path)
        except CacheError as error:
            self._complain(error)
        self._stamps = Stamps(began, path)

    def _complain(self, error: CacheError) -> None:
        if not self._is_silent:
            self._warn(f"the cache {self._path} {error}")
        self._is_silent = True

    def _read(self, name: str) -> Any:  # Any: JSON
        try:
            return None if self._folder is None else self._folder.read(name)
        except (CacheError, ValueError) as error:
            self._complain(error if isinstance(error, CacheError) else CacheError("is damaged"))
            return None

    def _write(self, name: str, value: object) -> None:
        try:
            if self._folder is not None:
                self._folder.write(name, value)
        except CacheError as error:
            self._complain(error)

    def recalled(self, files: Sequence[str], settings: str) -> dict[str, list[Finding]] | None:
        """All findings by file if the very same was asked before and nothing has changed since."""
        stored = self._read(self._run_name(files, settings))
        try:
            return recalled(stored, files, self._stamps)
        except _SENSELESS:
            self._complain(CacheError("is damaged"))
            return None

    def record(
        self,
        files: Sequence[str],
        settings: str,
        others: Iterable[str],
        found: Mapping[str, Sequence[Finding]],
    ) -> None:
        """Keep all findings of a run; `others` are the paths they rest on besides the files.

        It comes before `save`.
        """
        own = str(self._path)
        watched = (one for one in others if one != own)
        value = recorded(files, watched, found, self._stamps)
        if value is not None:
            self._write(self._run_name(files, settings), value)

    def _run_name(self, files: Sequence[str], settings: str) -> str:
        return f"run-{digest(self._key, settings, chr(10).join(files))}.json"

    def gate(self, project: Project, settings: str) -> Gate | None:
        """What is known of a project as a whole, None where all of its files are looked at."""
        if project.is_full:
            return None
        key = self._key_of(project, settings)
        if key not in self._gates:
            read = partial(self._read, _GATE.format(key))
            self._gates[key] = Gate(project, read, self._stamps)
        return self._gates[key]

    def names_of(self, gate: Gate) -> Known | None:
        """The names of a project as a whole, None if they are not known any more."""
        try:
            return gate.recalled()
        except _SENSELESS:
            self._complain(CacheError("is damaged"))
            return None

    def entries(self, project: Project, settings: str) -> Entries:
        """What is known of single files of a project."""
        key = self._key_of(project, settings)
        if key not in self._opened:
            gate = self.gate(project, settings)
            stored = self._read(_FILES.format(key))
            try:
                self._opened[key] = Entries(project, stored, gate)
            except _SENSELESS:
                self._complain(CacheError("is damaged"))
                self._opened[key] = Entries(project, None, gate)
        return self._opened[key]

    def _key_of(self, project: Project, settings: str) -> str:
        return digest(self._key, settings, str(project.files.root))

    def save(self) -> None:
        """Write what has become known of single files, and of projects as a whole."""
        for key, gate in self._gates.items():
            entries = self._opened.get(key)
            value = gate.stored(entries.digests() if entries else {})
            if value is not None:
                self._write(_GATE.format(key), value)
        for key, entries in self._opened.items():
            if entries.is_changed:
                self._write(_FILES.format(key), entries.stored())
