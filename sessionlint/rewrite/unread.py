"""What a function gives before anybody has read it, so that no `with` may end its session."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import libcst as cst

from sessionlint.facts.scopes import Binding, Block, How
from sessionlint.facts.syntax import bare, last_name
from sessionlint.flow.leaving import is_about
from sessionlint.flow.nodes import Nodes
from sessionlint.flow.queries import is_composed, users
from sessionlint.flow.resource import Resource
from sessionlint.flow.unbound import Unbound
from sessionlint.flow.ways import Lifetime
from sessionlint.source.walk import descend

__all__ = ["gives_unread", "gives_unread_of", "reaching"]

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


def reaching(resource: Resource) -> frozenset[str]:
    """The variables by which the database can be asked: itself, its queries, what is made of it."""
    made = users(resource.evaluator, resource.block, resource.names)
    return resource.names | resource.queries | made


def gives_unread_of(body: Nodes, found: Unbound) -> bool:
    """Whether a function returns what can be read only as long as a nameless one is open."""
    unread = _Unread(body.block, found.thing.type.name, acquired=found.acquired)
    return any(unread.is_it(node.value) for node in body.of(cst.Return))


class _Unread(NamedTuple):
    """What a function leaves unread of a resource, or of one without a name where `acquired`.

    Where it `is_shaped`, by `.scalars()` for instance, what is executed counts whatever it selects.
    """

    block: Block
    kind: str
    resource: Resource | None = None
    acquired: cst.BaseExpression | None = None
    is_shaped: bool = False

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
            case cst.GeneratorExp(elt=made, for_in=cst.CompFor(iter=read) as turns):
                later = (made, *turns.ifs, turns.inner_for_in)
                return self._is_query(read) or is_it(read) or any(map(self._is_spoken_in, later))
            case cst.IfExp(body=first, orelse=second):
                return is_it(first) or is_it(second)
            case cst.Call(func=cst.Name(value=name), args=args) if name in _LATER:
                return any(self._is_query(a.value) or is_it(a.value) for a in args)
            case cst.Call(func=cst.Attribute(value=owner, attr=cst.Name(value=method))) as call:
                if not self._is_its(owner):
                    return method in _SHAPING and self._replace(is_shaped=True).is_it(owner, asked)
                is_executed = (self.kind, method) == ("Session", "execute")
                is_of_objects = is_executed and (self.is_shaped or self._has_objects(call))
                return is_of_objects or method in _OPEN.get(self.kind, ())
        return False

    def _is_its(self, value: cst.BaseExpression) -> bool:
        if self.resource is None:
            return bare(value) is self.acquired
        return self.resource.is_it(value)

    def _is_query(self, value: cst.BaseExpression) -> bool:
        return self.resource is not None and is_composed(self.resource, value)

    def _is_named(self, name: str, asked: frozenset[str]) -> bool:
        """Whether a name only ever gets such a result."""
        given = self.block.bindings(name)
        made = [one.expression for one in given if one.how is How.VALUE and _is_made(one)]
        is_made = bool(made) and len(made) == len(given)
        return is_made and all(self.is_it(one, asked) for one in made)

    def _is_spoken_in(self, part: cst.CSTNode | None) -> bool:
        """Whether what runs later speaks of the resource, or of what asks it for more."""
        if self.resource is None or part is None:
            return False
        return is_about(self.block, reaching(self.resource), part)

    def _has_objects(self, call: cst.Call) -> bool:
        """Whether a statement selects objects, be it by its name: `select(User).where(…)`."""
        return any(map(_selects_objects, self._statements(call)))

    def _statements(self, call: cst.Call) -> Iterator[cst.CSTNode]:
        """What is executed as it is written out, or what its name is given."""
        for arg in call.args[:1]:
            yield arg
            if isinstance(arg.value, cst.Name):
                bindings = self.block.bindings(arg.value.value)
                yield from (one.expression for one in bindings if one.expression is not None)


def _selects_objects(statement: cst.CSTNode) -> bool:
    return any(
        isinstance(one, cst.Call)
        and last_name(one.func) == "select"
        and any(isinstance(a.value, cst.Name) and _CLASS.match(a.value.value) for a in one.args)
        for one in descend(statement)
    )


def _is_made(binding: Binding) -> bool:
    return isinstance(binding.expression, (cst.Call, cst.Await, cst.GeneratorExp))
