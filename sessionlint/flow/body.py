"""What is asked of one block's statements about a resource."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from itertools import islice, takewhile
from typing import Final

import libcst as cst

from sessionlint.facts.catalog import TYPES, Kind
from sessionlint.facts.conventions import (
    AWAITED,
    CONNECTION_CALLS,
    DATABASE_CALLS,
    OTHERS_CALLS,
    PARTIAL,
    is_of_database,
)
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.receivers import CLOSING
from sessionlint.facts.scopes import Binding, How
from sessionlint.facts.syntax import JUMPS, is_name, last_name
from sessionlint.facts.values import Thing
from sessionlint.facts.worth import DATABASE
from sessionlint.flow.beside import beside
from sessionlint.flow.conditions import flag_texts, tells
from sessionlint.flow.expiring import loaded
from sessionlint.flow.harmless import PANDAS, SHELLS
from sessionlint.flow.holders import holders
from sessionlint.flow.inner import closes, inner
from sessionlint.flow.later import left_to, outlasted
from sessionlint.flow.leaving import is_closed_at_last
from sessionlint.flow.loops import is_left_behind, takes_one_turn
from sessionlint.flow.nodes import Nodes
from sessionlint.flow.queries import queries, users
from sessionlint.flow.repeated import read_again
from sessionlint.flow.resource import Resource
from sessionlint.source.walk import descend

__all__ = ["Body"]

_MOST_FLAGS: Final = 4
_REACHING: Final = frozenset({"locals", *(name.rpartition(".")[2] for name in SHELLS)})
"""Functions that reach every variable."""
_BINDING: Final = (cst.AssignTarget, cst.AnnAssign, cst.AsName)
"""What a name stands directly below where a statement binds it."""


class Body(Nodes):
    """One block's statements, and what they make of a resource."""

    def confirmed(self, thing: Thing, name: str) -> Thing | None:
        """A guess that the use of its name bears out."""
        used = {node.attr.value for node in self.of(cst.Attribute) if is_name(node.value, name)}
        if used & OTHERS_CALLS:
            return None
        # The session of a web page expires, too, but as a whole.
        used -= PARTIAL & self._called_bare(name)
        is_database = is_of_database(thing, self.block.home)
        evidence = CONNECTION_CALLS if is_database else DATABASE_CALLS
        is_connection = is_database and thing.type.kind is Kind.CONNECTION
        is_used = used & evidence or (is_connection and self._reads_frames(name))
        return thing if is_used else None

    def _reads_frames(self, name: str) -> bool:
        """Whether pandas is given what has a name: it takes a connection, and little else."""
        asked = (call for call in self.of(cst.Call) if last_name(call.func) in PANDAS)
        return any(is_name(arg.value, name) for call in asked for arg in call.args)

    def typed(self, thing: Thing, name: str) -> Thing:
        """What a name holds, with the type that its awaits show.

        A maker may be annotated as `sessionmaker`, whatever sessions it makes.
        """
        kind = AWAITED.get(thing.type.name)
        if kind is None or not any(_is_awaited(one, name) for one in self.of(cst.Await)):
            return thing
        return replace(thing, type=TYPES[kind])

    def _called_bare(self, name: str) -> set[str]:
        """The methods of a name that are called without arguments."""
        return {
            last_name(node.func)
            for node in self.of(cst.Call)
            if not node.args and type(node.func) is cst.Attribute and is_name(node.func.value, name)
        }

    def resource(self, evaluator: Evaluator, binding: Binding, thing: Thing, name: str) -> Resource:
        """The resource with everything its interpretation needs to know of the block."""
        assert binding.node is not None
        names = frozenset({name, *self._aliases(name), *_chained(binding.node)})
        resource = Resource(
            evaluator,
            self.block,
            binding,
            thing,
            name,
            names,
            alone=self._alone,
            read_again=self._read_again,
        )
        if isinstance(binding.expression, cst.ListComp):
            resource.members = frozenset(self._members(name))
        resource.beside = {
            one: truth
            for one, truth in beside(evaluator, binding).items()
            if truth is not None or self._tells_apart(one, resource)
        }
        resource.flags = self._flags(resource)
        resource.inner = inner(self, resource)
        if "query" in self.named and thing.type.is_session:
            resource.queries = queries(self.block, name)
        if thing.type.is_session and "commit" in self.named:
            # Nothing else asks whether one that is idle is used again.
            resource.users = users(evaluator, self.block, names)
            if thing.is_expiring:
                resource.loaded = loaded(self, names)
        resource.concerned = self.speaking(resource.watched | self._reaching)
        resource.is_closed_at_last = is_closed_at_last(resource, self._finals)
        if not resource.is_closed_at_last:
            resource.holders = holders(resource, self)
            later = left_to(resource, self)
            resource.left_to = {id(one.carrier): one for one in later}
            resource.outlasted = outlasted(later, self)
        resource.branches = tuple(
            node for node in self.above(binding.node) if isinstance(node, (cst.If, cst.Match))
        )
        loop = self._loop(evaluator, binding)
        resource.is_waited_for = is_left_behind(
            self.above(binding.node), loop, name
        ) or self._is_renewed(loop, name)
        resource.loop = None if resource.is_waited_for else loop
        return resource

    @cached_property
    def _reaching(self) -> frozenset[str]:
        """The names in the block of what may close what it is not given."""
        return frozenset(one for one in self.named if one in _REACHING or CLOSING.search(one))

    @cached_property
    def _alone(self) -> frozenset[int]:
        """The expressions that stand alone as a statement."""
        return frozenset(id(node.value) for node in self.of(cst.Expr))

    @cached_property
    def _read_again(self) -> frozenset[int]:
        """The attributes of parameters that could be read before."""
        return frozenset(id(one) for one in read_again(self))

    @cached_property
    def _finals(self) -> list[cst.Finally]:
        """The `finally` clauses of the block itself."""
        return [one for one in self.of(cst.Finally) if not self.is_inside(one)]

    def _aliases(self, name: str) -> Iterator[str]:
        """Names that are given the resource and nothing else."""
        for alias, bindings in self.block.names.items():
            if alias != name and alias not in self.block.declared:
                values = [binding.expression for binding in bindings]
                is_plain = all(binding.how is How.VALUE for binding in bindings)
                if is_plain and all(is_name(value, name) for value in values):
                    yield alias

    def _loop(self, evaluator: Evaluator, binding: Binding) -> cst.CSTNode | None:
        """The loop that acquires anew at every turn: a comprehension, or the innermost around."""
        if isinstance(binding.expression, cst.ListComp):
            return binding.expression
        assert binding.node is not None
        below = binding.node
        for node in self.above(binding.node):
            is_inside = isinstance(node, (cst.For, cst.While)) and below is node.body
            if is_inside and not takes_one_turn(evaluator, self.block, node):
                return node
            below = node
        return None

    def _is_renewed(self, loop: cst.CSTNode | None, name: str) -> bool:
        """Whether a loop works with what a name had before it, and acquires anew in between."""
        if not isinstance(loop, (cst.For, cst.While)):
            return False
        spoken = (node for node in descend(loop.body) if is_name(node, name))
        if not any(map(self._is_work, takewhile(self._is_no_target, spoken))):
            return False
        inside = {id(node) for node in descend(loop)}
        before = (one for one in self.block.bindings(name) if id(one.node) not in inside)
        return any(isinstance(one.expression, cst.Call) for one in before)

    def _is_no_target(self, name: cst.CSTNode) -> bool:
        return not isinstance(next(self.above(name)), _BINDING)

    def _is_work(self, name: cst.CSTNode) -> bool:
        """Whether a method of the database is called on what has a name."""
        match list(islice(self.above(name), 2)):
            case [cst.Attribute(attr=cst.Name(value=method)), cst.Call()]:
                return method in DATABASE
        return False

    def _members(self, name: str) -> Iterator[str]:
        """The names that loops over a list of resources give to each of them."""
        loops: list[cst.For | cst.CompFor] = [*self.of(cst.For), *self.of(cst.CompFor)]
        for node in loops:
            match node.target, node.iter:
                case cst.Name(value=target), cst.Name(value=of) if of == name:
                    yield target

    def _flags(self, resource: Resource) -> tuple[str, ...]:
        """Conditions without calls that guard the acquisition or a mention of the resource."""
        counts: Counter[str] = Counter()
        tested = [
            (node, texts)
            for node in self.nodes
            if type(node) is cst.If or type(node) is cst.IfExp or type(node) is cst.While
            if (texts := list(flag_texts(node.test)))
        ]
        speaking = self.speaking(resource.names if tested else frozenset())
        for node, texts in tested:
            # Conditions that guard the resource itself come first.
            counts.update(texts)
            if any(id(part) in speaking for part in _branches(node)):
                counts.update(texts * _MOST_FLAGS)
        tests = Counter(text for _, texts in tested for text in texts)
        for name in list(tests):
            # `own = db is None` asks, too, where `own` is asked.
            given = (one.expression for one in self.block.names.get(name, ()))
            tests.update(text for value in given if value is not None for text in flag_texts(value))
        worth = [
            text
            for text, count in counts.most_common()
            if count > _MOST_FLAGS + 1 or self._is_worth_knowing(resource, text, tests[text])
        ]
        return tuple(worth[:_MOST_FLAGS])

    def _tells_apart(self, name: str, resource: Resource) -> bool:
        """Whether a condition about a variable decides on a way out, or on a close."""
        return any(
            isinstance(part, JUMPS) or closes(part, resource)
            for node in self.of(cst.If)
            if name in {one.removesuffix(" is None") for one in flag_texts(node.test)}
            for part in descend(node)
        )

    def _is_worth_knowing(self, resource: Resource, text: str, tests: int) -> bool:
        """Whether a condition about a variable is asked again, or known before it is asked."""
        name = text.removesuffix(" is None")
        bindings = self.block.names.get(name, ())
        given = [one.expression for one in bindings if one.how is How.VALUE]
        is_told = name in resource.beside or any(value and tells(value) for value in given)
        return is_told or (tests > 1 and bool(given))

    def closes(self, resource: Resource) -> bool:
        """Whether the block closes a resource anywhere."""
        return any(closes(node, resource) for node in self.of(cst.Attribute))


def _is_awaited(node: cst.Await, name: str) -> bool:
    """Whether it is a method of what has a name that is awaited."""
    match node.expression:
        case cst.Call(func=cst.Attribute(value=owner)):
            return is_name(owner, name)
    return False


def _chained(node: cst.CSTNode) -> Iterator[str]:
    """All names that `one = two = Session()` gives to one object."""
    if isinstance(node, cst.Assign):
        for target in node.targets:
            if isinstance(target.target, cst.Name):
                yield target.target.value


def _branches(node: cst.If | cst.IfExp | cst.While) -> list[cst.CSTNode]:
    parts: list[cst.CSTNode | None] = [node.body]
    if type(node) is not cst.If or type(node.orelse) is cst.Else:
        parts.append(node.orelse)
    return [part for part in parts if part is not None]
