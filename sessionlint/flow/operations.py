"""What an expression does to one resource, as a flat list in the order Python does it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import libcst as cst

from sessionlint.facts.syntax import bare, dotted, last_name
from sessionlint.flow.acts import Act, Operation
from sessionlint.flow.at_once import run_at_once
from sessionlint.flow.effects import Effects, is_all_there_is
from sessionlint.flow.expiring import is_read, is_taken_to_read
from sessionlint.flow.harmless import (
    ADDING,
    ASKING,
    BUILDING,
    EXITS,
    IDLE,
    SHELLS,
    logs,
)
from sessionlint.flow.leaving import (
    closes_behind,
    gets_release,
    gives_itself,
    is_method,
    leads_back,
    leaves,
    mentions,
)
from sessionlint.flow.queries import reaches, runs
from sessionlint.flow.resource import Resource
from sessionlint.flow.safe import is_safe_call, is_there, may_operate_in_vain, only_reads
from sessionlint.source.below import is_expression
from sessionlint.source.walk import children

__all__ = ["Operations"]

_QUIETEST: Final = frozenset({cst.Name, cst.SimpleString, cst.Integer, cst.Float})
_TAKEN_APART: Final = frozenset(
    {cst.Attribute, cst.Await, cst.Yield, cst.Lambda, cst.IfExp, cst.BooleanOperation}
    | {cst.NamedExpr, cst.Tuple, cst.List, cst.Set, cst.Dict}
    | {cst.ListComp, cst.SetComp, cst.DictComp, cst.GeneratorExp}
)
_PLAIN: Final = frozenset({Act.RISK, Act.AWAIT, Act.USE, Act.REACH, Act.READ, Act.ADD})
_USING: Final = _PLAIN | {Act.QUIET, Act.COMMIT}
_STRONGEST: Final = (Act.RELEASE, Act.HAND_OVER, Act.DOUBT, Act.USE)
_CLOSING_ALL: Final = frozenset({"close_all", "close_all_sessions"})  # every session there is
_EXITING: Final = frozenset({"__exit__", "__aexit__"})


class Operations:
    """Reads expressions for one resource; `is_helped` once a helper releases it."""

    def __init__(self, resource: Resource) -> None:
        self._resource = resource
        self._known: dict[int, tuple[Operation, ...]] = {}
        self._effects = Effects(resource)
        self._running: set[int] = set()
        self.is_helped = False

    def of(self, expression: cst.BaseExpression | None) -> tuple[Operation, ...]:
        """The operations of an expression, in evaluation order."""
        if expression is None or expression.__class__ in _QUIETEST:
            return ()
        known = self._known.get(id(expression))
        if known is None:
            if type(expression) is cst.Call:
                known = tuple(self._call(expression))
            else:
                known = tuple(self._read(expression))
            self._known[id(expression)] = known
        return known

    def leaves(self, value: cst.BaseExpression | None) -> bool:
        """Whether the resource goes along when this value is returned, stored or yielded."""
        return leaves(self._resource, value)

    def bound(
        self, target: cst.Name, value: cst.BaseExpression, node: cst.CSTNode
    ) -> Iterator[Operation]:
        """What `target = value` does, whether a statement or a walrus."""
        yield from self.of(value)
        if target.value not in self._resource.names:
            is_made = isinstance(bare(value), cst.Call)
            if (self.leaves(value) and not is_made) or gives_itself(self._resource, bare(value)):
                # Another name for it, and not for it alone: too much to follow.
                yield Operation(Act.DOUBT, node)
            return
        if node is self._resource.binding.node:
            if target.value == self._resource.name:
                yield Operation(Act.ACQUIRE, node)
        elif self._resource.is_it(bare(value)) or gives_itself(self._resource, bare(value)):
            yield Operation(Act.USE, node)
        elif self.mentions(value):
            yield Operation(Act.DOUBT, node)
        else:
            yield Operation(Act.REBIND, value)

    def mentions(self, node: cst.CSTNode) -> bool:
        """Whether a node speaks of the resource at all."""
        return mentions(self._resource, node)

    def _below(self, node: cst.CSTNode) -> Iterator[Operation]:
        for child in children(node):
            if child.__class__ in _QUIETEST:
                continue
            if is_expression(child):
                yield from self.of(child)
            else:
                yield from self._below(child)

    def _read(self, node: cst.BaseExpression) -> Iterator[Operation]:
        """The operations of whatever is no call."""
        if node.__class__ not in _TAKEN_APART:
            # The patterns below are slow to say no.
            yield from self._below(node)
            if may_operate_in_vain(node):
                yield Operation(Act.RISK, node)
            return
        match node:
            case cst.Attribute():
                yield from self._attribute(node)
            case cst.Await():
                yield from self._await(node)
            case cst.Yield():
                yield from self._yield(node)
            case cst.Lambda():
                yield from self._lambda(node)
            case cst.IfExp():
                yield from self.of(node.test)
                yield from self._choice(node, node.test, node.body, node.orelse)
            case cst.BooleanOperation():
                yield from self.of(node.left)
                is_and = isinstance(node.operator, cst.And)
                pair = (node.right, None) if is_and else (None, node.right)
                yield from self._choice(node, node.left, *pair)
            case cst.NamedExpr(target=cst.Name() as target):
                yield from self.bound(target, node.value, node)
            case cst.Tuple() | cst.List() | cst.Set() | cst.Dict():
                yield from self._below(node)
                if any(self._resource.is_it(part.value) for part in node.elements):
                    yield from self._taken_by(node)
            case _:
                yield from self._below(node)
                yield Operation(Act.RISK, node)

    def _lambda(self, node: cst.Lambda) -> Iterator[Operation]:
        if not self.mentions(node):
            return
        operations = self.of(node.body) if id(node) in self._running else ()
        is_use = bool(operations) and all(one.act in _USING for one in operations)
        yield from operations if is_use else self._taken_by(node)

    def _taken_by(self, node: cst.CSTNode) -> list[Operation]:
        """What becomes of what a node takes along: somebody else may close it, or surely nobody."""
        later = self._resource.left_to.get(id(node))
        acts = (Act.HAND_OVER,) if later is None else later.acts
        return [Operation(act, node) for act in acts]

    def _choice(
        self,
        node: cst.BaseExpression,
        test: cst.BaseExpression,
        first: cst.BaseExpression | None,
        second: cst.BaseExpression | None,
    ) -> Iterator[Operation]:
        true, false = self.of(first), self.of(second)
        is_plain = all(operation.act in _PLAIN for operation in (*true, *false))
        choice = Operation(Act.CHOICE, node, test, true, false)
        yield from (*true, *false) if is_plain else (choice,)

    def _attribute(self, node: cst.Attribute) -> Iterator[Operation]:
        yield from self.of(node.value)
        if self._resource.is_it(node.value):
            is_given = id(node) not in self._resource.alone
            if is_given and self._resource.gives_back(node.attr.value):
                # `callback(db.close)`: whoever got the method will call it.
                yield Operation(Act.HAND_OVER, node)
            return
        if not is_there(self._resource, node):
            yield Operation(Act.RISK, node)
        if is_read(self._resource.loaded, node):
            yield Operation(Act.READ, node)

    def _await(self, node: cst.Await) -> Iterator[Operation]:
        inner = bare(node)
        if isinstance(inner, cst.Call):
            self._running.update(run_at_once(inner, is_awaited=True))
        operations = self.of(inner)
        if isinstance(inner, cst.Call) and is_method(self._resource, inner):
            assert isinstance(inner.func, cst.Attribute)
            name = inner.func.attr.value
            if self._is_ending(name):
                yield from self._arguments(inner)
                yield Operation(Act.RELEASE, node)
                return
            if name in {"commit", "rollback"}:
                yield from self._arguments(inner)
                yield Operation(Act.COMMIT if name == "commit" else Act.QUIET, node)
                return
        yield from operations
        if not operations or operations[-1].act not in {Act.RELEASE, Act.EXIT}:
            yield Operation(Act.AWAIT, node)

    def _yield(self, node: cst.Yield) -> Iterator[Operation]:
        value = node.value.item if isinstance(node.value, cst.From) else node.value
        # A tuple that is lent is taken apart: `yield connection, cursor`.
        yield from self._below(value) if isinstance(value, cst.Tuple) else self.of(value)
        yield Operation(Act.YIELD_IT if self.leaves(value) else Act.YIELD, node)

    def _is_ending(self, method: str) -> bool:
        return self._resource.thing.type.is_release(method) or method in _EXITING

    def _call(self, node: cst.Call) -> Iterator[Operation]:
        self._running.update(run_at_once(node))
        path = dotted(node.func) or ""
        if path in EXITS:
            yield from self._arguments(node)
            yield Operation(Act.EXIT, node)
        elif is_method(self._resource, node):
            yield from self._own_method(node)
        elif path in self._resource.inner:
            yield from self._arguments(node)
            yield from (Operation(act, node) for act in self._resource.inner[path])
        elif self._reaches(node, path):
            yield Operation(Act.DOUBT, node)
        elif gets_release(self._resource, node):
            # Whoever got the method will call it, as one of `callback(db.close)`.
            yield Operation(Act.HAND_OVER, node)
        else:
            given = self._given_to(node, path)
            is_release = bool(given) and given[0].act is Act.RELEASE
            if type(node.func) is not cst.Attribute:
                yield from self.of(node.func)
            elif not (is_release and isinstance(node.func.value, cst.Call)) and not logs(node):
                # Whoever gave it out can be asked once more: `get_pool().putconn(conn)`.
                yield from self.of(node.func.value)
            yield from self._arguments(node)
            if runs(self._resource.queries, node):
                yield Operation(Act.USE, node)
            elif reaches(self._resource.users, node):
                yield Operation(Act.REACH, node)
            elif is_taken_to_read(self._resource.loaded, node):
                yield Operation(Act.READ, node)
            yield from given

    def _reaches(self, node: cst.Call, path: str) -> bool:
        """Whether a call may close the resource though it is not given it."""
        is_for_all = last_name(node.func) in _CLOSING_ALL or path in SHELLS
        return is_for_all or closes_behind(self._resource, node)

    def _own_method(self, node: cst.Call) -> Iterator[Operation]:
        assert isinstance(node.func, cst.Attribute)
        yield from (*self.of(node.func.value), *self._arguments(node))
        name = node.func.attr.value
        kind = self._resource.thing.type
        is_unawaited = kind.is_coroutine(name) and id(node) in self._resource.alone
        if is_unawaited and (self._is_ending(name) or name in {"commit", "rollback"}):
            yield Operation(Act.RISK, node)
        elif self._is_ending(name):
            yield Operation(Act.RELEASE, node)
        elif name == "rollback":
            yield Operation(Act.QUIET, node)
        elif name == "commit":
            yield Operation(Act.COMMIT, node)
        elif name in {"__enter__", "__aenter__"} or name in _CLOSING_ALL:
            yield Operation(Act.DOUBT, node)
        elif name not in IDLE and not (name == "begin" and kind.is_session and not node.args):
            yield Operation(Act.ADD if kind.is_session and name in ADDING else Act.USE, node)
            if not kind.gives_itself(name) and name not in BUILDING:
                yield Operation(Act.RISK, node)

    def _arguments(self, node: cst.Call) -> list[Operation]:
        return [operation for arg in node.args for operation in self.of(arg.value)]

    def _given_to(self, node: cst.Call, path: str) -> list[Operation]:
        """What a call does with the resource if it is among the arguments; it may also raise."""
        if id(node) in self._resource.left_to:
            return self._taken_by(node)
        acts: list[Act] = []
        for index, arg in enumerate(node.args):
            if self._resource.is_it(arg.value) and path not in ASKING:
                acts.append(self._effects.act(node, path, index))
            elif id(node) in self._resource.holders and leads_back(self._resource, arg.value):
                acts.append(Act.HAND_OVER)
            elif is_all_there_is(arg) and not only_reads(self._resource, node, path):
                acts.append(Act.DOUBT)
        done = [Operation(next(act for act in _STRONGEST if act in acts), node)] if acts else []
        if acts and Act.RELEASE in acts:
            is_library = last_name(node.func) in {"release", "putconn"}
            self.is_helped = self.is_helped or not is_library
        elif not is_safe_call(self._resource, node, path):
            done.append(Operation(Act.RISK, node))
        return done
