"""Statements that do nothing but close the resource."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from itertools import dropwhile, islice
from typing import Final

import libcst as cst

from sessionlint.facts.syntax import bare, is_name, last_name, text_of
from sessionlint.flow.resource import Resource
from sessionlint.rewrite.lists import lines_of, parts_of
from sessionlint.source.below import is_expression
from sessionlint.source.walk import children, descend

__all__ = [
    "behind",
    "closes",
    "ends_pool",
    "ends_with",
    "has_only_closes",
    "is_doubted",
    "is_mere_close",
    "is_spoken",
]

_CLOSES: Final = frozenset({"close", "aclose"})


def is_mere_close(node: cst.CSTNode, resource: Resource) -> bool:
    """Whether a statement closes the resource, asked for or not, and does nothing else.

    That is one which can go; `flow.leaving.is_close` takes other ways to end it for a close, too.
    """
    match node:
        case cst.SimpleStatementLine(body=[cst.Expr(value=value)]) | cst.Expr(value=value):
            return _closes(value, resource)
        case cst.If(test=test, body=body, orelse=None):
            return _asks_for(test, resource.name) and has_only_closes(body, resource)
    return False


def has_only_closes(suite: cst.BaseSuite, resource: Resource) -> bool:
    """Whether all statements of a suite are such."""
    if isinstance(suite, cst.SimpleStatementSuite):
        return all(isinstance(s, cst.Expr) and _closes(s.value, resource) for s in suite.body)
    return all(is_mere_close(statement, resource) for statement in suite.body)


def closes(node: cst.CSTNode, resource: Resource) -> Iterator[cst.CSTNode]:
    """The closing statements below a node, outermost only; or one-line suites of nothing else.

    Of a line with others it is the small statement.
    """
    stack = [node]
    while stack:
        one = stack.pop()
        is_suite = isinstance(one, cst.SimpleStatementSuite) and has_only_closes(one, resource)
        if is_suite or is_mere_close(one, resource):
            yield one
        elif not (is_expression(one) or isinstance(one, (cst.FunctionDef, cst.ClassDef))):
            stack.extend(children(one))


def is_doubted(node: cst.CSTNode, resource: Resource, known: set[int]) -> bool:
    """Whether something below a node ends the resource in another way than `known` statements."""
    expressions = (one for one in _beyond([node], known) if is_expression(one))
    return any(_ends(one, resource) for one in expressions)


def is_spoken(nodes: Iterable[cst.CSTNode], name: str, known: set[int]) -> bool:
    """Whether something speaks of a variable, `known` statements left out."""
    return any(is_name(one, name) for one in _beyond(nodes, known))


def _beyond(nodes: Iterable[cst.CSTNode], known: set[int]) -> Iterator[cst.CSTNode]:
    """Nodes and all that stands below them, `known` statements left out."""
    stack = list(nodes)
    while stack:
        one = stack.pop()
        if id(one) not in known:
            yield one
            stack.extend(children(one))


def behind(nodes: Iterable[cst.CSTNode], known: set[int]) -> set[int]:
    """The ids of the simple statements that follow one of the `known` ones in its list."""
    found: set[int] = set()
    for block in (node for one in nodes for node in descend(one)):
        if isinstance(block, cst.IndentedBlock):
            parts = (part for line in block.body for part in parts_of(line, known))
            later = islice(dropwhile(lambda part: id(part) not in known, parts), 1, None)
            found.update(id(one) for one in later if isinstance(one, cst.BaseSmallStatement))
    return found


def ends_with(last: cst.CSTNode, known: AbstractSet[int]) -> bool:
    """Whether whatever falls through a statement has gone through one of the `known` closes."""
    match last:
        case cst.Try() | cst.TryStar() if last.finalbody is not None:
            lines = lines_of(last.finalbody.body)
            return any(id(part) in known for one in lines for part in parts_of(one, known))
    return id(parts_of(last, known)[-1]) in known


def ends_pool(statements: Iterable[cst.CSTNode], resource: Resource) -> bool:
    """Whether something closes the pool that the resource is from, which waits for it to be back.

    Source: `Pool.close` of asyncpg, `Pool.wait_closed` of aiomysql.
    """
    calls = (node for one in statements for node in descend(one) if isinstance(node, cst.Call))
    ends = (call.func for call in calls if last_name(call.func) in {"close", "wait_closed"})
    pools = [text_of(one.value) for one in ends if isinstance(one, cst.Attribute)]
    pool = _pool(resource)
    return bool(pool) and pool in pools


def _closes(value: cst.BaseExpression, resource: Resource) -> bool:
    match bare(value):
        case cst.Call(func=cst.Attribute(value=owner, attr=method), args=[]):
            return is_name(owner, resource.name) and method.value in _CLOSES and _is_exact(resource)
        case cst.Call(func=cst.Attribute(value=pool, attr=method), args=[cst.Arg(value=given)]):
            returned = method.value == "release" and is_name(given, resource.name)
            return returned and _pool(resource) == text_of(pool)
    return False


def _is_exact(resource: Resource) -> bool:
    """Whether `close` does what the `with` does: a pooled connection is given back, not closed."""
    return resource.thing.type.name != "asyncpg.PoolConnection"


def _pool(resource: Resource) -> str:
    match bare(resource.acquired):
        case cst.Call(func=cst.Attribute(value=owner)):
            return text_of(owner)
    return ""


def _ends(node: cst.BaseExpression, resource: Resource) -> bool:
    match node:
        case cst.Attribute(value=owner, attr=method):
            return is_name(owner, resource.name) and resource.thing.type.is_release(method.value)
        case cst.Call(func=cst.Attribute(attr=cst.Name(value="release" | "putconn")), args=args):
            return any(is_name(arg.value, resource.name) for arg in args)
    return False


def _asks_for(test: cst.BaseExpression, name: str) -> bool:
    """Whether a condition asks for nothing but that there is a resource, and an open one."""
    match test:
        case cst.Name(value=value):
            return value == name
        case cst.Attribute(value=owner, attr=cst.Name(value="is_active")):
            return is_name(owner, name)
        case cst.Call(func=cst.Name(value="hasattr"), args=[asked, method]):
            return is_name(asked.value, name) and _is_of_close(method.value)
        case cst.BooleanOperation(left=left, operator=cst.And(), right=right):
            return _asks_for(left, name) and _asks_for(right, name)
        case cst.UnaryOperation(operator=cst.Not(), expression=cst.Call(func=asked, args=[])):
            return _is_state(asked, name)
        case cst.UnaryOperation(operator=cst.Not(), expression=asked):
            return _is_state(asked, name)
        case cst.Comparison(
            left=cst.Name(value=value),
            comparisons=[
                cst.ComparisonTarget(
                    operator=cst.IsNot() | cst.NotEqual(), comparator=cst.Name(value="None")
                )
            ],
        ):
            return value == name
    return False


def _is_of_close(method: cst.BaseExpression) -> bool:
    return isinstance(method, cst.SimpleString) and method.evaluated_value in _CLOSES


def _is_state(asked: cst.BaseExpression, name: str) -> bool:
    """`conn.is_closed`, or `conn.closed`: what is closed already may be closed again."""
    match asked:
        case cst.Attribute(value=owner, attr=cst.Name(value="is_closed" | "closed")):
            return is_name(owner, name)
    return False
