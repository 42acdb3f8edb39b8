"""The command `sessionlint`: options to an exit code."""

import gc
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from sessionlint import __version__
from sessionlint.errors import SessionlintError, UnreadableFile, UsageError

if TYPE_CHECKING:
    from sessionlint.model import Finding, Note
    from sessionlint.project import Options
    from sessionlint.report.paint import Paint
    from sessionlint.report.text import Lines

__all__ = ["main", "run"]

INTERRUPTED = 130
"""Exit code after Ctrl-C. Source: shells give 128 + the signal's number, which is 2."""

_DEPTH = 10_000
"""Python's recursion limit here; LibCST recurses over each term of a long expression."""

_STDIN = "-"


def main() -> NoReturn:
    """Run the command line of this process and end it."""
    sys.setrecursionlimit(_DEPTH)
    # A syntax tree is many objects and no circle: collecting while parsing frees nothing and was
    # measured at two fifths of the time.
    gc.disable()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal that cannot show a character of the source still gets the finding.
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command line and give its exit code.

    0 is clean, 1 is findings, 2 is that something could not be checked.
    """
    try:
        with _command.make_context("sessionlint", list(arguments)) as context:
            code: int = _command.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        error.show()
        return SessionlintError.exit_code
    except SessionlintError as error:
        click.echo(f"sessionlint: {error}", err=True)
        return error.exit_code
    except BrokenPipeError:
        _stop_writing()
        return 0
    except KeyboardInterrupt:
        click.echo("interrupted", err=True)
        return INTERRUPTED
    return code


class _Group(click.Group):
    """A group whose command may be left out: then it is `check`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own = {*self.commands, "--help", "--version"}
        return super().parse_args(ctx, args if args and args[0] in own else ["check", *args])


@click.group(cls=_Group)
@click.version_option(__version__, message="%(prog)s %(version)s")
def _command() -> None:
    """Find leaked SQLAlchemy sessions, connections and engines.

    `sessionlint src/` is short for `sessionlint check src/`; `sessionlint check --help` lists the
    options.
    """


def _codes(
    _context: click.Context, _option: click.Parameter, given: tuple[str, ...]
) -> tuple[str, ...]:
    pieces = (piece.strip() for text in given for piece in text.split(","))
    return tuple(piece.upper() for piece in pieces if piece)


_codes_option = partial(click.option, multiple=True, callback=_codes, metavar="CODES")


@_command.command("check")
@click.argument("paths", nargs=-1)
@_codes_option("--select", help="Only these codes or prefixes, separated by commas.")
@_codes_option("--ignore", help="Not these codes or prefixes.")
@_codes_option("--extend-select", help="These as well as what is configured.")
@click.option(
    "--output-format",
    type=click.Choice(["full", "concise", "json"]),
    default="full",
    show_default=True,
)
@click.option("--show-path", is_flag=True, help="Show the way to each leak, step by step.")
@click.option("--statistics", is_flag=True, help="Show only how often each rule found something.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 even if there are findings.")
@click.option("--quiet", "-q", is_flag=True, help="Print findings and nothing else.")
@click.option("--no-color", is_flag=True, help="No colours, as with NO_COLOR set.")
@click.option("--stdin-filename", metavar="PATH", help="The name of the file that `-` reads.")
@click.option(
    "--engine",
    type=click.Choice(["fast", "full"]),
    default="fast",
    help="`full` takes no short cuts; it finds the same and is slower.",
)
def _check(  # noqa: PLR0913 - click hands over every option by its name
    *,
    paths: tuple[str, ...],
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    extend_select: tuple[str, ...],
    output_format: str,
    show_path: bool,
    statistics: bool,
    exit_zero: bool,
    quiet: bool,
    no_color: bool,
    stdin_filename: str | None,
    engine: str,
) -> int:
    """Check files, and folders with all below them (default: the current folder).

    `-` reads standard input. Exits with 0 if nothing was found, 1 if something was, and 2 if
    something could not be checked.
    """
    from sessionlint.config import Selection
    from sessionlint.project import Options
    from sessionlint.report.output import View, output

    selection = Selection(select or None, ignore, extend_select)
    given = [Path(path) for path in paths or (".",)]
    unsaved: dict[Path, bytes] = {}
    if _STDIN in paths:
        given = [_stdin_path(paths, stdin_filename)]
        unsaved = {given[0]: _stdin_bytes()}
    options = Options(selection, engine, unsaved)
    found = _found(given, options, is_quiet=quiet)
    paint = _paint(is_plain=no_color)
    view = View(output_format, show_path, statistics, quiet, paint, _source_lines(options))
    _say(output(found, view))
    return _exit_code([finding for _, finding in found], is_lenient=exit_zero)


