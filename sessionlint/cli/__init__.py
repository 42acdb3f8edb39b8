"""The command `sessionlint`: options to an exit code."""

import os
import sys
from collections.abc import Callable, Sequence
from io import TextIOWrapper
from typing import NoReturn

import click

from sessionlint.cli.caching import clean
from sessionlint.cli.checking import check
from sessionlint.cli.commands import Group, versioned
from sessionlint.cli.console import paint_for, say, stop_writing
from sessionlint.errors import SessionlintError, UsageError

__all__ = ["main", "run"]

INTERRUPTED = 130
"""Exit code after Ctrl-C. Source: shells give 128 + the signal's number, which is 2."""

_DEPTH = 10_000
"""Python's recursion limit here; LibCST recurses over each term of a long expression."""


def main() -> NoReturn:
    """Run the command line of this process and end it."""
    sys.setrecursionlimit(_DEPTH)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal that cannot show a character of the source still gets the finding.
            stream.reconfigure(errors="backslashreplace")
    try:
        code = run(sys.argv[1:])
    except Exception:  # noqa: BLE001 - whatever it is, 1 would mean that something was found
        from traceback import print_exc

        print_exc()
        say(["sessionlint: this is a bug of sessionlint's own"], is_error=True)
        code = SessionlintError.exit_code
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and give its exit code.

    0 is clean, 1 is findings, 2 is that something could not be checked.
    """
    try:
        _refuse_no_place()
        with _command.make_context("sessionlint", list(arguments)) as context:
            code: int = _command.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        _complain(error.show)
        return SessionlintError.exit_code
    except SessionlintError as error:
        say([f"sessionlint: {error}"], is_error=True)
        return error.exit_code
    except BrokenPipeError:
        stop_writing()
        return 0
    except KeyboardInterrupt:
        say(["interrupted"], is_error=True)
        return INTERRUPTED
    except OSError as error:
        if error.filename is not None:
            raise
        # Have: a stream, for what is said about files has their names.
        stop_writing()
        say([f"sessionlint: cannot write: {error.strerror}"], is_error=True)
        return SessionlintError.exit_code
    return code


def _refuse_no_place() -> None:
    """Complain where the current folder was removed, by which all other paths are understood."""
    try:
        os.getcwd()
    except OSError as error:
        raise UsageError(f"the current folder cannot be used: {error.strerror}") from error


def _complain(show: Callable[[], None]) -> None:
    """Let a complaint be shown; if nobody reads it, there is nobody else to tell."""
    try:
        show()
    except OSError:
        stop_writing(is_error=True)


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@versioned
def _command() -> None:
    """Find leaked SQLAlchemy sessions, connections and engines.

    `sessionlint src/` is short for `sessionlint check src/`; `sessionlint check --help` lists the
    options.
    """


_command.add_command(check)
_command.add_command(clean)


_output_format = click.option(
    "--output-format", type=click.Choice(["text", "json"]), default="text", show_default=True
)


@_command.command("explain")
@click.argument("code")
@_output_format
def _explain(code: str, output_format: str) -> int:
    """Print the page of a rule."""
    from sessionlint.config import similar_code
    from sessionlint.project import rule_names
    from sessionlint.report.page import styled
    from sessionlint.report.rulebook import page_as_json
    from sessionlint_rules import RULES, page

    names = rule_names(RULES)
    wanted = {name: known for known, name in names.items()}.get(code.lower(), code.upper())
    if wanted not in names:
        raise UsageError(f"unknown rule `{code}`{similar_code(code, names)}")
    text = page(wanted)
    if output_format == "json":
        [rule] = [rule for rule in RULES if rule.code == wanted]
        say([page_as_json(rule, text)])
    else:
        say(styled(text, paint_for(sys.stdout)))
    return 0


@_command.command("vendor-shield", short_help="Write a copy of sessionlint.shield.")
@click.argument("path")
@click.option("--force", is_flag=True, help="Overwrite a file that is no unchanged copy.")
def _vendor_shield(path: str, *, force: bool) -> int:
    """Write a copy of sessionlint.shield to PATH, a file or a folder for shield.py.

    `shield-module` in [tool.sessionlint] says where fixes import it from.
    """
    from sessionlint.cli.vendoring import vendored

    return vendored(path, is_forced=force)


@_command.command("server", short_help="Serve an editor.")
@click.option("--stdio", is_flag=True, help="Accepted, for editors that pass it.")
def _server(*, stdio: bool) -> int:  # noqa: ARG001
    """Serve an editor over standard input and output, in the language server protocol."""
    from sessionlint.server import serve

    return serve()


@_command.command("rules")
@_output_format
def _rules(output_format: str) -> int:
    """List all rules."""
    from sessionlint.report.page import table
    from sessionlint.report.rulebook import rules_as_json
    from sessionlint_rules import RULES

    is_json = output_format == "json"
    say([rules_as_json(RULES)] if is_json else table(RULES, paint_for(sys.stdout)))
    return 0
