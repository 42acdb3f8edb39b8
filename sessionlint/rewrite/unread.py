"""What a function gives before anybody has read it, so that no `with` may end its session."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import libcst as cst

from sessionlint.facts.syntax import bare, last_name
from sessionlint.flow.queries import is_query
from sessionlint.flow.resource import Resource
from sessionlint.flow.ways import Lifetime
from sessionlint.source.walk import descend

__all__ = ["gives_unread"]

_OPEN: Final = {
    "Session": frozenset({"scalars", "exec"}),
    "AsyncSession": frozenset({"stream", "stream_scalars"}),
    "AsyncConnection": frozenset({"stream", "stream_scalars"}),
}
"""Methods whose result fails once what it is from is closed.

Source: an ORM result reads its rows when it is asked, and adds them to the session then; that of an
`AsyncSession` has read them, but for streams, of which the connection has a cursor.
"""

_SHAPING: Final = frozenset("unique mappings scalars columns yield_per partitions tuples".split())
"""Methods of a result that give another one, and read nothing."""

_CLASS: Final = re.compile(r"_?[A-Z]\w*[a-z]")
_LATER: Final = frozenset({"map", "filter", "iter", "enumerate", "zip"})
"""Built-ins that read what they are given when they are asked."""


def gives_unread(life: Lifetime, nodes: Iterable[cst.CSTNode], closed: set[int]) -> bool:
    """Whether one of the nodes returns what can be read only as long as the resource is open.

    `closed` are the ids of the statements that stand behind a close. Where it is closed on every
    way out, nobody can read it as it is.
    """
    return bool(life.leaks) and any(
        isinstance(node, cst.Return)
        and id(node) not in closed
        and node.value is not None
        and _is_unread(life.resource, bare(node.value))
        for node in nodes
    )


def _is_unread(
    resource: Resource, value: cst.BaseExpression, asked: frozenset[str] = frozenset()
) -> bool:
    """Whether a value is a result that nobody has read, is made of one, or has one in it.

    `asked` are the names on the way, of which one that is made of itself says nothing new.
    """

    def is_unread(part: cst.BaseExpression) -> bool:
        return _is_unread(resource, bare(part), asked)

    match value:
        case cst.Name(value=name):
            given = [one.expression for one in resource.block.bindings(name)]
            made = [bare(one) for one in given if isinstance(one, (cst.Call, cst.Await))]
            is_made = bool(made) and len(made) == len(given)
            inside = asked | {name}
            return name in asked or (
                is_made and all(_is_unread(resource, one, inside) for one in made)
            )
        case cst.Tuple(elements=elements) | cst.List(elements=elements):
            return any(is_unread(one.value) for one in elements)
        case cst.IfExp(body=first, orelse=second):
            return is_unread(first) or is_unread(second)
        case cst.Call(func=cst.Name(value=name), args=args) if name in _LATER:
            return any(is_query(resource, a.value) or is_unread(a.value) for a in args)
        case cst.Call(func=cst.Attribute(value=owner, attr=cst.Name(value=method))):
            if isinstance(owner, cst.Name) and owner.value in resource.names:
                kind = resource.thing.type.name
                is_of_objects = (kind, method) == ("Session", "execute") and _has_objects(value)
                return is_of_objects or method in _OPEN.get(kind, ())
            return method in _SHAPING and is_unread(owner)
    return False


def _has_objects(call: cst.Call) -> bool:
    """Whether a statement that is written out selects objects: `select(User).where(…)`."""
    return any(
        isinstance(one, cst.Call)
        and last_name(one.func) == "select"
        and any(isinstance(a.value, cst.Name) and _CLASS.match(a.value.value) for a in one.args)
        for arg in call.args[:1]
        for one in descend(arg)
    )
