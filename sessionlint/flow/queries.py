"""Queries that a function puts together on a session, and runs later."""

from __future__ import annotations

from typing import Final

import libcst as cst

from sessionlint.facts.scopes import Binding, Block, How
from sessionlint.flow.harmless import COMPOSING, STATED

__all__ = ["queries", "runs"]

_BUILDING: Final = COMPOSING | STATED | {"filter_by", "with_entities", "yield_per"}


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
            and any(_root(one.expression) != name for one in bindings)
        }
    return frozenset(found - {session})


def runs(names: frozenset[str], call: cst.Call) -> bool:
    """Whether a call runs one of the queries of these names: `query.filter(…).all()`."""
    match call.func:
        case cst.Attribute(attr=cst.Name(value=method)):
            return method not in _BUILDING and _root(call) in names
    return False


def _is_query(binding: Binding, names: set[str], session: str) -> bool:
    """Whether a name is given a query of the session, or one that is made of that."""
    call = binding.expression
    if binding.how is not How.VALUE or not isinstance(call, cst.Call) or _root(call) not in names:
        return False
    methods = _methods(call)
    if _root(call) == session:
        is_begun = methods.pop() == "query"
        return is_begun and _BUILDING.issuperset(methods)
    return _BUILDING.issuperset(methods)


def _methods(call: cst.BaseExpression) -> list[str]:
    """The methods of a chain of calls, the last one first."""
    found: list[str] = []
    below = call
    while isinstance(below, cst.Call) and isinstance(below.func, cst.Attribute):
        found.append(below.func.attr.value)
        below = below.func.value
    return found


def _root(call: cst.BaseExpression | None) -> str:
    """The name that a chain of calls begins with, empty if it begins otherwise."""
    below = call
    while isinstance(below, cst.Call) and isinstance(below.func, cst.Attribute):
        below = below.func.value
    return below.value if isinstance(below, cst.Name) else ""
