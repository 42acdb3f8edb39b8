"""What an `await`, `async with` or `async for` of a clean-up waits for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import libcst as cst

from sessionlint.facts.annotations import injected
from sessionlint.facts.binds import bind_of, is_connection
from sessionlint.facts.catalog import Kind
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.parameters import parameter_of
from sessionlint.facts.receivers import CLOSING, Effect, effect
from sessionlint.facts.scopes import Binding, Block, How
from sessionlint.facts.shields import is_protected, is_shield, is_shielding
from sessionlint.facts.syntax import arguments, bare, is_name, last_name, text_of
from sessionlint.facts.values import FunctionValue, Instance, Thing
from sessionlint.flow.emptied import is_emptied
from sessionlint.flow.nodes import Nodes
from sessionlint.source.threads import THREADED

__all__ = ["Wait", "Waits", "resource_of"]

_HELD: Final = frozenset({Kind.SESSION, Kind.CONNECTION, Kind.REGISTRY})
_WAITED: Final = _HELD | {Kind.TRANSACTION, Kind.ENGINE, Kind.POOL}
_LIMITING: Final = frozenset({"wait_for"})
"""What waits for its first argument and no longer than it is told."""


class Wait(NamedTuple):
    """One wait for a resource: `node` waits, and `said` is what for.

    `name` and `noun` are those of the resource. `is_release`: it holds nothing afterwards.
    `is_rollback`: it only undoes. `is_shielded`: a cancellation cannot cut it off.
    """

    node: cst.CSTNode
    said: cst.BaseExpression
    name: str
    noun: str
    is_release: bool
    is_shielded: bool = False
    is_rollback: bool = False

    @property
    def text(self) -> str:
        """What is waited for, on one line."""
        return text_of(self.said)


def resource_of(evaluator: Evaluator, expression: cst.BaseExpression, block: Block) -> Thing | None:
    """The asynchronous resource that an expression surely is."""
    value = evaluator.value(expression, block)
    if not isinstance(value, Thing) or value.is_guess:
        return None
    is_waited = value.type.is_async and value.type.kind in _WAITED
    return value if is_waited or value.type.name == "Transaction" else None


class Waits:
    """Reads the waits of one function."""

    def __init__(self, evaluator: Evaluator, block: Block, body: Nodes) -> None:
        self._evaluator = evaluator
        self._block = block
        self._body = body

    def of(self, node: cst.CSTNode) -> Iterator[Wait]:
        """What a node waits for that is a resource nobody else ends."""
        if isinstance(node, cst.With):
            entered = [item.item for item in node.items]
        elif isinstance(node, cst.For):
            entered = [node.iter]
        else:
            assert isinstance(node, cst.Await)
            yield from self._awaited(node, bare(node))
            return
        for one in entered:
            if isinstance(one, cst.Call):
                yield from self._method(node, one, one)

    def _awaited(self, node: cst.Await, value: cst.BaseExpression) -> Iterator[Wait]:
        if not isinstance(value, cst.Call):
            return
        if is_shield(self._evaluator, value.func, self._block):
            yield from self._shielded(node, value)
        elif last_name(value.func) in _LIMITING:
            inner = next(arguments(value), None)
            if isinstance(inner, cst.Call):
                yield from self._method(node, inner, value)
        else:
            yield from self._method(node, value, value)
            yield from self._helper(node, value)

    def _shielded(self, node: cst.Await, shield: cst.Call) -> Iterator[Wait]:
        """What stands inside a shield, called or still to be called."""
        for given in arguments(shield):
            call = given.body if isinstance(given, cst.Lambda) else given
            call = call if isinstance(call, cst.Call) else cst.Call(call)
            for wait in (*self._method(node, call, shield), *self._helper(node, call)):
                yield wait._replace(said=shield, is_shielded=True)

    def _method(self, node: cst.CSTNode, call: cst.Call, said: cst.Call) -> Iterator[Wait]:
        """`db.close()`, or `self.close()`."""
        if not isinstance(call.func, cst.Attribute):
            return
        owner, method = call.func.value, call.func.attr.value
        thing = resource_of(self._evaluator, owner, self._block)
        if thing is None:
            yield from self._own_method(node, call, said)
            return
        is_held = thing.type.kind in {Kind.SESSION, Kind.CONNECTION}
        if is_held and thing.is_fresh and isinstance(bare(owner), cst.Call):
            # `await maker().close()`: opened for that alone, so there is nothing to give back.
            return
        if method == "remove" and is_emptied(self._body, node, text_of(owner)):
            return
        if thing.type.is_cut_off and not self._is_somebody_elses(owner):
            is_release = thing.type.is_release(method)
            is_rollback = method == "rollback"
            name, noun = text_of(owner), thing.type.noun
            yield Wait(node, said, name, noun, is_release, is_rollback=is_rollback)

    def _own_method(self, node: cst.CSTNode, call: cst.Call, said: cst.Call) -> Iterator[Wait]:
        """`self.close()` where that method waits for a resource of the object's."""
        if self._block.owner is None or self._block.name != "__aexit__":
            return
        assert isinstance(call.func, cst.Attribute)
        if not isinstance(self._evaluator.value(call.func.value, self._block), Instance):
            return
        method = self._evaluator.value(call.func, self._block)
        if not isinstance(method, FunctionValue) or method.block.owner is None:
            return
        if not method.block.is_async or not is_name(call.func.value, self._first_parameter()):
            return
        if is_protected(self._evaluator, method.block):
            return
        body = Nodes(method.block)
        below = Waits(self._evaluator, method.block, body)
        inner = [
            wait
            for one in body.nodes
            if isinstance(one, cst.Await) and _is_exposed(self._evaluator, body, one)
            for wait in below.of(one)
            if not wait.is_shielded
        ]
        releases = [wait for wait in inner if wait.is_release]
        for wait in (releases or inner)[:1]:
            yield wait._replace(node=node, said=said)

    def _first_parameter(self) -> str:
        parameters = self._block.parameters
        return parameters[0].name.value if parameters else ""

    def _helper(self, node: cst.CSTNode, call: cst.Call) -> Iterator[Wait]:
        """`await give_back(db)`, `await run_in_threadpool(close_session, db)`."""
        values = list(arguments(call))
        is_threaded = last_name(call.func) in THREADED and len(values) > 1
        closer = values[0] if is_threaded else call.func
        if not isinstance(closer, (cst.Name, cst.Attribute)) or not CLOSING.search(
            last_name(closer)
        ):
            return
        for arg in call.args:
            if arg.value is closer or not isinstance(arg.value, (cst.Name, cst.Attribute)):
                continue
            value = self._evaluator.value(arg.value, self._block)
            if not isinstance(value, Thing) or not _is_held(value):
                continue
            if self._is_protected(closer, call, arg):
                continue
            does = effect(self._evaluator, call, arg, self._block)
            if does is Effect.RELEASES and not self._is_somebody_elses(arg.value):
                yield Wait(node, call, text_of(arg.value), value.type.noun, is_release=True)

    def _is_protected(self, callee: cst.BaseExpression, call: cst.Call, argument: cst.Arg) -> bool:
        """Whether a function runs in a shield, or waits for its argument nowhere else."""
        function = self._evaluator.value(callee, self._block)
        if not isinstance(function, FunctionValue):
            return False
        block = function.block
        if is_protected(self._evaluator, block):
            return True
        name = parameter_of(function, call, argument) if block.is_async else None
        if name is None:
            return False
        body = Nodes(block)
        waits = (
            above
            for one in body.variables(name)
            for above in body.above(one)
            if isinstance(above, cst.Await)
        )
        return not any(_is_exposed(self._evaluator, body, wait) for wait in waits)

    def _is_somebody_elses(self, owner: cst.BaseExpression) -> bool:
        """Whether something else ends it, so that it does not matter if this is cut off."""
        if self._is_entered(text_of(owner)):
            return True
        if not isinstance(owner, cst.Name):
            return False
        return any(
            _is_entered(one) or self._is_injected(one) or self._is_on_connection(one)
            for one in self._block.seen(owner.value)
        )

    def _is_injected(self, binding: Binding) -> bool:
        """Whether a framework gives the parameter, and ends what it gave: `Depends(get_db)`."""
        is_given = binding.how in {How.PARAMETER, How.ANNOTATION}
        return is_given and any(True for _ in injected(self._evaluator, binding))

    def _is_on_connection(self, binding: Binding) -> bool:
        """Whether a session is made on somebody's connection, so that it has none to give back."""
        made = bare(binding.expression) if binding.expression is not None else None
        if binding.how is not How.VALUE or not isinstance(made, cst.Call):
            return False
        given = self._evaluator.value(made, binding.block)
        bind = bind_of(made)
        if not isinstance(given, Thing) or given.type.kind is not Kind.SESSION or bind is None:
            return False
        return not given.is_fresh and is_connection(self._evaluator, bind, binding.block)

    def _is_entered(self, name: str) -> bool:
        """Whether a `with` of this function manages what has that name."""
        for node in self._body.nodes:
            for item in node.items if isinstance(node, cst.With) else ():
                target = item.asname.name if item.asname is not None else item.item
                if text_of(target) == name:
                    return True
        return False


def _is_exposed(evaluator: Evaluator, body: Nodes, wait: cst.Await) -> bool:
    """Whether a cancellation can cut off a wait of a function, by what it calls and stands in."""
    called = bare(wait)
    if isinstance(called, cst.Call) and is_shield(evaluator, called.func, body.block):
        return False
    for above in body.above(wait):
        if above is body.block.node:
            return True
        if isinstance(above, (cst.FunctionDef, cst.Lambda)):
            return False
        if isinstance(above, cst.With) and is_shielding(evaluator, above, body.block):
            return False
    return True


def _is_held(thing: Thing) -> bool:
    """Whether a helper that is cut off leaves it open: what waits in a thread may never start."""
    is_kept = thing.type.is_cut_off or not thing.type.is_async
    return is_kept and thing.type.kind in _HELD and not thing.is_guess


def _is_entered(binding: Binding) -> bool:
    """Whether a `with` gives the value, be it under another name."""
    value = binding.expression
    if binding.how is How.VALUE and isinstance(value, cst.Name):
        return any(one.how is How.WITH for one in binding.block.bindings(value.value))
    return binding.how is How.WITH
