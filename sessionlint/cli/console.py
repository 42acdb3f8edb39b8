"""What goes to the terminal, and how."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from sessionlint.errors import SessionlintError, UnreadableFile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sessionlint.report.paint import Paint
    from sessionlint.report.text import Lines

__all__ = ["deliver", "paint_for", "say", "say_bytes", "source_lines", "stop_writing"]


_UNENCODABLE = "backslashreplace"
"""How a file takes a path that is no text; terminals are given the same."""


def say(pieces: Iterable[str], *, is_error: bool = False) -> None:
    """Print pieces of text, each ending a line; nobody reading them is no failure.

    Errors that cannot be written are lost, for there is no other place to say so.

    Raises:
        SessionlintError: standard output cannot be written.
    """
    _print(_joined(pieces), is_error=is_error)


def deliver(report: Iterable[str] | bytes, path: str | None, *, is_error: bool = False) -> None:
    """Print a report, or write it to the file that was asked for instead.

    Raises:
        SessionlintError: it cannot be written.
    """
    if path is None:
        say_bytes(report) if isinstance(report, bytes) else say(report, is_error=is_error)
        return
    from sessionlint.write import put_report

    whole = report if isinstance(report, bytes) else _joined(report).encode(errors=_UNENCODABLE)
    put_report(Path(path), whole)


def say_bytes(data: bytes) -> None:
    """Write bytes to standard output as they are, for programs.

    Raises:
        SessionlintError: standard output cannot be written.
    """
    _print(data)


def _joined(pieces: Iterable[str]) -> str:
    return "".join(f"{piece}\n" for piece in pieces)


def _print(message: str | bytes, *, is_error: bool = False) -> None:
    try:
        # Who painted it knows whom it is for.
        click.echo(message, nl=False, err=is_error, color=True)
    except BrokenPipeError:
        stop_writing(is_error=is_error)
    except OSError as error:
        stop_writing(is_error=is_error)
        if is_error:
            return
        raise SessionlintError(f"cannot write the report: {error.strerror}") from error


def stop_writing(*, is_error: bool = False) -> None:
    """Let what is still to be written go nowhere. Source: Python's documentation of SIGPIPE."""
    stream = sys.stderr if is_error else sys.stdout
    if stream is None:
        return
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def paint_for(stream: TextIO | None, *, is_plain: bool = False) -> Paint:
    """Colours only for a person at a terminal who did not refuse them.

    Source: https://no-color.org counts the variable when it is set and not empty, as
    https://force-color.org does, by which somebody asks for them where there is no terminal.
    """
    from sessionlint.report.paint import coloured, plain

    is_refused = is_plain or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    is_wanted = stream is not None and (stream.isatty() or bool(os.environ.get("FORCE_COLOR")))
    return coloured if is_wanted and not is_refused else plain


def source_lines(unsaved: Mapping[Path, bytes]) -> Lines:
    """Gives the lines of a file or cell by the name it is shown with, none if it cannot be read.

    `unsaved` holds contents that count instead of those on disk.
    """
    from sessionlint.project import bytes_of
    from sessionlint.report.paths import text_named
    from sessionlint.source.text import decoded, lines

    @lru_cache(maxsize=16)
    def of(name: str) -> list[str]:
        where, cell = text_named(name)
        path = Path(os.path.abspath(where))
        held = unsaved.get(path)
        try:
            data = bytes_of(path) if held is None else held
            return lines(decoded(data)) if not cell else lines(_cell(data, cell))
        except UnreadableFile:
            return []

    return of


def _cell(notebook: bytes, number: int) -> str:
    from sessionlint.source.notebook import opened_notebook

    return opened_notebook(notebook).cells.get(number, "")
