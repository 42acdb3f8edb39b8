"""What a function gives before anybody has read it, so that no `with` may end its session."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

import libcst as cst

from sessionlint.facts.scopes import Block
from sessionlint.facts.syntax import bare, last_name
from sessionlint.flow.nodes import Nodes
from sessionlint.flow.queries import is_query
from sessionlint.flow.resource import Resource
from sessionlint.flow.unbound import Unbound
from sessionlint.flow.ways import Lifetime
from sessionlint.source.walk import descend

__all__ = ["gives_unread", "gives_unread_of"]

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
    resource = life.resource
    unread = _Unread(resource.block, resource.thing.type.name, resource=resource)
    return bool(life.leaks) and any(
        isinstance(node, cst.Return) and id(node) not in closed and unread.is_it(node.value)
        for node in nodes
    )


def gives_unread_of(body: Nodes, found: Unbound) -> bool:
    """Whether a function returns what can be read only as long as a nameless one is open."""
    unread = _Unread(body.block, found.thing.type.name, acquired=found.acquired)
    return any(unread.is_it(node.value) for node in body.of(cst.Return))


class _Unread(NamedTuple):
    """What a function leaves unread of a resource, or of one without a name where `acquired`."""

    block: Block
    kind: str
    resource: Resource | None = None
    acquired: cst.BaseExpression | None = None

    def is_it(self, value: cst.BaseExpression | None, asked: frozenset[str] = frozenset()) -> bool:
        """Whether a value is a result that nobody has read, is made of one, or has one in it.

        `asked` are the names on the way, of which one that is made of itself says nothing new.
        """

        def is_it(part: cst.BaseExpression) -> bool:
            return self.is_it(part, asked)

        match value if value is None else bare(value):
            case cst.Name(value=name):
                return name in asked or self._is_named(name, asked | {name})
            case cst.Tuple(elements=elements) | cst.List(elements=elements):
                return any(is_it(one.value) for one in elements)
            case cst.Dict(elements=pairs):
                return any(is_it(one.value) for one in pairs)
            case cst.GeneratorExp(for_in=cst.CompFor(iter=read)):
                return is_it(read)
            case cst.IfExp(body=first, orelse=second):
                return is_it(first) or is_it(second)
            case cst.Call(func=cst.Name(value=name), args=args) if name in _LATER:
                return any(self._is_query(a.value) or is_it(a.value) for a in args)
            case cst.Call(func=cst.Attribute(value=owner, attr=cst.Name(value=method))) as call:
                if not self._is_its(owner):
                    return method in _SHAPING and is_it(owner)
                is_of_objects = (self.kind, method) == ("Session", "execute") and _has_objects(call)
                return is_of_objects or method in _OPEN.get(self.kind, ())
        return False

    def _is_its(self, value: cst.BaseExpression) -> bool:
        if self.resource is None:
            return bare(value) is self.acquired
        return self.resource.is_it(value)

    def _is_query(self, value: cst.BaseExpression) -> bool:
        return self.resource is not None and is_query(self.resource, value)

    def _is_named(self, name: str, asked: frozenset[str]) -> bool:
        """Whether a name only ever gets such a result."""
        given = [one.expression for one in self.block.bindings(name)]
        made = [one for one in given if isinstance(one, (cst.Call, cst.Await))]
        is_made = bool(made) and len(made) == len(given)
        return is_made and all(self.is_it(one, asked) for one in made)


def _has_objects(call: cst.Call) -> bool:
    """Whether a statement that is written out selects objects: `select(User).where(…)`."""
    return any(
        isinstance(one, cst.Call)
        and last_name(one.func) == "select"
        and any(isinstance(a.value, cst.Name) and _CLASS.match(a.value.value) for a in one.args)
        for arg in call.args[:1]
        for one in descend(arg)
    )
