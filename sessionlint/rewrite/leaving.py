"""What was loaded through a resource and may outlive it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import libcst as cst

from sessionlint.facts.scopes import Block
from sessionlint.facts.syntax import dotted, last_name, names_in, targets_of
from sessionlint.facts.values import Thing
from sessionlint.flow.harmless import SAFE_CALLS, is_logging
from sessionlint.flow.resource import Resource
from sessionlint.rewrite.adopting import ADOPTING, KEEPING
from sessionlint.rewrite.reached import captured, instances, names_of, reached
from sessionlint.source.walk import children, descend

__all__ = ["Loaded"]

_VALUES: Final = frozenset("len int float bool str repr isinstance any all hash round".split())
"""Built-ins whose result holds on to nothing."""

_PLAIN: Final = frozenset(
    "count rowcount commit flush rollback close add add_all delete is_active isoformat "
    "in_transaction".split()
)
"""Methods and attributes of sessions and results that give a plain value, or None."""

_OWN: Final = frozenset("commit flush rollback close add add_all".split())
"""Those of them that anything made around a session may have, too, and give what it likes."""

_FETCHING: Final = frozenset(
    "fetchall fetchone fetchmany all first one one_or_none scalar scalar_one scalar_one_or_none "
    "fetch fetchrow fetchval".split()
)
_COLLECTING: Final = frozenset("list tuple dict set sorted sum max min".split())
"""What takes rows out of a result; they are plain, except for objects that a session keeps."""

_GIVING: Final[frozenset[type[cst.CSTNode]]] = frozenset(
    {
        cst.Assign,
        cst.AnnAssign,
        cst.AugAssign,
        cst.NamedExpr,
        cst.Match,
        cst.For,
        cst.CompFor,
        cst.WithItem,
        cst.FunctionDef,
        cst.ClassDef,
        cst.Call,
    }
)
"""What may give a name something to hold."""


class Loaded:
    """The names of a region that may hold something which still needs the resource."""

    def __init__(
        self, name: str, thing: Thing, block: Block, region: Sequence[cst.CSTNode]
    ) -> None:
        self._name = name
        self._declared = block.declared
        self._is_session = thing.type.is_session
        self.names: frozenset[str] = frozenset({name})
        nodes = [node for statement in region for node in descend(statement)]
        self._nodes = nodes
        giving = [node for node in nodes if node.__class__ in _GIVING]
        self._made = frozenset(name for node in giving for name in instances(node))
        self._parameters = frozenset(one.name.value for one in block.parameters)
        self._variables = frozenset(block.names) - self._parameters
        known = -1
        while known < len(self.names):
            known = len(self.names)
            self.names |= {name for node in giving for name in self._given(node)}

    @classmethod
    def through(cls, resource: Resource, region: Sequence[cst.CSTNode]) -> Loaded:
        """What statements load through a resource."""
        return cls(resource.name, resource.thing, resource.block, region)

    def is_in(self, node: cst.CSTNode) -> bool:
        """Whether one of the names, the resource's own among them, is spoken in a node."""
        return not self.names.isdisjoint(names_in(node))

    def results(self) -> Iterator[cst.CSTNode]:
        """The statements that give the caller something loaded."""
        for node in self._nodes:
            if isinstance(node, (cst.Return, cst.Yield)) and self._carries(node.value):
                yield node

    def kept(self) -> Iterator[cst.CSTNode]:
        """The places that store something loaded or pass it on."""
        for node in self._nodes:
            if isinstance(node, (cst.Assign, cst.AnnAssign, cst.AugAssign)):
                if self._carries(node.value) and any(self._is_outside(t) for t in targets_of(node)):
                    yield node
            elif isinstance(node, cst.Call) and self._passes_on(node):
                yield node

    def stores(self) -> Iterator[cst.CSTNode]:
        """The places that put something loaded where it stays when the function has ended."""
        for node in self._nodes:
            if isinstance(node, (cst.Assign, cst.AnnAssign, cst.AugAssign)):
                if self._carries(node.value) and any(map(self._stays, targets_of(node))):
                    yield node
            elif isinstance(node, cst.Call) and any(self._carries(a.value) for a in node.args):
                # Whatever a caller gives to be called may keep what it gets.
                keeper = node.func.value if isinstance(node.func, cst.Attribute) else node.func
                is_keeping = keeper is node.func or last_name(node.func) in KEEPING
                if is_keeping and not self._parameters.isdisjoint(self._others(keeper)):
                    yield node

    def _stays(self, target: cst.CSTNode) -> bool:
        """Whether what a value is put into outlives the function, and is not loaded itself."""
        if isinstance(target, (cst.Tuple, cst.List)):
            return any(self._stays(element.value) for element in target.elements)
        if isinstance(target, cst.Name):
            return target.value in self._declared
        return not self._others(target) <= self._variables

    def _others(self, value: cst.CSTNode) -> set[str]:
        """The names through which a value is reached that hold nothing loaded."""
        return set(reached(value)) - self.names

    def _is_outside(self, target: cst.CSTNode) -> bool:
        if isinstance(target, (cst.Tuple, cst.List)):
            return any(self._is_outside(element.value) for element in target.elements)
        return not isinstance(target, cst.Name) or target.value in self._declared

    def _passes_on(self, call: cst.Call) -> bool:
        owner = call.func.value if isinstance(call.func, cst.Attribute) else None
        name = last_name(call.func)
        values = [arg.value for arg in call.args]
        given = [value for value in values if not self._is_it(value)]
        if len(given) < len(values):
            # `save(session, user)` puts a new object into the session and nowhere else.
            given = [value for value in given if self._made.isdisjoint(reached(value))]
        if not any(self._carries(value) for value in given):
            return False
        if (owner is not None and self._carries(owner)) or not self._is_session:
            # A cursor given to a function is a loan; an object of a session may load more later.
            return name in KEEPING and not self._is_it(owner)
        is_logged = owner is not None and is_logging(owner, name)
        harmless = SAFE_CALLS | _VALUES | _COLLECTING
        return not is_logged and (dotted(call.func) or "") not in harmless

    def _is_it(self, node: cst.CSTNode | None) -> bool:
        return isinstance(node, cst.Name) and node.value == self._name

    def _given(self, node: cst.CSTNode) -> Iterator[str]:
        match node:
            case cst.Assign() | cst.AnnAssign() | cst.AugAssign():
                yield from self._bound(targets_of(node), node.value)
            case cst.Match(subject=subject, cases=cases):
                if self._carries(subject):
                    yield from (name for one in cases for name in captured(one.pattern))
            case cst.NamedExpr(target=target, value=value):
                if self._carries(value):
                    yield from names_of([target])
            case cst.For(target=target, iter=source) | cst.CompFor(target=target, iter=source):
                yield from self._bound([target], source)
            case cst.WithItem(item=item, asname=cst.AsName(name=target)):
                if self._carries(item):
                    yield from names_of([target])
            case cst.FunctionDef(name=name) | cst.ClassDef(name=name):
                # It may be called later, when what it speaks of is asked for more.
                if self.is_in(node.body):
                    yield name.value
            case cst.Call():
                yield from self._held_by(node)

    def _bound(self, targets: Iterable[cst.CSTNode], value: cst.CSTNode | None) -> Iterator[str]:
        """The names of targets that get something loaded, or that of which such a target is made.

        Source: a session adopts by cascade, as `Item(user=user)` does in both directions.
        """
        names = list(names_of(targets))
        if self._carries(value):
            yield from names
        elif self._is_session and not self.names.isdisjoint(names):
            yield from self._sources(value)

    def _held_by(self, call: cst.Call) -> Iterator[str]:
        """The names that hold more than before once something is called."""
        given = [arg.value for arg in call.args]
        match call.func:
            case cst.Attribute(value=cst.Name(value=holder), attr=cst.Name(value=method)):
                if method in KEEPING and any(map(self._carries, given)):
                    yield holder
                if self._is_session and holder == self._name and method in ADOPTING:
                    yield from (name for value in given for name in self._sources(value))
            case cst.Attribute(value=owner, attr=cst.Name(value=method)):
                if self._is_session and method in KEEPING and self._carries(owner):
                    yield from self._made_among(given)
        if self._is_session and any(map(self._is_it, given)):
            # Whoever gets both may add the one to the other.
            yield from self._made_among(given)

    def _sources(self, value: cst.CSTNode | None) -> Iterator[str]:
        """The names out of which a value is taken, and those of what it is made with."""
        match value:
            case cst.Call(args=args):
                yield from self._made_among(arg.value for arg in args)
            case cst.GeneratorExp(elt=cst.Call(args=args)) | cst.ListComp(elt=cst.Call(args=args)):
                made_with = (*(arg.value for arg in args), value.for_in.iter)
                yield from self._made_among(made_with)
        if value is not None:
            yield from reached(value)

    def _made_among(self, values: Iterable[cst.CSTNode]) -> Iterator[str]:
        """The names through which values are reached that hold what was made in the region."""
        names = (name for value in values for name in reached(value))
        yield from (name for name in names if name in self._made)

    def _carries(self, value: cst.CSTNode | None) -> bool:
        """Whether a value may need the resource."""
        match value:
            case None:
                return False
            case cst.From(item=item):
                return self._carries(item)
            case cst.Name(value=name):
                return name in self.names
            case cst.Comparison() | cst.FormattedString() | cst.UnaryOperation():
                return False
            case cst.Attribute(value=owner, attr=name):
                return name.value not in _PLAIN and self._carries(owner)
            case cst.Call():
                return self._gives(value)
            case cst.IfExp(body=first, orelse=second):
                return self._carries(first) or self._carries(second)
            case cst.CompFor() | cst.Lambda():
                return self.is_in(value)
        return any(self._carries(below) for below in children(value))

    def _gives(self, call: cst.Call) -> bool:
        name = last_name(call.func)
        owner = call.func.value if isinstance(call.func, cst.Attribute) else None
        if owner is None:
            is_value = name in (_VALUES if self._is_session else _VALUES | _COLLECTING)
        elif isinstance(owner, cst.Name) and name in _OWN and not self._is_it(owner):
            is_value = False
        else:
            is_value = name in (_PLAIN if self._is_session else _PLAIN | _FETCHING)
        if is_value:
            return False
        return self._carries(owner) or any(self._carries(arg.value) for arg in call.args)
