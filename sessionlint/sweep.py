"""Many files: from the cache what is in it, and the rest spread over processes."""

from __future__ import annotations

import json
import os
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sessionlint.cache.digests import digest, plain
from sessionlint.cache.entries import Outcome, told
from sessionlint.errors import UnreadableFile
from sessionlint.facts.files import Roots
from sessionlint.facts.producers import PATIENCE
from sessionlint.project import Options, Rules, Run
from sessionlint.workers import may_fork, worked

if TYPE_CHECKING:
    from sessionlint.cache.entries import Entries
    from sessionlint.cache.gate import Gate
    from sessionlint.cache.store import Cache
    from sessionlint.config import Configuration, Settings
    from sessionlint.model import Finding

__all__ = ["Means", "swept"]

WORTH_A_PROCESS = 300_000
"""Bytes of files to parse for which another process saves more than it costs.

Most of such a file is not parsed, and each process reads anew what several files ask of a third.
"""


@dataclass(frozen=True)
class Means:
    """What a sweep may use: so many processes at once, and a cache unless that is None."""

    jobs: int = 1
    cache: Cache | None = None


def swept(
    files: Sequence[str],
    rules: Rules,
    configuration: Configuration,
    options: Options,
    means: Means,
) -> Generator[tuple[str, list[Finding]], None, None]:
    """Every file, given as absolute paths, with its findings, in the order given.

    What comes out is the same whatever the means.

    Raises:
        ConfigError: a pyproject.toml above one of the files is wrong.
    """
    cache = means.cache
    settings = _all_settings(files, configuration, options) if cache else ""
    known = cache.recalled(files, settings) if cache else None
    if known is not None:
        yield from ((path, known.get(path, [])) for path in files)
        return
    patience = PATIENCE if len(files) <= PATIENCE else 0
    sweep = _Sweep(Run(rules, configuration, options, patience), options, cache)
    found = yield from sweep.findings(files, means.jobs)
    if cache is None:
        return
    others = sweep.others()
    if others is not None:
        cache.record(files, settings, others, found)
    cache.save()


def _all_settings(files: Sequence[str], configuration: Configuration, options: Options) -> str:
    """What is configured for the files, and which projects they belong to."""
    roots = Roots(configuration.folders)
    folders = {os.path.dirname(path) for path in files}
    told: dict[int, str] = {}
    rows: list[str] = []
    for folder in sorted(folders):
        settings = configuration.of(folder)
        if id(settings) not in told:
            told[id(settings)] = plain(settings)
        rows.append(f"{folder}\n{roots.of(folder)}\n{told[id(settings)]}")
    return digest(_wishes(options), *rows)


def _wishes(options: Options) -> str:
    """What decides over findings besides the files and their settings.

    Whatever is done with findings later is left out: fixes, and what a baseline knows.
    """
    return plain((options.selection, options.engine, options.honours_noqa))


