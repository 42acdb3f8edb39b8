"""The command `check`: what is asked for, and which way it goes from there."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

import click

from sessionlint.cli.console import say
from sessionlint.cli.request import Asked, has_error, job_of, loaded, view_of
from sessionlint.report.paths import relative, shown

__all__ = ["check"]


def _codes(
    _context: click.Context, _option: click.Parameter, given: tuple[str, ...]
) -> tuple[str, ...]:
    pieces = (piece.strip() for text in given for piece in text.split(","))
    return tuple(piece.upper() for piece in pieces if piece)


_codes_option = partial(click.option, multiple=True, callback=_codes, metavar="CODES")
_flag = partial(click.option, is_flag=True)


@click.command("check")
@click.argument("paths", nargs=-1)
@_codes_option("--select", help="Only these codes or prefixes, separated by commas.")
@_codes_option("--ignore", help="Not these codes or prefixes.")
@_codes_option("--extend-select", help="These as well as what is configured.")
@_flag("--fix", help="Rewrite the files where that is safe.")
@_flag("--unsafe-fixes", help="Count fixes as well that may change what the code does.")
@_flag("--diff", help="Print what --fix would change, and change nothing.")
@_flag("--show-fixes", help="List what was fixed.")
@click.option(
    "--output-format",
    type=click.Choice(["full", "concise", "json"]),
    default="full",
    show_default=True,
)
@_flag("--show-path", help="Show the way to each leak, step by step.")
@_flag("--statistics", help="Show only how often each rule found something.")
@_flag("--exit-zero", help="Exit with 0 even if there are findings.")
@_flag("--exit-non-zero-on-fix", help="Exit with 1 if anything was fixed.")
@_flag("--quiet", "-q", help="Print findings and nothing else.")
@_flag("--no-color", help="No colours, as with NO_COLOR set.")
@click.option("--stdin-filename", metavar="PATH", help="The name of the file that `-` reads.")
@_flag("--force-exclude", help="Leave out what is excluded even if it is given by name.")
@click.option(
    "--engine",
    type=click.Choice(["fast", "full"]),
    default="fast",
    help="`full` takes no short cuts; it finds the same and is slower.",
)
def check(**given: Any) -> int:  # Any: click hands over each option with the type its line says
    """Check files, and folders with all below them (default: the current folder).

    `-` reads standard input. Exits with 0 if nothing was found, 1 if something was, and 2 if
    something could not be checked or written.
    """
    asked = Asked(**given)
    if asked.diff:
        from sessionlint.cli.fixing import previewed

        return previewed(asked)
    if asked.fix:
        from sessionlint.cli.fixing import fixed

        return fixed(asked)
    return _checked(asked)


def _checked(asked: Asked) -> int:
    from sessionlint.project import check_files
    from sessionlint.report.output import output
    from sessionlint.report.progress import watched

    job = job_of(asked)
    checked = check_files(job.files, loaded, job.configuration, job.options)
    found = [
        (shown(path), relative(finding))
        for path, findings in watched(checked, len(job.files), sys.stderr)
        for finding in findings
    ]
    say(output(found, view_of(asked, sys.stdout, job.options.unsaved)))
    if has_error(finding for _, finding in found):
        return 2
    return 1 if found and not asked.exit_zero else 0
