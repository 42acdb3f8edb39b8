"""`db or next(get_db())`: what is taken where nothing else was given."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from sessionlint.facts.annotations import injected
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.scopes import Block, How
from sessionlint.facts.syntax import is_name
from sessionlint.flow.nodes import Nodes

__all__ = ["getters", "is_reached", "is_rebound"]


def getters(body: Nodes, by: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """What gets the result of an expression, innermost first.

    To wait for it, or to take it in the place of something else, gets nothing.
    """
    above, below = list(body.above(by)), by
    while above and (isinstance(above[0], cst.Await) or _other(above[0], below) is not None):
        below = above.pop(0)
    yield from above


def is_reached(evaluator: Evaluator, body: Nodes, by: cst.CSTNode) -> bool:
    """Whether what an expression is the alternative to may be missing.

    A parameter never is whose default is another value, or that a framework fills in.
    """
    below = by
    for around in body.above(by):
        given = _other(around, below)
        if given is not None and not _may_be_missing(evaluator, body.block, given):
            return False
        if given is None and not isinstance(around, cst.Await):
            return True
        below = around
    return True


def is_rebound(body: Nodes, name: cst.CSTNode) -> bool:
    """Whether a name stands where it gets another value if it holds none: `db = db or open()`."""
    if not isinstance(name, cst.Name):
        return False
    below: cst.CSTNode = name
    for around in body.above(name):
        match around:
            case cst.BooleanOperation(operator=cst.Or(), left=left) if left is below:
                below = around
            case cst.IfExp(body=first, orelse=second) if below in {first, second}:
                below = around
            case cst.IfExp(test=test) if test is name:
                return True
            case cst.Assign(targets=[cst.AssignTarget(target=target)], value=value):
                return value is below is not name and is_name(target, name.value)
            case _:
                return False
    return False


def _other(around: cst.CSTNode, one: cst.CSTNode) -> cst.BaseExpression | None:
    """What is taken in the place of one operand, None if that is no alternative to anything."""
    match around:
        case cst.BooleanOperation(left=given, operator=cst.Or(), right=right) if right is one:
            return given
        case cst.IfExp(body=given, orelse=last) if last is one:
            return given
        case cst.IfExp(body=first, orelse=given) if first is one:
            return given
    return None


def _may_be_missing(evaluator: Evaluator, block: Block, given: cst.BaseExpression) -> bool:
    if not isinstance(given, cst.Name):
        return True
    parameters = [one for one in block.bindings(given.value) if one.how is How.PARAMETER]
    return all(
        (one.expression is None or is_name(one.expression, "None"))
        and next(injected(evaluator, one), None) is None
        for one in parameters
    )
