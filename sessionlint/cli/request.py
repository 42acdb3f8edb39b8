"""What one command line asks for, and the files it is about."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO

from sessionlint.cli.console import paint_for, say, source_lines
from sessionlint.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sessionlint.baseline import Sieve
    from sessionlint.config import Configuration, Selection
    from sessionlint.model import Finding
    from sessionlint.project import Options
    from sessionlint.report.output import View
    from sessionlint.rule import Rule

__all__ = ["Asked", "Job", "has_error", "job_of", "loaded", "settings", "view_of"]

_STDIN = "-"


class Asked(NamedTuple):
    """The options of `check`, by the names that users know."""

    paths: tuple[str, ...]
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    extend_select: tuple[str, ...]
    exclude: tuple[str, ...]
    config: str | None
    fix: bool
    unsafe_fixes: bool
    diff: bool
    show_fixes: bool
    output_format: str
    output_file: str | None
    show_path: bool
    statistics: bool
    watch: bool
    exit_zero: bool
    exit_non_zero_on_fix: bool
    quiet: bool
    no_color: bool
    stdin_filename: str | None
    force_exclude: bool
    engine: str
    jobs: int | None
    cache_dir: str | None
    no_cache: bool
    add_noqa: bool
    baseline: str | None
    write_baseline: str | None

    @property
    def reads_stdin(self) -> bool:
        """Whether what stands in standard input is asked about, and no file.

        Source: ruff reads it as well where only its name is given, and its users know that.
        """
        return _STDIN in self.paths or (self.stdin_filename is not None and not self.paths)


class Job(NamedTuple):
    """The paths that were given, the files they stand for, and how to look at them.

    `sieve` lets through what is not in the baseline, None where there is none.
    """

    given: list[Path]
    files: list[str]
    configuration: Configuration
    options: Options
    sieve: Sieve | None = None

    @property
    def is_stdin(self) -> bool:
        """Whether the one file is what stands in standard input."""
        return bool(self.options.unsaved)


def settings(only: str | None = None) -> Configuration:
    """What the pyproject.toml of every folder says, or one file instead of them all.

    Raises:
        ConfigError: that file cannot be read, or its table is wrong or missing.
    """
    from sessionlint.config import Configuration
    from sessionlint.project import rule_names

    configuration = Configuration(lambda: rule_names(loaded()))
    if only is not None:
        configuration.use(Path(only))
    return configuration


def job_of(asked: Asked, configuration: Configuration | None = None) -> Job:
    """The work that is asked for; `configuration` is what was read of it before.

    Raises:
        UsageError: a path or a rule does not exist, standard input cannot be read, or the report
            would overwrite a file.
        BaselineError: the baseline cannot be read.
        ConfigError: a pyproject.toml above one of the files is wrong, or a pattern.
    """
    from sessionlint.config import Selection
    from sessionlint.discover import Exclusions, python_files
    from sessionlint.project import Options

    selection = Selection(asked.select or None, asked.ignore, asked.extend_select)
    given = [Path(path) for path in asked.paths or (".",)]
    unsaved: dict[Path, bytes] = {}
    if asked.reads_stdin:
        given = [_stdin_path(asked)]
        unsaved = {given[0]: _stdin_bytes()}
    _refuse_nonsense(selection)
    configuration = configuration or settings(asked.config)
    configuration.exclude(asked.exclude)
    files = list(map(str, unsaved)) or python_files(given, configuration)
    if not files and not asked.quiet:
        say(["warning: no Python files found"], is_error=True)
    if asked.force_exclude:
        exclusions = Exclusions(configuration)
        files = [path for path in files if not exclusions.takes(path)]
    if asked.output_file is not None:
        read = (asked.baseline,) if asked.baseline else ()
        _refuse_to_overwrite(asked.output_file, (*files, *read))
    options = Options(selection, asked.engine, unsaved, asked.unsafe_fixes)
    if asked.baseline is None:
        return Job(given, files, configuration, options)
    from sessionlint.baseline import Sieve, read_baseline

    baseline = read_baseline(Path(asked.baseline))
    options = options._replace(is_known=baseline.holds)
    return Job(given, files, configuration, options, Sieve(baseline))


def _refuse_nonsense(selection: Selection) -> None:
    """Complain about codes that no rule has, and about one that is switched on and off."""
    from sessionlint.config import contradiction, unknown_codes
    from sessionlint.project import rule_names

    named = selection.codes()
    for complaint in unknown_codes(named, rule_names(loaded())) if named else ():
        raise UsageError(complaint)
    lists = {
        "select": selection.select or (),
        "ignore": selection.ignore,
        "extend-select": selection.extend_select,
    }
    if clash := contradiction(lists, "--"):
        raise UsageError(clash)


def _refuse_to_overwrite(report: str, files: Iterable[str]) -> None:
    """Complain where a report would stand in place of something that is checked, or read."""
    target = os.path.realpath(report)
    if os.path.isfile(target) and any(os.path.realpath(path) == target for path in files):
        raise UsageError(f"`--output-file {report}` is one of the files to read")


def _stdin_path(asked: Asked) -> Path:
    if len(asked.paths) > 1:
        raise UsageError("`-` reads standard input and stands alone")
    return Path(os.path.abspath(asked.stdin_filename or _STDIN))


def _stdin_bytes() -> bytes:
    # `sys.stdin` is None where the shell closed it; typeshed leaves that out.
    if not sys.stdin:
        raise UsageError("standard input is closed")
    return sys.stdin.buffer.read()


def view_of(asked: Asked, stream: TextIO | None, unsaved: Mapping[Path, bytes]) -> View:
    """How findings are to be printed on a stream.

    `unsaved` holds contents that count instead of those on disk.
    """
    from sessionlint.report.output import View

    return View(
        asked.output_format,
        asked.show_path,
        asked.statistics,
        asked.quiet,
        paint_for(stream, is_plain=asked.no_color or asked.output_file is not None),
        source_lines(unsaved),
        asked.unsafe_fixes,
        asked.show_fixes,
        _pages,
    )


def _pages() -> list[tuple[Rule, str]]:
    """All rules, each with its page."""
    from sessionlint_rules import page

    return [(rule, page(rule.code)) for rule in loaded()]


def loaded() -> Sequence[Rule]:
    """The rules there are; loading them takes as long as half a start of Python."""
    from sessionlint_rules import RULES

    return RULES


def has_error(findings: Iterable[Finding]) -> bool:
    """Whether something could not be checked."""
    findings = list(findings)
    if not findings:
        return False
    from sessionlint.model import Severity

    return any(finding.severity is Severity.ERROR for finding in findings)
