"""Releases that stand under a condition of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import libcst as cst

from sessionlint.flow.acts import Act
from sessionlint.flow.ways import State, Status
from sessionlint.source.walk import descend

if TYPE_CHECKING:
    from sessionlint.flow.statements import Interpreter

__all__ = ["guarded"]

_STATUS: Final = frozenset(
    "is_active closed is_closed in_transaction invalidated is_connected is_valid open hasattr "
    "getattr locals globals dir vars status get_transaction_status in_nested_transaction".split()
)
"""Attributes and functions that ask whether there is something left to close."""


def guarded(interpreter: Interpreter, node: cst.If, truth: bool, state: State) -> State:
    """The state in which a branch begins, given what its condition guards.

    `if not conn.closed: conn.close()` has nothing to close in the other branch. A release under a
    condition that may go with a conditional acquisition is not understood: UNKNOWN.
    """
    if not state.status.is_open:
        return state
    chosen, other = _suites(node) if truth else reversed(_suites(node))
    if not _releases(interpreter, other) or _releases(interpreter, chosen):
        return state
    if _asks_status(interpreter, node.test):
        return state.to(Status.CLOSED)
    resource = interpreter.resource
    is_known = any(flag in resource.flags for flag in _texts(node.test))
    is_about_it = any(
        isinstance(part, cst.Name) and part.value in resource.names for part in descend(node.test)
    )
    if not resource.is_conditional or is_known or is_about_it:
        return state
    acquisition = resource.binding.node
    is_inside = any(part is acquisition for part in descend(node))
    return state if is_inside else state.to(Status.UNKNOWN)


def _texts(test: cst.BaseExpression) -> list[str]:
    from sessionlint.flow.conditions import flag_texts

    return list(flag_texts(test))


def _suites(node: cst.If) -> list[cst.BaseSuite | None]:
    orelse = node.orelse
    return [node.body, orelse.body if isinstance(orelse, cst.Else) else None]


def _releases(interpreter: Interpreter, suite: cst.BaseSuite | None) -> bool:
    """Whether a suite itself, not a branch inside it, releases the resource."""
    if suite is None:
        return False
    for line in suite.body:
        for statement in line.body if isinstance(line, cst.SimpleStatementLine) else ():
            if isinstance(statement, cst.Expr):
                operations = interpreter.operations.of(statement.value)
                if any(operation.act is Act.RELEASE for operation in operations):
                    return True
    return False


def _asks_status(interpreter: Interpreter, test: cst.BaseExpression) -> bool:
    names = interpreter.resource.names
    parts = list(descend(test))
    words = {part.value for part in parts if isinstance(part, cst.Name)}
    quoted = {part.raw_value for part in parts if isinstance(part, cst.SimpleString)}
    return bool(words & _STATUS) and bool((words | quoted) & names)
