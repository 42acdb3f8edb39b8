"""Bytes to a LibCST module, or one clear reason why not."""

import ast
import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from sessionlint.errors import UnreadableFile
from sessionlint.source.brackets import deepest
from sessionlint.source.text import decoded, lines

if TYPE_CHECKING:
    import libcst as cst

    from sessionlint.source.positions import Positions

__all__ = ["MAX_NESTING", "Source", "read_source"]

MAX_NESTING = 200
"""How many open brackets are parsed. Source: CPython refuses more than 200 as well; LibCST's
parser overruns the process stack at about 1,220."""


@dataclass(frozen=True)
class Source:
    """One file: its bytes, its text and its tree."""

    data: bytes
    text: str
    module: "cst.Module"

    @cached_property
    def lines(self) -> list[str]:
        """The lines of the text without their ends; line n is `lines[n - 1]`."""
        return lines(self.text)

    @cached_property
    def positions(self) -> "Positions":
        """Where the nodes of `module` stand."""
        from sessionlint.source.positions import Positions

        return Positions(self.module)


def read_source(data: bytes) -> Source:
    """Parse one file.

    Raises:
        UnreadableFile: bad encoding, NUL bytes, a syntax error, or nesting too deep to parse.
    """
    import libcst as cst

    text = decoded(data)
    depth, line = deepest(text, MAX_NESTING)
    if depth > MAX_NESTING:
        raise UnreadableFile(f"more than {MAX_NESTING} nested brackets", line=line)
    try:
        return Source(data, text, cst.parse_module(data))
    except cst.ParserSyntaxError as error:
        raise _unparsed(text, error) from error
    except RecursionError as error:
        raise UnreadableFile("nested too deep to parse") from error


def _unparsed(text: str, error: "cst.ParserSyntaxError") -> UnreadableFile:
    """Where the text goes wrong: as Python sees it, else as LibCST does, which is less exact."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "<file>", "exec", dont_inherit=True, flags=ast.PyCF_ONLY_AST)
    except SyntaxError as own:
        if own.lineno:
            reason = f"syntax error: {own.msg}"
            return UnreadableFile(reason, own.lineno, max(own.offset or 1, 1))
    except (ValueError, RecursionError, MemoryError):
        return UnreadableFile("cannot be parsed", error.editor_line, error.editor_column)
    reason = f"syntax error: {_first_line(error.message)}"
    return UnreadableFile(reason, error.editor_line, error.editor_column)


def _first_line(message: str) -> str:
    return message.strip().splitlines()[0] if message.strip() else "cannot be parsed"
