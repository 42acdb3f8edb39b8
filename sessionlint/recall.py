"""What earlier runs found, for a sweep that may use it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from sessionlint.cache.digests import digest, plain
from sessionlint.cache.entries import told
from sessionlint.cache.outcome import Outcome

if TYPE_CHECKING:
    from sessionlint.cache.entries import Entries
    from sessionlint.cache.gate import Gate
    from sessionlint.cache.store import Cache
    from sessionlint.config import Settings
    from sessionlint.facts.own import Known
    from sessionlint.model import Finding
    from sessionlint.project import Options, Run

__all__ = ["Recall"]


class Recall:
    """What a cache says of the files of one run, and what it is told of them."""

    def __init__(self, run: Run, options: Options, cache: Cache) -> None:
        self._run = run
        # What is done with findings later is left out: fixes, and what a baseline knows.
        self._wishes = plain((options.selection, options.engine, options.honours_noqa))
        self._cache = cache
        self._gates: dict[int, Gate | None] = {}
        self._opened: dict[int, Entries] = {}
        self._settings = ""

    def all_of(self, files: Sequence[str]) -> dict[str, list[Finding]] | None:
        """All findings by file if the same files were asked about and nothing has changed."""
        self._settings = self._all_settings(files)
        return self._cache.recalled(files, self._settings)

    def _all_settings(self, files: Sequence[str]) -> str:
        """What is configured for the files, and which projects they belong to."""
        texts: dict[int, str] = {}
        rows: list[str] = []
        for folder, path in sorted({os.path.dirname(path): path for path in files}.items()):
            settings, project = self._run.place(path)
            if id(settings) not in texts:
                texts[id(settings)] = plain(settings)
            rows.append(f"{folder}\n{project.files.root}\n{texts[id(settings)]}")
        return digest(self._wishes, *rows)

    def names_of(self, path: str) -> Known | None:
        """The names of the project of a file, None if they are not known any more."""
        gate = self._gate(path)
        return None if gate is None else self._cache.names_of(gate)

    def unparsed(self, path: str) -> list[Finding] | None:
        """The findings of a file without a parser, by what was known before if that will do."""
        gate = self._gate(path)
        if gate is not None and gate.passes(path):
            return []
        kept = self.kept(path)
        if kept is not None:
            return kept
        found = self._run.unparsed(path)
        if found == []:
            self.let_pass(path)
        return found

    def let_pass(self, path: str) -> None:
        """Remember that nothing is found in a file, as its bytes show."""
        gate = self._gate(path)
        if gate is not None:
            gate.let_pass(path)

    def kept(self, path: str) -> list[Finding] | None:
        """What was found in a file, None if that is not known or may have changed."""
        entries = self._entries(path)
        data = self._run.read(path) if entries.has(path) else None
        return None if data is None else entries.found(path, data)

    def _gate(self, path: str) -> Gate | None:
        """What is known of the project of a file as a whole, None where nothing is kept."""
        settings, project = self._run.place(path)
        if id(project) not in self._gates:
            self._gates[id(project)] = self._cache.gate(project, self._told(settings))
        return self._gates[id(project)]

    def _entries(self, path: str) -> Entries:
        settings, project = self._run.place(path)
        if id(project) not in self._opened:
            self._opened[id(project)] = self._cache.entries(project, self._told(settings))
        return self._opened[id(project)]

    def _told(self, settings: Settings) -> str:
        return digest(plain(settings), self._wishes)

    def outcome(self, path: str, found: list[Finding], data: bytes, seen: int) -> Outcome:
        """What came out of a file that was parsed, with the answers to what was `seen` for it."""
        _, project = self._run.place(path)
        facts = project.places.reads.facts(seen)
        return Outcome(found, digest(data), told(facts, self._entries(path).answers))

    def add(self, path: str, outcome: Outcome) -> None:
        """Keep what came out of a file."""
        self._entries(path).add(path, outcome)

    def fear(self, path: str) -> None:
        """Remember that a process died over a file."""
        self._entries(path).fear(path)

    def is_feared(self, path: str) -> bool:
        """Whether a file is known to take the process with it."""
        return self._entries(path).is_feared(path)

    def record(
        self, files: Sequence[str], found: Mapping[str, Sequence[Finding]], *, has_died: bool
    ) -> None:
        """Keep the run as a whole, unless a process died in it, and all that became known."""
        others = None if has_died else self._others()
        if others is not None:
            self._cache.record(files, self._settings, others, found)
        self._cache.save()

    def _others(self) -> set[str] | None:
        """Every path that findings may rest on, None where that is not known."""
        paths: set[str] = set()
        listings: dict[int, list[str] | None] = {}
        for folder, settings, project in self._run.places():
            root = project.files.root
            if id(project) not in listings:
                listings[id(project)] = project.files.listed()
                paths.update(listings[id(project)] or ())
            is_inside = all(one.is_relative_to(root) for one in settings.src)
            if listings[id(project)] is None or not is_inside:
                return None
            # A folder that is checked need not be one whose modules can be imported.
            paths.update((*_up_to(str(root), folder), *project.files.locks.paths(folder)))
        return paths


def _up_to(root: str, folder: str) -> Iterator[str]:
    """A folder and those above it as far as a root reaches; the folder alone if it lies outside."""
    yield folder
    inside = root.rstrip(os.sep) + os.sep
    while folder.startswith(inside) and folder != root:
        folder = os.path.dirname(folder)
        yield folder
