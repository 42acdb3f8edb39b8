"""The files that an editor holds open, and what is found in them as they stand there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from sessionlint.config import Configuration
from sessionlint.discover import Exclusions
from sessionlint.errors import UnreadableFile
from sessionlint.fix import Fixed, fix_source
from sessionlint.model import Finding
from sessionlint.project import Options, Run, rule_names
from sessionlint.rule import Rule
from sessionlint.source.text import decoded, written

__all__ = ["Documents"]


class Documents:
    """Open files by their absolute paths; what else is asked is read from disk and kept."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._texts: dict[Path, bytes] = {}
        self._options = Options(unsaved=self._texts, has_unsafe_fixes=True)
        self.start_over()

    def __iter__(self) -> Iterator[Path]:
        return iter(tuple(self._texts))

    def __contains__(self, path: Path) -> bool:
        return path in self._texts

    def start_over(self) -> None:
        """Read settings and all other files anew when they are next asked for."""
        self._configuration = Configuration(lambda: rule_names(self._rules))
        self._exclusions = Exclusions(self._configuration)
        self._run = self._new_run()
        # Fixing reads a file in another way and leaves it fixed, so it has a run of its own.
        self._fixing = self._new_run()
        self._fixed: dict[tuple[Path, object], Fixed | None] = {}

    def put(self, path: Path, text: str) -> None:
        """Let a file hold a text that is not saved yet."""
        self._texts[path] = written(text)
        for run in (self._run, self._fixing):
            run.replace(path, self._texts[path])
        self._fixed.clear()

    def drop(self, path: Path) -> None:
        """Let a file hold again what is on disk."""
        self._texts.pop(path, None)
        self.start_over()

    def text(self, path: Path) -> str:
        """What a file holds, empty if it cannot be read."""
        data = self._run.read(path)
        try:
            return "" if data is None else decoded(data)
        except UnreadableFile:
            # Reported where it is checked; here it only has no lines to point at.
            return ""

    def findings(self, path: Path) -> list[Finding]:
        """What is found in a file, as for the command line; nothing in an excluded one.

        Raises:
            ConfigError: a pyproject.toml above the file is wrong.
        """
        return [] if self._exclusions.takes(str(path)) else self._run.findings(path)

    def fixed(
        self, path: Path, wanted: Callable[[Finding], bool], name: object = None
    ) -> Fixed | None:
        """An open file with its wanted findings fixed where they can be; None if it is unreadable.

        What comes is kept under `name` until a text changes.

        Raises:
            ConfigError: a pyproject.toml above the file is wrong.
        """
        if self._exclusions.takes(str(path)):
            return None
        key = path, name
        if key not in self._fixed:
            self._fixed[key] = self._repaired(path, wanted)
        return self._fixed[key]

    def _repaired(self, path: Path, wanted: Callable[[Finding], bool]) -> Fixed | None:
        run = self._fixing
        settings, project = run.place(path)
        data = self._texts[path]
        try:
            return fix_source(
                data,
                path,
                run.rules_of(path),
                project,
                lambda one: wanted(one) and run.may_fix(path, one, settings),
            )
        except (UnreadableFile, RecursionError):
            return None
        finally:
            run.replace(path, data)

    def _new_run(self) -> Run:
        return Run(lambda: self._rules, self._configuration, self._options)
