"""The command `check`: what is asked for, and which way it goes from there."""

from __future__ import annotations

import os
import sys
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sessionlint.cli.commands import Command
from sessionlint.cli.console import deliver
from sessionlint.cli.request import Asked, Job, has_error, job_of, loaded, settings, view_of
from sessionlint.errors import UsageError
from sessionlint.report.forms import COUNTED, FORMS
from sessionlint.report.paths import relative, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sessionlint.report.output import Placed, Rewrites

__all__ = ["check"]


def _codes(
    _context: click.Context, _option: click.Parameter, given: tuple[str, ...]
) -> tuple[str, ...]:
    codes = tuple(code.upper() for code in _pieces(given))
    if given and not codes:
        raise click.BadParameter("there is no code in it")
    return codes


def _patterns(
    _context: click.Context, _option: click.Parameter, given: tuple[str, ...]
) -> tuple[str, ...]:
    return tuple(_pieces(given))


def _pieces(given: tuple[str, ...]) -> Iterator[str]:
    """What stands between commas."""
    return filter(None, (piece.strip() for text in given for piece in text.split(",")))


_codes_option = partial(click.option, multiple=True, callback=_codes, metavar="CODES")
_flag = partial(click.option, is_flag=True)


@click.command("check", cls=Command, short_help="Check files and folders.")
@click.argument("paths", nargs=-1)
@_codes_option("--select", help="Only these codes or prefixes, separated by commas.")
@_codes_option("--ignore", "--extend-ignore", help="Not these codes or prefixes.")
@_codes_option("--extend-select", help="These as well as what is configured.")
@click.option(
    "--exclude",
    "--extend-exclude",
    multiple=True,
    callback=_patterns,
    metavar="PATTERNS",
    help="Leave these files and folders out as well, separated by commas.",
)
@click.option(
    "--config", metavar="FILE", help="The pyproject.toml that holds, whatever others there are."
)
@_flag("--fix", help="Rewrite the files where that is safe.")
@_flag("--unsafe-fixes", help="Count fixes as well that may change what the code does.")
@_flag("--diff", help="Print what --fix would change, and change nothing.")
@_flag("--show-fixes", help="List what was fixed.")
@click.option(
    "--output-format",
    type=click.Choice(FORMS),
    default="full",
    show_default=True,
)
@click.option("--output-file", metavar="FILE", help="Where the report goes instead.")
@_flag("--add-noqa", help="Take back what is found by a `# noqa` on its line.")
@click.option("--baseline", metavar="FILE", help="Leave out what this file knows already.")
@click.option("--write-baseline", metavar="FILE", help="Write what is found to such a file.")
@_flag("--show-path", help="Show the way to each leak, step by step.")
@_flag("--statistics", help="Show only how often each rule found something.")
@_flag("--watch", help="Check again after every change, until Ctrl-C, which exits with 0.")
@_flag("--exit-zero", help="Exit with 0 even if there are findings.")
@_flag("--exit-non-zero-on-fix", help="Exit with 1 if anything was fixed.")
@_flag("--quiet", "-q", help="Print findings and nothing else.")
@_flag("--no-color", help="No colours, as with NO_COLOR set.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many processes work at once (default: as many as there are cores).",
)
@click.option("--cache-dir", metavar="PATH", help="Where to keep what was found.")
@_flag("--no-cache", help="Neither use nor write a cache.")
@click.option(
    "--stdin-filename",
    metavar="PATH",
    help="The name of what `-` reads; with no path given, `-` is meant.",
)
@_flag("--force-exclude", help="Leave out what is excluded even if it is given by name.")
@click.option(
    "--engine",
    type=click.Choice(["fast", "full"]),
    default="fast",
    help="`full` takes no short cuts: slower, the same findings, and a word on every file that "
    "cannot be parsed.",
)
def check(**given: Any) -> int:  # Any: click hands over each option with the type its line says
    """Check files, and folders with all below them (default: the current folder).

    `-` reads standard input. Exits with 0 if nothing was found, 1 if something was, and 2 if
    something could not be checked or written.
    """
    asked = Asked(**given)
    _refuse(asked)
    _agree(asked)
    if asked.watch:
        from sessionlint.cli.watching import watched

        return watched(asked, _checked)
    if asked.write_baseline is not None:
        from sessionlint.cli.known import baselined

        return baselined(asked)
    if asked.add_noqa:
        from sessionlint.cli.noting import noted

        return noted(asked)
    if asked.diff:
        from sessionlint.cli.fixing import previewed

        return previewed(asked)
    if asked.fix:
        from sessionlint.cli.fixing import fixed

        return fixed(asked)
    return _checked(asked)


