"""Queries that a function puts together on a session and runs later, and objects that have it."""

from __future__ import annotations

from typing import Final

import libcst as cst

from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.holding import kept_as
from sessionlint.facts.scopes import Binding, Block, How
from sessionlint.facts.syntax import last_name
from sessionlint.facts.values import ClassValue
from sessionlint.flow.harmless import COMPOSING, STATED
from sessionlint.flow.resource import Resource
from sessionlint.source.walk import descend

__all__ = ["is_composed", "is_query", "queries", "reaches", "runs", "users"]

_ELSEWHERE: Final = frozenset({"with_session"})
"""Methods that give a query of another session."""

_BUILDING: Final = COMPOSING | STATED | {"filter_by", "with_entities", "yield_per"}
_ASKING: Final = frozenset({"list", "tuple", "set", "sorted", "enumerate", "next"})
"""Functions that ask a query for its rows."""


def queries(block: Block, session: str) -> frozenset[str]:
    """The names that only ever hold a query on a session, `query = session.query(User)`."""
    found: set[str] = set()
    news = {session}
    while news - found:
        found |= news
        news = {
            name
            for name, bindings in block.names.items()
            if all(_is_query(one, found | {name}, session) for one in bindings)
            and any(_chain(one.expression)[0] != name for one in bindings)
        }
    return frozenset(found - {session})


def is_query(resource: Resource, value: cst.BaseExpression) -> bool:
    """Whether a value is a query on a session that nobody has run yet, be it by its name."""
    is_named = _chain(value)[0] in resource.queries
    return is_composed(resource, value) and not (is_named and _is_run(resource))


def is_composed(resource: Resource, value: cst.BaseExpression) -> bool:
    """Whether a value is a query on a session, and not what running it gives."""
    root, methods = _chain(value)
    is_begun = root in resource.names and bool(methods) and methods.pop() == "query"
    return (is_begun or root in resource.queries) and _BUILDING.issuperset(methods)


def _is_run(resource: Resource) -> bool:
    """Whether anything runs a query of the resource that has a name."""
    names = resource.queries
    return any(
        (isinstance(node, cst.Call) and runs(names, node))
        or (isinstance(node, (cst.For, cst.CompFor)) and _chain(node.iter)[0] in names)
        for node in descend(resource.block.node)
    )


def runs(names: frozenset[str], call: cst.Call) -> bool:
    """Whether a call runs one of the queries of these names: `query.filter(…).all()`."""
    if not names:
        return False
    match call:
        case cst.Call(func=cst.Name(value=name), args=[cst.Arg(value=given), *_]):
            root, methods = _chain(given)
            return name in _ASKING and root in names and _BUILDING.issuperset(methods)
    root, methods = _chain(call)
    is_run = bool(methods) and methods[0] not in _BUILDING and _ELSEWHERE.isdisjoint(methods)
    return is_run and root in names


def users(evaluator: Evaluator, block: Block, names: frozenset[str]) -> frozenset[str]:
    """The variables that only ever hold an object made with a session: `orders = Orders(db)`.

    A class of the project has to keep it, for another may have read what it needs.
    """
    return frozenset(
        name
        for name, bindings in block.names.items()
        if name not in names
        and all(_is_made_with(evaluator, block, one.expression, names) for one in bindings)
    )


def _is_made_with(
    evaluator: Evaluator, block: Block, value: cst.BaseExpression | None, names: frozenset[str]
) -> bool:
    if not isinstance(value, cst.Call) or not last_name(value.func).lstrip("_")[:1].isupper():
        return False
    given = [one for one in value.args if type(one.value) is cst.Name and one.value.value in names]
    if not given or not isinstance(evaluator.value(value.func, block), ClassValue):
        return bool(given)
    return any(kept_as(evaluator, block, value, one) for one in given)


def reaches(names: frozenset[str], call: cst.Call) -> bool:
    """Whether a call is of a method of one of these names, or of what such a method gives."""
    if not names:
        return False
    root, methods = _chain(call)
    return bool(methods) and root in names


def _is_query(binding: Binding, names: set[str], session: str) -> bool:
    """Whether a name is given a query of the session, or one that is made of that."""
    root, methods = _chain(binding.expression)
    if binding.how is not How.VALUE or not methods or root not in names:
        return False
    is_begun = root != session or methods.pop() == "query"
    return is_begun and _BUILDING.issuperset(methods)


def _chain(value: cst.BaseExpression | None) -> tuple[str, list[str]]:
    """The name that a chain of calls begins with, and its methods, the last one first.

    The name is empty if it begins otherwise.
    """
    methods: list[str] = []
    below = value
    while isinstance(below, cst.Call) and isinstance(below.func, cst.Attribute):
        methods.append(below.func.attr.value)
        below = below.func.value
    return (below.value if isinstance(below, cst.Name) else ""), methods
