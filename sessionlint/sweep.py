"""Many files: from the cache what is in it, and the rest spread over processes."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from sessionlint.cache.outcome import Outcome
from sessionlint.errors import SessionlintError, UnreadableFile
from sessionlint.facts.producers import PATIENCE
from sessionlint.project import Options, Rules, Run

if TYPE_CHECKING:
    from sessionlint.cache.store import Cache
    from sessionlint.config import Configuration
    from sessionlint.facts.own import Known
    from sessionlint.model import Finding
    from sessionlint.recall import Recall

__all__ = ["Means", "swept"]

_T = TypeVar("_T")

WORTH_A_PROCESS = 300_000
"""Bytes of files to parse for which another process saves more than it costs.

Most of such a file is not parsed, and each process reads anew what several files ask of a third.
"""


class Means(NamedTuple):
    """What a sweep may use: so many processes at once, and what `cache` opens, if anything.

    With 0 `jobs` there are as many as cores. The cache is opened when it is needed: to look at a
    few files that turn out to be of no interest takes less time than that.
    """

    jobs: int = 1
    cache: Callable[[], Cache | None] | None = None


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
    is_few = len(files) <= PATIENCE
    run = Run(rules, configuration, options, PATIENCE if is_few else 0)
    sweep = _Sweep(run, options, means)
    glanced = sweep.glanced(files) if is_few else {}
    if is_few and all(found == [] for found in glanced.values()):
        yield from ((path, []) for path in files)
        return
    recall = sweep.recall
    known = None if recall is None else recall.all_of(files)
    if known is not None:
        yield from ((path, known.get(path, [])) for path in files)
        return
    found = yield from sweep.findings(files, glanced)
    if recall is not None:
        recall.record(files, found, has_died=sweep.has_died)


class _Sweep:
    """One pass over files that are not all as they were."""

    def __init__(self, run: Run, options: Options, means: Means) -> None:
        self._run = run
        self._options = options
        self._means = means
        self.has_died = False

    @cached_property
    def recall(self) -> Recall | None:
        """What earlier runs found, None without a cache."""
        cache = None if self._means.cache is None else self._means.cache()
        if cache is None:
            return None
        from sessionlint.recall import Recall

        return Recall(self._run, self._options, cache)

    def glanced(self, files: Sequence[str]) -> dict[str, list[Finding] | None]:
        """Each of a few files with its findings, as far as they are found without a parser."""
        self._let_ask(files)
        return {path: self._survived(path, self._run.unparsed) for path in files}

    def _let_ask(self, files: Sequence[str]) -> None:
        """Let the project of each file ask what its names were before it reads all files."""
        for path in files if self._means.cache is not None else ():
            _, project = self._run.place(path)
            if not project.is_full:
                project.producers.ask_first(partial(self._names_of, path))

    def _names_of(self, path: str) -> Known | None:
        return None if self.recall is None else self.recall.names_of(path)

    def findings(
        self, files: Sequence[str], glanced: dict[str, list[Finding] | None]
    ) -> Generator[tuple[str, list[Finding]], None, dict[str, list[Finding]]]:
        """Every file with its findings; what is returned at the end has them all."""
        found: dict[str, list[Finding]] = {}
        if not glanced:
            self._let_ask(files)
        for path in files:
            answer = self._known(path, glanced)
            if answer is not None:
                found[path] = answer
        outcomes = self._outcomes([path for path in files if path not in found])
        for path in files:
            if path not in found:
                outcome = next(outcomes)
                found[path] = outcome.found
                if self.recall is not None:
                    self.recall.add(path, outcome)
            yield path, found[path]
        return found

    def _known(self, path: str, glanced: dict[str, list[Finding] | None]) -> list[Finding] | None:
        """The findings of a file without a parser, be it that they were found before."""
        if path not in glanced:
            asked = self._run if self.recall is None else self.recall
            return self._survived(path, asked.unparsed)
        found = glanced[path]
        if self.recall is None:
            return found
        if found == []:
            self.recall.let_pass(path)
        return self.recall.kept(path) if found is None else found

    def _outcomes(self, paths: Sequence[str]) -> Iterator[Outcome]:
        """What comes out of parsing files, in their order."""
        if not paths:
            return
        # Its signals are not worth loading where nothing is parsed.
        from sessionlint.workers import cores, may_fork, worked

        sizes = [_size(path) for path in paths]
        jobs = min(self._means.jobs or cores(), len(paths), 1 + sum(sizes) // WORTH_A_PROCESS)
        if not may_fork() or (jobs < 2 and not any(map(self._is_feared, paths))):
            for path in paths:
                yield self._survived(path, self._outcome) or self._died(path)
            return
        self._prepare(paths)
        ready: dict[int, Outcome] = {}
        results = worked(lambda index: self._packed(paths[index]), sizes, jobs)
        for index in range(len(paths)):
            while index not in ready:
                done, result = next(results)
                ready[done] = Outcome.unpacked(result) if result else self._died(paths[done])
            yield ready.pop(index)

    def _prepare(self, paths: Sequence[str]) -> None:
        """Load and read what every process needs, once for all of them."""
        from importlib import import_module

        import_module("sessionlint.flow.scope")
        for path in paths:
            _, project = self._run.place(path)
            if project.is_full:
                _ = project.files.speaking
            elif not project.is_sparing:
                _ = project.producers.names
            _ = project.evaluator
        self._run.rules_of(Path(paths[0]))

    def _outcome(self, path: str) -> Outcome:
        _forget_texts()
        _, project = self._run.place(path)
        reads = project.places.reads
        reads.seen = 0
        found, data = self._run.parsed(Path(path))
        if self.recall is None or data is None or project.is_sparing:
            # Without the names more is followed, which others who know them need not find.
            return Outcome(found, "", None)
        return self.recall.outcome(path, found, data, reads.seen)

    def _survived(self, path: str, asked: Callable[[str], _T | None]) -> _T | None:
        """What is said of a file in this process, None where a bug hinders that.

        It costs one file here, too, as in a process of its own.
        """
        try:
            return asked(path)
        except SessionlintError:
            raise
        except Exception:  # noqa: BLE001 - whatever it is, the other files are worth a check
            from traceback import print_exc

            print_exc()
            self.has_died = True
            return None

    def _packed(self, path: str) -> bytes:
        return self._outcome(path).packed()

    def _is_feared(self, path: str) -> bool:
        """Whether a file is known to take the process with it, alone as it may be this time."""
        return self.recall is not None and self.recall.is_feared(path)

    def _died(self, path: str) -> Outcome:
        self.has_died = True
        if self.recall is not None:
            self.recall.fear(path)
        error = UnreadableFile("the checker died on this file")
        return Outcome(self._run.unreadable(Path(path), error), "", None)


def _forget_texts() -> None:
    """Let go of what the gate keeps, once it is through, and of what the last file left there."""
    from sessionlint.source.gate import called_name
    from sessionlint.source.logical import logical

    called_name.cache_clear()
    logical.cache_clear()


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0
