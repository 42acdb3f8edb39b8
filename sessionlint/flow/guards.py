"""Releases that stand under a condition of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import libcst as cst

from sessionlint.flow.acts import Act
from sessionlint.flow.harmless import STATUS
from sessionlint.flow.ways import State, Status
from sessionlint.source.walk import descend

if TYPE_CHECKING:
    from sessionlint.flow.statements import Interpreter

__all__ = ["guarded"]


def guarded(interpreter: Interpreter, node: cst.If, state: State, *, is_true: bool) -> State:
    """The state in which a branch begins, given what its condition guards.

    `if not conn.closed: conn.close()` has nothing to close in the other branch. A release under a
    condition that may go with a conditional acquisition is not understood: UNKNOWN.
    """
    if not state.status.is_open:
        return state
    chosen, other = _suites(node) if is_true else reversed(_suites(node))
    if not _releases(interpreter, other) or _releases(interpreter, chosen):
        return state
    if _asks_status(interpreter, node.test):
        return state.to(Status.CLOSED)
    resource = interpreter.resource
    is_known = any(flag in resource.flags for flag in _texts(node.test))
    is_about_it = any(
        isinstance(part, cst.Name) and part.value in resource.names for part in descend(node.test)
    )
    if is_known or is_about_it:
        return state
    is_alike = all(any(part is node for part in descend(branch)) for branch in resource.branches)
    return state if is_alike else state.to(Status.UNKNOWN)


def _texts(test: cst.BaseExpression) -> list[str]:
    from sessionlint.flow.conditions import flag_texts

    return list(flag_texts(test))


def _suites(node: cst.If) -> list[cst.BaseSuite | None]:
    orelse = node.orelse
    return [node.body, orelse.body if type(orelse) is cst.Else else None]


def _releases(interpreter: Interpreter, suite: cst.BaseSuite | None) -> bool:
    """Whether a suite itself, not a branch inside it, releases the resource."""
    if suite is None:
        return False
    for line in suite.body:
        if type(suite) is cst.SimpleStatementSuite:
            inner: Sequence[cst.CSTNode] = [line]
        else:
            inner = line.body if type(line) is cst.SimpleStatementLine else []
        for statement in inner:
            if type(statement) is cst.Expr:
                operations = interpreter.operations.of(statement.value)
                if any(operation.act is Act.RELEASE for operation in operations):
                    return True
    return False


def _asks_status(interpreter: Interpreter, test: cst.BaseExpression) -> bool:
    names = interpreter.resource.names
    parts = list(descend(test))
    words = {part.value for part in parts if isinstance(part, cst.Name)}
    quoted = {part.raw_value for part in parts if isinstance(part, cst.SimpleString)}
    return bool(words & STATUS) and bool((words | quoted) & names)
