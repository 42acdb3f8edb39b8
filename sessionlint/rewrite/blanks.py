"""The empty lines at the end of a statement: those with spaces in them belong to its last suite."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeVar

import libcst as cst

from sessionlint.source.below import is_node

__all__ = ["blanks_behind", "with_blanks_behind"]

_T = TypeVar("_T", bound=cst.CSTNode)

_LAST: Final = ("finalbody", "orelse", "handlers", "cases", "body")
"""Where the last suite of a compound statement is, the last place first."""

_SEVERAL: Final = (list, tuple)


def blanks_behind(statement: cst.BaseStatement) -> list[cst.EmptyLine]:
    """The empty lines with which a compound statement ends."""
    found: list[cst.EmptyLine] = []
    part: cst.CSTNode | None = statement
    while part is not None:
        if isinstance(part, cst.IndentedBlock):
            blanks = _blanks(part.footer)
            found = [*blanks, *found]
            if len(blanks) < len(part.footer):
                return found
        place = _last_part(part)
        part = place[1] if place else None
    return found


def with_blanks_behind(
    statement: cst.BaseStatement, lines: Sequence[cst.EmptyLine]
) -> cst.BaseStatement:
    """The statement with other empty lines at its end, if it has a suite to put them into."""
    plain = [cst.EmptyLine(indent=False, newline=line.newline) for line in lines]
    return _ended(statement, plain, cuts=True)


def _ended(node: _T, lines: Sequence[cst.EmptyLine], *, cuts: bool) -> _T:
    """A node with lines behind all else in the outermost suite at its end.

    `cuts`: the empty ones that are there go, in all suites at its end.
    """
    if isinstance(node, cst.IndentedBlock):
        footer = node.footer
        kept = footer[: len(footer) - len(_blanks(footer))] if cuts else footer
        node = node.with_changes(footer=[*kept, *lines])
        lines, cuts = (), cuts and not kept
    place = _last_part(node) if lines or cuts else None
    if place is None:
        return node
    name, part = place
    return _with_last(node, name, _ended(part, lines, cuts=cuts))


def _with_last(node: _T, name: str, part: cst.CSTNode) -> _T:
    value: Any = getattr(node, name)
    new = [*value[:-1], part] if value.__class__ in _SEVERAL else part
    return node.with_changes(**{name: new})


def _last_part(node: cst.CSTNode) -> tuple[str, cst.CSTNode] | None:
    """Where the text of a node ends, by the name of its field; None for what is no suite's."""
    if isinstance(node, (cst.SimpleStatementLine, cst.SimpleStatementSuite)):
        return None
    for name in _LAST:
        value: Any = getattr(node, name, None)  # One node or several.
        part: object = value[-1] if value.__class__ in _SEVERAL and value else value
        if is_node(part):
            return name, part
    return None


def _blanks(lines: Sequence[cst.EmptyLine]) -> list[cst.EmptyLine]:
    """The lines at the end that hold no comment."""
    count = next((n for n, line in enumerate(reversed(lines)) if line.comment), len(lines))
    return list(lines[len(lines) - count :])
