"""Lists of statements and the places in them."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from itertools import takewhile

import libcst as cst

__all__ = [
    "empty_lines",
    "holds_nothing",
    "indent_of",
    "led_closely",
    "lines_of",
    "merged",
    "parts_of",
    "tried",
]


def lines_of(suite: cst.BaseSuite) -> Sequence[cst.CSTNode]:
    """The statements of a suite; one that stands on the line of its head is a single one."""
    return [suite] if isinstance(suite, cst.SimpleStatementSuite) else suite.body


def parts_of(line: cst.CSTNode, known: AbstractSet[int]) -> Sequence[cst.CSTNode]:
    """The small statements of a line, unless it is one of the `known` as a whole."""
    if isinstance(line, (cst.SimpleStatementLine, cst.SimpleStatementSuite)):
        return [line] if id(line) in known else line.body
    return [line]


def led_closely(statement: cst.BaseStatement) -> cst.BaseStatement:
    """A statement without empty lines before it, for the top of a block."""
    lines: Sequence[cst.EmptyLine] = getattr(statement, "leading_lines", ())
    empty = len(empty_lines(statement))
    return statement.with_changes(leading_lines=lines[empty:]) if empty else statement


def empty_lines(statement: cst.CSTNode) -> list[cst.EmptyLine]:
    """The empty lines above a statement and its comments, which stay with it."""
    lines: Sequence[cst.EmptyLine] = getattr(statement, "leading_lines", ())
    return list(takewhile(lambda line: line.comment is None, lines))


def indent_of(block: cst.IndentedBlock | cst.Module) -> str | None:
    """How a block is indented, None for the way of the file."""
    return block.indent if isinstance(block, cst.IndentedBlock) else None


def tried(
    body: Sequence[cst.BaseStatement],
    final: Sequence[cst.BaseStatement],
    block: cst.IndentedBlock | cst.Module,
    leading_lines: Sequence[cst.EmptyLine] = (),
) -> cst.Try:
    """A `try` around statements of a block, with others in its `finally`."""
    inside, behind = ([led_closely(one[0]), *one[1:]] if one else [] for one in (body, final))
    indent = indent_of(block)
    return cst.Try(
        cst.IndentedBlock(inside, indent=indent),
        finalbody=cst.Finally(cst.IndentedBlock(behind, indent=indent)),
        leading_lines=leading_lines,
    )


def merged(statement: cst.BaseStatement) -> cst.BaseStatement:
    """A `try` with nothing but a `finally` that holds nothing but one without it, as one."""
    match statement:
        case cst.Try(
            body=cst.IndentedBlock(body=[cst.Try(finalbody=None) as inner], footer=[]),
            handlers=[],
            finalbody=cst.Finally() as final,
        ):
            leading = (*statement.leading_lines, *inner.leading_lines)
            return inner.with_changes(finalbody=final, leading_lines=leading)
    return statement


def holds_nothing(statements: Sequence[cst.CSTNode]) -> bool:
    """Whether the last statement is a `try` around a `pass`."""
    match statements:
        case [*_, cst.Try(body=cst.IndentedBlock(body=[cst.SimpleStatementLine(body=only)]))]:
            return all(isinstance(one, cst.Pass) for one in only)
    return False