def _refuse(asked: Asked) -> None:
    """Complain about what cannot be done before anything is."""
    if "" in asked.paths:
        # Most often a variable that is not set; all of the current folder is not what is meant.
        raise UsageError("a path is empty; `.` is the current folder")
    if asked.paths and not (asked.reads_stdin or os.path.lexists(asked.paths[0])):
        _refuse_no_command(asked.paths[0])
    if asked.stdin_filename is not None and asked.paths and not asked.reads_stdin:
        raise UsageError("`--stdin-filename` names what `-` reads, and goes with no other path")
    if asked.statistics and asked.output_format not in COUNTED:
        raise UsageError(f"`--statistics` goes with {', '.join(COUNTED)}")
    if asked.output_file is not None:
        for name in _WRITING:
            if _is_asked_for(asked, name):
                raise UsageError(f"`--{name.replace('_', '-')}` has no report for `--output-file`")
        from sessionlint.write import refuse_to_put

        refuse_to_put(Path(asked.output_file))


def _refuse_no_command(word: str) -> None:
    """Complain about what stands for a command, or for a file, and is neither."""
    from sessionlint.config.codes import similar

    group = click.get_current_context().find_root().command
    hint = similar(word, group.commands) if isinstance(group, click.Group) else ""
    if hint:
        raise UsageError(f"there is no command `{word}`, nor such a file{hint}")


_WRITING = ("add_noqa", "write_baseline")


def _is_asked_for(asked: Asked, name: str) -> bool:
    """Whether an option is given, be it with an empty value."""
    return getattr(asked, name) not in {None, False}


def _agree(asked: Asked) -> None:
    """Make sure that one thing is asked for.

    Raises:
        UsageError: options contradict each other.
    """
    wishes = [name for name in ("fix", "diff", *_WRITING) if _is_asked_for(asked, name)]
    if "write_baseline" in wishes and asked.baseline is not None:
        wishes.append("baseline")
    if len(wishes) > 1 and not set(_WRITING).isdisjoint(wishes):
        first, second, *_ = (f"`--{name.replace('_', '-')}`" for name in reversed(wishes))
        raise UsageError(f"{first} and {second} do not go together")


def _checked(asked: Asked) -> int:
    from sessionlint.cli.caching import means_of
    from sessionlint.report.output import output
    from sessionlint.report.progress import watched
    from sessionlint.sweep import swept

    # Before the files are looked for: what changes from here on is not mistaken for what was read.
    configuration = settings(asked.config)
    means = means_of(asked, configuration)
    job = job_of(asked, configuration)
    sweep = swept(job.files, loaded, job.configuration, job.options, means)
    with closing(sweep) as checked:
        found = [
            (shown(Path(path)), relative(finding))
            for path, findings in watched(checked, len(job.files), sys.stderr)
            for finding in (job.sieve.news(Path(path), findings) if job.sieve else findings)
        ]
    if job.sieve:
        from sessionlint.cli.known import say_what_is_gone

        say_what_is_gone(job, asked)
    view = view_of(asked, sys.stdout, job.options.unsaved)
    if asked.output_format == "sarif":
        view = view._replace(rewrites=_rewrites(job, found))
    deliver(output(found, view), asked.output_file)
    if has_error(finding for _, finding in found):
        return 2
    return 1 if found and not asked.exit_zero else 0


def _rewrites(job: Job, found: Sequence[Placed]) -> Rewrites:
    """What each fix by itself makes of its file, for the files that have something to fix."""
    from sessionlint.repair import texts_of_fixes

    fixable = {path: None for path, finding in found if finding.fix is not None}
    files = [Path(os.path.abspath(path)) for path in fixable]
    texts = texts_of_fixes(files, loaded, job.configuration, job.options)
    return {(shown(path), one.code, one.span): pair for path, one, pair in texts}
