"""What a function gives before anybody has read it, so that no `with` may end its session."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import libcst as cst

from sessionlint.facts.syntax import bare
from sessionlint.flow.queries import is_query
from sessionlint.flow.resource import Resource

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

_LATER: Final = frozenset({"map", "filter", "iter", "enumerate", "zip"})
"""Built-ins that read what they are given when they are asked."""


def gives_unread(resource: Resource, nodes: Iterable[cst.CSTNode], closed: set[int]) -> bool:
    """Whether one of the nodes returns what can be read only as long as the resource is open.

    `closed` are the ids of the statements that stand behind a close.
    """
    return any(
        isinstance(node, cst.Return)
        and id(node) not in closed
        and node.value is not None
        and _is_unread(resource, bare(node.value))
        for node in nodes
    )


def _is_unread(resource: Resource, value: cst.BaseExpression) -> bool:
    """Whether a value is a result that nobody has read, or is made of one."""
    match value:
        case cst.Call(func=cst.Name(value=name), args=args) if name in _LATER:
            return any(is_query(resource, a.value) or _is_unread(resource, a.value) for a in args)
        case cst.Call(func=cst.Attribute(value=owner, attr=cst.Name(value=method))):
            if isinstance(owner, cst.Name) and owner.value in resource.names:
                return method in _OPEN.get(resource.thing.type.name, ())
            return method in _SHAPING and _is_unread(resource, bare(owner))
    return False
