"""Releases that stand under a condition of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import libcst as cst

from sessionlint.flow.acts import Act
from sessionlint.flow.conditions import flag_texts
from sessionlint.flow.harmless import STATUS
from sessionlint.flow.ways import State, Status
from sessionlint.source.walk import descend

if TYPE_CHECKING:
    from sessionlint.flow.statements import Interpreter

__all__ = ["guarded"]

_ENDS: Final = frozenset({Act.RELEASE, Act.HAND_OVER})


def guarded(interpreter: Interpreter, node: cst.If, state: State, *, is_true: bool) -> State:
    """The state in which a branch begins, given what its condition guards.

    `if not conn.closed: conn.close()` has nothing to close in the other branch. A release under a
    condition that may go with a conditional acquisition is not understood: UNKNOWN.
    """
    if not state.status.is_open:
        return state
    orelse = node.orelse.body if type(node.orelse) is cst.Else else None
    chosen, other = (node.body, orelse) if is_true else (orelse, node.body)
    if not _releases(interpreter, other) or _releases(interpreter, chosen):
        return state
    if _asks_status(interpreter, node.test):
        return state.to(Status.CLOSED)
    resource = interpreter.resource
    is_known = any(flag in resource.flags for flag in flag_texts(node.test))
    is_about_it = any(map(resource.is_it, descend(node.test)))
    if is_known or is_about_it:
        return state
    is_alike = all(any(part is node for part in descend(branch)) for branch in resource.branches)
    return state if is_alike else state.to(Status.UNKNOWN)


def _releases(interpreter: Interpreter, suite: cst.BaseSuite | None) -> bool:
    """Whether a suite itself, or a `try` or `with` in it, not a branch, releases the resource.

    Once its name is bound to something else there, what is released is another one.
    """
    if suite is None:
        return False
    if type(suite) is cst.SimpleStatementSuite:
        return any(_is_release(interpreter, one) for one in suite.body)
    for line in suite.body:
        match line:
            case cst.SimpleStatementLine(body=statements):
                if any(_is_release(interpreter, one) for one in statements):
                    return True
                if any(_is_rebinding(interpreter, one) for one in statements):
                    return False
            case cst.Try(body=body, finalbody=final) | cst.TryStar(body=body, finalbody=final):
                if _releases(interpreter, body) or (final and _releases(interpreter, final.body)):
                    return True
            case cst.With(body=body):
                if _releases(interpreter, body):
                    return True
    return False


def _is_rebinding(interpreter: Interpreter, statement: cst.CSTNode) -> bool:
    match statement:
        case cst.Assign(targets=targets):
            bound = [one.target for one in targets]
        case cst.AnnAssign(target=target):
            bound = [target]
        case _:
            return False
    names = interpreter.resource.names
    return any(isinstance(one, cst.Name) and one.value in names for one in bound)


def _is_release(interpreter: Interpreter, statement: cst.CSTNode) -> bool:
    if type(statement) is not cst.Expr:
        return False
    operations = interpreter.operations.of(statement.value)
    return any(operation.act in _ENDS for operation in operations)


def _asks_status(interpreter: Interpreter, test: cst.BaseExpression) -> bool:
    names = interpreter.resource.names
    parts = list(descend(test))
    words = {part.value for part in parts if isinstance(part, cst.Name)}
    quoted = {part.raw_value for part in parts if isinstance(part, cst.SimpleString)}
    return bool(words & STATUS) and bool((words | quoted) & names)
