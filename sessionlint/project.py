"""Paths to findings: each file with its settings, in the project it belongs to."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sessionlint.config import Configuration, Selection, Settings, enabled
from sessionlint.discover import python_files
from sessionlint.errors import UnreadableFile
from sessionlint.model import Finding, Severity, Span

if TYPE_CHECKING:
    from sessionlint.check import Project
    from sessionlint.rule import Rule

__all__ = ["Options", "bytes_of", "check_files", "check_paths", "rule_names"]

UNREADABLE = ("SES999", "unreadable-file")
"""Code and name of the finding that says a file was not checked."""


@dataclass(frozen=True)
class Options:
    """How to check, whatever the files are.

    `selection` applies on top of each file's settings. `unsaved` holds contents that count
    instead of those on disk, by absolute path.
    """

    selection: Selection = Selection()
    engine: str = "fast"
    unsaved: Mapping[Path, bytes] = field(default_factory=dict[Path, bytes])


def check_paths(
    paths: Iterable[Path], rules: Sequence[Rule], options: Options | None = None
) -> Iterator[tuple[Path, list[Finding]]]:
    """Every file below the paths with its findings, in path order.

    Paths come out absolute; findings are sorted by place. A file that cannot be checked has one
    finding of severity ERROR that says why, and the others go on.

    Raises:
        UsageError: a path does not exist.
        ConfigError: a pyproject.toml above one of the files is wrong.
    """
    configuration = Configuration(rule_names(rules))
    files = python_files(paths, configuration)
    yield from check_files(files, rules, configuration, options or Options())


def check_files(
    files: Iterable[Path], rules: Sequence[Rule], configuration: Configuration, options: Options
) -> Iterator[tuple[Path, list[Finding]]]:
    """The same for files that are already found, given as absolute paths.

    Raises:
        ConfigError: a pyproject.toml above one of the files is wrong.
    """
    run = _Run(rules, configuration, options)
    for path in files:
        yield path, run.findings(path)


def rule_names(rules: Iterable[Rule]) -> dict[str, str]:
    """What each rule is called, by its code; files that cannot be checked have one, too."""
    code, name = UNREADABLE
    return {rule.code: rule.name for rule in rules} | {code: name}


def bytes_of(path: Path) -> bytes:
    """What a file holds.

    Raises:
        UnreadableFile: it cannot be read, or reading it might never end.
    """
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            raise UnreadableFile("cannot be read: a folder that cannot be listed")
        if not stat.S_ISREG(mode):
            raise UnreadableFile("cannot be read: not a regular file")
        return path.read_bytes()
    except OSError as error:
        raise UnreadableFile(f"cannot be read: {error.strerror}") from error


class _Run:
    """One pass over files: what is known of their settings and projects so far."""

    def __init__(
        self, rules: Sequence[Rule], configuration: Configuration, options: Options
    ) -> None:
        self._rules = rules
        self._configuration = configuration
        self._options = options
        self._roots: dict[Path, Path] = {}
        self._projects: dict[tuple[Settings, Path], Project] = {}
        self._codes: dict[tuple[Settings, tuple[str, ...]], frozenset[str]] = {}

    def findings(self, path: Path) -> list[Finding]:
        settings = self._configuration.of(path.parent)
        ignored = settings.ignored(path)
        try:
            return self._checked(path, settings, ignored)
        except UnreadableFile as error:
            finding = _unreadable(error)
        except RecursionError:
            finding = _unreadable(UnreadableFile("nested too deep to check"))
        # Not being checked is silent only where somebody asked for exactly that.
        silent = (*ignored, *settings.selection.ignore, *self._options.selection.ignore)
        return [] if finding.code in silent else [finding]

    def _checked(self, path: Path, settings: Settings, ignored: tuple[str, ...]) -> list[Finding]:
        from sessionlint.check import check_source

        codes = self._enabled(settings, ignored)
        rules = [rule for rule in self._rules if rule.code in codes]
        return check_source(self._bytes_of(path), path, rules, self._project(path, settings))

    def _enabled(self, settings: Settings, ignored: tuple[str, ...]) -> frozenset[str]:
        key = settings, ignored
        if key not in self._codes:
            of_file = Selection(ignore=ignored)
            selections = (settings.selection, self._options.selection, of_file)
            self._codes[key] = enabled((rule.code for rule in self._rules), selections)
        return self._codes[key]

    def _project(self, path: Path, settings: Settings) -> Project:
        from sessionlint.check import Project
        from sessionlint.facts.files import project_root

        if path.parent not in self._roots:
            self._roots[path.parent] = project_root(path)
        root = self._roots[path.parent]
        key = settings, root
        if key not in self._projects:
            self._projects[key] = Project.open(
                root, self._read, settings.names, settings.src, self._options.engine
            )
        return self._projects[key]

    def _bytes_of(self, path: Path) -> bytes:
        unsaved = self._options.unsaved.get(path)
        return bytes_of(path) if unsaved is None else unsaved

    def _read(self, path: Path) -> bytes | None:
        try:
            return self._bytes_of(path)
        except UnreadableFile:
            # Reported where it is checked; here it only says nothing.
            return None


def _unreadable(error: UnreadableFile) -> Finding:
    line, column = max(error.line, 1), max(error.column - 1, 0)
    code, name = UNREADABLE
    span = Span(line, column, line, column)
    return Finding(code, name, Severity.ERROR, error.reason, span)