class _Sweep:
    """One pass over files that are not all as they were."""

    def __init__(self, run: Run, options: Options, cache: Cache | None) -> None:
        self._run = run
        self._options = options
        self._cache = cache
        self._gates: dict[int, Gate | None] = {}
        self._opened: dict[int, Entries] = {}
        self._has_died = False

    def findings(
        self, files: Sequence[str], jobs: int
    ) -> Generator[tuple[str, list[Finding]], None, dict[str, list[Finding]]]:
        """Every file with its findings; what is returned at the end has them all."""
        found: dict[str, list[Finding]] = {}
        known = self._run.unparsed
        if self._cache is not None:
            known = self._remembered if len(files) > PATIENCE else self._looked_up
        for path in files:
            answer = known(path)
            if answer is not None:
                found[path] = answer
        outcomes = self._outcomes([path for path in files if path not in found], jobs)
        for path in files:
            if path not in found:
                outcome = next(outcomes)
                found[path] = outcome.found
                if self._cache is not None:
                    self._entries(path).add(path, outcome)
            yield path, found[path]
        return found

    def _remembered(self, path: str) -> list[Finding] | None:
        """The findings of a file without a parser, by what an earlier run knew if that will do."""
        gate = self._gate(path)
        if gate is not None and gate.passes(path):
            return []
        kept = self._kept(path)
        return self._unparsed(path) if kept is None else kept

    def _looked_up(self, path: str) -> list[Finding] | None:
        """The same for one of a few files: most are of no interest, as the file itself says."""
        found = self._unparsed(path)
        return self._kept(path) if found is None else found

    def _unparsed(self, path: str) -> list[Finding] | None:
        gate = self._gate(path)
        found = self._run.unparsed(path)
        if gate is not None and found == []:
            gate.let_pass(path)
        return found

    def _kept(self, path: str) -> list[Finding] | None:
        if not self._entries(path).has(path):
            return None
        data = self._run.read(path)
        return None if data is None else self._entries(path).found(path, data)

    def _gate(self, path: str) -> Gate | None:
        """What is known of the project of a file as a whole, None where nothing is kept."""
        assert self._cache is not None
        settings, project = self._run.place(path)
        if id(project) not in self._gates:
            self._gates[id(project)] = self._cache.gate(project, self._told(settings))
        return self._gates[id(project)]

    def _entries(self, path: str) -> Entries:
        assert self._cache is not None
        settings, project = self._run.place(path)
        if id(project) not in self._opened:
            self._opened[id(project)] = self._cache.entries(project, self._told(settings))
        return self._opened[id(project)]

    def _told(self, settings: Settings) -> str:
        return digest(plain(settings), _wishes(self._options))

    def _outcomes(self, paths: Sequence[str], jobs: int) -> Iterator[Outcome]:
        """What comes out of parsing files, in their order."""
        sizes = [_size(path) for path in paths]
        jobs = min(jobs, len(paths), 1 + sum(sizes) // WORTH_A_PROCESS)
        if not may_fork() or (jobs < 2 and not any(map(self._is_feared, paths))):
            yield from map(self._outcome, paths)
            return
        self._prepare(paths)
        ready: dict[int, Outcome] = {}
        results = worked(lambda index: self._packed(paths[index]), sizes, jobs)
        for index in range(len(paths)):
            while index not in ready:
                done, result = next(results)
                ready[done] = self._died(paths[done]) if result is None else _unpacked(result)
            yield ready.pop(index)

    def _prepare(self, paths: Sequence[str]) -> None:
        """Load and read what every process needs, once for all of them."""
        for path in paths:
            _, project = self._run.place(path)
            if project.is_full:
                _ = project.files.speaking
            elif not project.is_sparing:
                _ = project.producers.names
            _ = project.evaluator
        self._run.rules_of(Path(paths[0]))

    def _outcome(self, path: str) -> Outcome:
        _, project = self._run.place(path)
        reads = project.places.reads
        reads.seen = 0
        found, data = self._run.parsed(Path(path))
        if self._cache is None or data is None or project.is_sparing:
            # Without the names more is followed, which others who know them need not find.
            return Outcome(found, "", None)
        facts = reads.facts(reads.seen)
        return Outcome(found, digest(data), told(facts, self._entries(path).answers))

    def _packed(self, path: str) -> bytes:
        return json.dumps(self._outcome(path).row()).encode()

    def _is_feared(self, path: str) -> bool:
        """Whether a file is known to take the process with it, alone as it may be this time."""
        return self._cache is not None and self._entries(path).is_feared(path)

    def _died(self, path: str) -> Outcome:
        self._has_died = True
        if self._cache is not None:
            self._entries(path).fear(path)
        error = UnreadableFile("the checker died on this file")
        return Outcome(self._run.unreadable(Path(path), error), "", None)

    def others(self) -> set[str] | None:
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
        return None if self._has_died else paths


def _up_to(root: str, folder: str) -> Iterator[str]:
    """A folder and those above it as far as a root reaches; the folder alone if it lies outside."""
    yield folder
    inside = root.rstrip(os.sep) + os.sep
    while folder.startswith(inside) and folder != root:
        folder = os.path.dirname(folder)
        yield folder


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _unpacked(result: bytes) -> Outcome:
    return Outcome.of_row(*json.loads(result))
