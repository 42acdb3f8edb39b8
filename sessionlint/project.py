"""Paths to findings: each file with its settings, in the project it belongs to."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sessionlint.check import Project, is_worth_parsing, parsed, unparsed
from sessionlint.config import Configuration, Selection, Settings, enabled
from sessionlint.discover import python_files
from sessionlint.errors import UnreadableFile
from sessionlint.facts.files import Files
from sessionlint.facts.producers import PATIENCE
from sessionlint.facts.roots import Roots
from sessionlint.source.text import is_notebook

if TYPE_CHECKING:
    from sessionlint.model import Finding
    from sessionlint.rule import Rule

__all__ = ["Options", "Rules", "Run", "bytes_of", "check_files", "check_paths", "rule_names"]

Rules = Callable[[], "Sequence[Rule]"]
"""Gives the rules there are; they are loaded when a file turns out to need a check."""

_NOT_WAITING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)

UNREADABLE = ("SES999", "unreadable-file")
"""Code and name of the finding that says a file was not checked."""


class Options(NamedTuple):
    """How to check, whatever the files are.

    `selection` applies on top of each file's settings. `unsaved` holds contents that count
    instead of those on disk, by absolute path. With `has_unsafe_fixes`, fixes may also be made
    that are not SAFE. Without `honours_noqa`, what `# noqa` takes back is found as well. What
    `is_known` in a file is not fixed.
    """

    selection: Selection = Selection()
    engine: str = "fast"
    unsaved: Mapping[Path, bytes] = {}
    has_unsafe_fixes: bool = False
    honours_noqa: bool = True
    is_known: Callable[[Path, Finding], bool] | None = None


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
    configuration = Configuration(lambda: rule_names(rules))
    files = python_files(paths, configuration)
    yield from check_files(files, lambda: rules, configuration, options or Options())


def check_files(
    files: Iterable[str], rules: Rules, configuration: Configuration, options: Options
) -> Iterator[tuple[Path, list[Finding]]]:
    """The same for files that are already found, given as absolute paths.

    Raises:
        ConfigError: a pyproject.toml above one of the files is wrong.
    """
    run = Run(rules, configuration, options)
    for name in files:
        path = Path(name)
        yield path, run.findings(path)


def rule_names(rules: Iterable[Rule]) -> dict[str, str]:
    """What each rule is called, by its code; files that cannot be checked have one, too."""
    code, name = UNREADABLE
    return {rule.code: rule.name for rule in rules} | {code: name}


def bytes_of(path: Path | str) -> bytes:
    """What a file holds.

    Raises:
        UnreadableFile: it cannot be read, or reading it might never end.
    """
    try:
        # Opening a FIFO for reading would wait for somebody to write.
        file = os.open(path, os.O_RDONLY | _NOT_WAITING)
        try:
            status = os.fstat(file)
            if stat.S_ISDIR(status.st_mode):
                raise UnreadableFile("cannot be read: a folder that cannot be listed")
            if not stat.S_ISREG(status.st_mode):
                raise UnreadableFile("cannot be read: not a regular file")
            return _whole(file, status.st_size)
        finally:
            os.close(file)
    except OSError as error:
        raise UnreadableFile(f"cannot be read: {error.strerror}") from error


def _whole(file: int, size: int) -> bytes:
    """All bytes of an open file, in one go unless it has grown."""
    data = os.read(file, size + 1)
    while len(data) > size and (more := os.read(file, len(data))):
        data += more
    return data


class Run:
    """One pass over files: what is known of their settings and projects so far.

    With `patience`, that many files of a large project are checked without reading all of it.
    """

    def __init__(
        self,
        rules: Rules,
        configuration: Configuration,
        options: Options,
        patience: int = PATIENCE,
    ) -> None:
        self._rules = rules
        self._configuration = configuration
        self._options = options
        self._patience = patience
        self._roots = Roots(configuration.folders)
        configuration.folders.expect(*options.unsaved)
        self._places: dict[str, tuple[Settings, Project]] = {}
        self._projects: dict[tuple[Settings, str], Project] = {}
        self._codes: dict[tuple[Selection, ...], frozenset[str]] = {}

    def findings(self, path: Path) -> list[Finding]:
        """What is found in a file; one finding of severity ERROR where it cannot be checked."""
        found = self.unparsed(str(path))
        return self.parsed(path)[0] if found is None else found

    def unparsed(self, path: str) -> list[Finding] | None:
        """The same without a parser, None for a file that has to be parsed."""
        if is_notebook(path):
            # Few projects have many, and what they rest on is not kept.
            return self.parsed(Path(path))[0]
        settings, project = self.place(path)
        try:
            if not project.is_full and project.producers.is_silent(path):
                return []
            data = self._data(project, path)
            if not project.is_full and project.producers.is_without_names(data, path):
                return []
            if is_worth_parsing(data, path, project):
                return None
            has_noqa = self._options.honours_noqa
            found = unparsed(data, self._later(path), honours_noqa=has_noqa)
        except (UnreadableFile, RecursionError) as error:
            return self.unreadable(Path(path), error)
        return self.offered(found, settings)

    def parsed(self, path: Path) -> tuple[list[Finding], bytes | None]:
        """The findings of a file that has to be parsed, and the bytes they are about if any."""
        settings, project = self.place(path)
        data: bytes | None = None
        try:
            data = self._data(project, str(path))
            has_noqa = self._options.honours_noqa
            found = parsed(data, path, self._later(path), project, honours_noqa=has_noqa)
        except (UnreadableFile, RecursionError) as error:
            return self.unreadable(path, error), data
        return self.offered(found, settings), data

    def _data(self, project: Project, path: str) -> bytes:
        known = project.files.known(path)
        return self.bytes_of(path) if known is None else known

    def _later(self, path: Path | str) -> Iterable[Rule]:
        # A path object for each file takes as long as reading it.
        return _Later(lambda: self.rules_of(Path(path)))

    def rules_of(self, path: Path) -> list[Rule]:
        """The rules that are on for a file."""
        settings, _ = self.place(path)
        of_file = Selection(ignore=settings.ignored(path))
        codes = self._enabled((settings.selection, self._options.selection, of_file))
        return [rule for rule in self._rules() if rule.code in codes]

    def unreadable(self, path: Path, error: UnreadableFile | RecursionError) -> list[Finding]:
        """The finding that says why a file was not checked, unless nobody wants to hear it."""
        if isinstance(error, RecursionError):
            error = UnreadableFile("nested too deep to check")
        finding = _unreadable(error)
        settings, _ = self.place(path)
        # Not being checked is silent only where somebody asked for exactly that.
        ignored = settings.ignored(path)
        silent = (*ignored, *settings.selection.ignore, *self._options.selection.ignore)
        return [] if finding.code in silent else [finding]

    def offered(self, found: Iterable[Finding], settings: Settings) -> list[Finding]:
        """The findings for a report: no edits, and no fix that the settings do not want."""
        return [one if one.fix is None else self._bare(one, settings) for one in found]

    def _bare(self, finding: Finding, settings: Settings) -> Finding:
        from sessionlint.fix import without_edits

        if finding.code not in self._fixable(settings):
            return finding._replace(fix=None)
        return without_edits(finding)

    def may_fix(self, path: Path, finding: Finding, settings: Settings) -> bool:
        """Whether the settings and options allow the fix of a finding in a file."""
        from sessionlint.model import Safety

        if self._options.is_known is not None and self._options.is_known(path, finding):
            return False
        is_good = self._options.has_unsafe_fixes or (
            finding.fix is not None and finding.fix.safety is Safety.SAFE
        )
        return is_good and finding.code in self._fixable(settings)

    def _fixable(self, settings: Settings) -> frozenset[str]:
        return self._enabled((settings.fixing,))

    def _enabled(self, selections: tuple[Selection, ...]) -> frozenset[str]:
        if selections not in self._codes:
            codes = (rule.code for rule in self._rules())
            self._codes[selections] = enabled(codes, selections)
        return self._codes[selections]

    def place(self, path: Path | str) -> tuple[Settings, Project]:
        """The settings for a file, and the project it belongs to."""
        folder = os.path.dirname(path)
        if folder not in self._places:
            settings = self._configuration.of(folder)
            root = self._roots.of(folder)
            key = settings, root
            if key not in self._projects:
                folders = self._configuration.folders
                files = Files(Path(root), self.read, folders, settings.src)
                is_full = self._options.engine == "full"
                self._projects[key] = Project(
                    files,
                    settings.names,
                    is_full=is_full,
                    patience=self._patience,
                )
            self._places[folder] = settings, self._projects[key]
        return self._places[folder]

    def places(self) -> Iterator[tuple[str, Settings, Project]]:
        """Every folder in which files were looked at, with its settings and project."""
        return ((folder, *place) for folder, place in self._places.items())

    def replace(self, path: Path, data: bytes) -> None:
        """Let every project see a file with these bytes from now on."""
        self._configuration.folders.expect(path)
        for project in self._projects.values():
            project.replace(path, data)

    def bytes_of(self, path: Path | str) -> bytes:
        """What a file holds, or is to hold once it is saved.

        Raises:
            UnreadableFile: it cannot be read.
        """
        unsaved = self._options.unsaved.get(Path(path)) if self._options.unsaved else None
        return bytes_of(path) if unsaved is None else unsaved

    def read(self, path: Path | str) -> bytes | None:
        """The same, None when it cannot be read."""
        try:
            return self.bytes_of(path)
        except UnreadableFile:
            # Reported where it is checked; here it only says nothing.
            return None


class _Later:
    """The rules for a file, which are asked for once it is known to need a check."""

    def __init__(self, enabled: Callable[[], list[Rule]]) -> None:
        self._enabled = enabled

    def __iter__(self) -> Iterator[Rule]:
        return iter(self._enabled())


def _unreadable(error: UnreadableFile) -> Finding:
    from sessionlint.model import Finding, Severity, Span

    line, column = max(error.line, 1), max(error.column - 1, 0)
    code, name = UNREADABLE
    span = Span(line, column, line, column, error.cell)
    return Finding(code, name, Severity.ERROR, error.reason, span)