@_command.command("explain")
@click.argument("code")
def _explain(code: str) -> int:
    """Print the page of a rule."""
    from sessionlint.config import similar_code
    from sessionlint.project import rule_names
    from sessionlint.report.page import styled
    from sessionlint_rules import RULES, page

    names = rule_names(RULES)
    wanted = {name: known for known, name in names.items()}.get(code.lower(), code.upper())
    if wanted not in names:
        raise UsageError(f"unknown rule `{code}`{similar_code(code, names)}")
    _say(styled(page(wanted), _paint()))
    return 0


@_command.command("rules")
def _rules() -> int:
    """List all rules."""
    from sessionlint.report.page import table
    from sessionlint_rules import RULES

    _say(table(RULES, _paint()))
    return 0


def _stdin_path(paths: Sequence[str], name: str | None) -> Path:
    if len(paths) > 1:
        raise UsageError("`-` reads standard input and stands alone")
    return Path(os.path.abspath(name or _STDIN))


def _stdin_bytes() -> bytes:
    # `sys.stdin` is None where the shell closed it; typeshed leaves that out.
    if not sys.stdin:
        raise UsageError("standard input is closed")
    return sys.stdin.buffer.read()


def _found(
    given: Sequence[Path], options: "Options", *, is_quiet: bool
) -> "list[tuple[str, Finding]]":
    """Every finding with its file's path as it is to be shown, in path order."""
    from sessionlint.config import Configuration, unknown_codes
    from sessionlint.discover import python_files
    from sessionlint.project import check_files, rule_names
    from sessionlint.report.progress import watched
    from sessionlint_rules import RULES

    names = rule_names(RULES)
    for complaint in unknown_codes(options.selection.codes(), names):
        raise UsageError(complaint)
    configuration = Configuration(names)
    files = list(options.unsaved) or python_files(given, configuration)
    if not files and not is_quiet:
        click.echo("warning: no Python files found", err=True)
    checked = check_files(files, RULES, configuration, options)
    return [
        (_shown(path), _relative(finding))
        for path, findings in watched(checked, len(files), sys.stderr)
        for finding in findings
    ]


def _shown(path: Path) -> str:
    """A path as people write it: from the current folder if it is below, else in full."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _relative(finding: "Finding") -> "Finding":
    return replace(
        finding,
        notes=tuple(map(_relative_note, finding.notes)),
        steps=tuple(map(_relative_note, finding.steps)),
    )


def _relative_note(note: "Note") -> "Note":
    return note if note.path is None else replace(note, path=_shown(Path(note.path)))


def _source_lines(options: "Options") -> "Lines":
    """Gives the lines of a file by the path it is shown with, none if it cannot be read."""
    from sessionlint.project import bytes_of
    from sessionlint.source.text import decoded, lines

    @lru_cache(maxsize=16)
    def of(shown: str) -> list[str]:
        path = Path(os.path.abspath(shown))
        unsaved = options.unsaved.get(path)
        try:
            return lines(decoded(bytes_of(path) if unsaved is None else unsaved))
        except UnreadableFile:
            return []

    return of


def _paint(*, is_plain: bool = False) -> "Paint":
    """Colours only for a person at a terminal who did not refuse them.

    Source: https://no-color.org counts the variable when it is set and not empty.
    """
    from sessionlint.report.paint import coloured, plain

    is_refused = is_plain or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return coloured if sys.stdout and sys.stdout.isatty() and not is_refused else plain


def _exit_code(findings: "Sequence[Finding]", *, is_lenient: bool) -> int:
    from sessionlint.model import Severity

    if any(finding.severity is Severity.ERROR for finding in findings):
        return 2
    return 1 if findings and not is_lenient else 0


def _say(pieces: Iterable[str]) -> None:
    """Print pieces of text, each ending a line; nobody reading them is no failure.

    Raises:
        SessionlintError: standard output cannot be written.
    """
    text = "".join(f"{piece}\n" for piece in pieces)
    try:
        click.echo(text, nl=False)
    except BrokenPipeError:
        _stop_writing()
    except OSError as error:
        _stop_writing()
        raise SessionlintError(f"cannot write the report: {error.strerror}") from error


def _stop_writing() -> None:
    """Let what is still to be written go nowhere. Source: Python's documentation of SIGPIPE."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
