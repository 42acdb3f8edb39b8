"""Classes that open a resource for a `with` around them, and whose exit may leave it open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import libcst as cst

from sessionlint.facts.catalog import TYPES
from sessionlint.facts.conventions import AWAITED, DATABASE_CALLS, OTHERS_CALLS
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.scopes import Binding, Block, BlockKind, How
from sessionlint.facts.syntax import HANDLERS, assigned_attribute, bare, is_name, last_name
from sessionlint.facts.values import Thing
from sessionlint.flow.acquisitions import acquired, has_mocks
from sessionlint.flow.acts import Operation
from sessionlint.flow.body import Body
from sessionlint.flow.expressions import Evaluation, YieldKind
from sessionlint.flow.leaving import is_method
from sessionlint.flow.objects import Renamed, shortcuts_of
from sessionlint.flow.paths import Outcomes, flattened
from sessionlint.flow.statements import Interpreter
from sessionlint.flow.ways import State, Status, StepKind, Way
from sessionlint.source.walk import descend

__all__ = ["LeakyExit", "exits"]

_EXITS: Final = {"__enter__": ("__exit__",), "__aenter__": ("__aexit__",)}
_OPENING: Final = {**_EXITS, "__init__": ("__exit__", "__aexit__")}
"""Methods that open what an object keeps, and those that close it."""

_ENDED: Final = frozenset({Status.CLOSED, Status.NONE})
"""How it stands where it was closed, with the attribute as it was or None."""

_FAULTS: Final = frozenset({Way.ERROR, Way.CANCEL})


class LeakyExit(NamedTuple):
    """A resource of an object that `acquired` gives, and that the method `exit` may leave open.

    `skipping` is the call whose failure skips the close, or a `raise` before it, None where nothing
    closes it: then it `is_idle` where the exit gives its connection back.
    """

    thing: Thing
    name: str
    acquired: cst.BaseExpression
    exit: Block
    skipping: cst.CSTNode | None
    is_idle: bool = False


def exits(evaluator: Evaluator, block: Block) -> Iterator[LeakyExit]:
    """The resources that a method opens for its object, and whose object's exit leaves them open.

    What the exit does by other methods of the object is not followed, unless it only calls one.
    """
    owner = block.owner
    if owner is None or block.name not in _OPENING or has_mocks(block):
        return
    for binding in [one for found in owner.near.attributes.values() for one in found]:
        target = assigned_attribute(binding.node)
        if target is not None and binding.block is block:
            yield from _judged(evaluator, block, owner, binding, target)


def _judged(
    evaluator: Evaluator, block: Block, owner: Block, binding: Binding, target: cst.Attribute
) -> Iterator[LeakyExit]:
    thing = _acquired(evaluator, owner, binding, target.attr.value)
    leaving = [one for name in _OPENING[block.name] for one in owner.bindings(name)]
    exit_ = leaving[0].target if len(leaving) == 1 else None
    if thing is None or exit_ is None or exit_.kind is not BlockKind.FUNCTION:
        return
    exit_ = _working(exit_)
    found = _Exit(evaluator, exit_, binding, thing, target)
    if found.is_closed_by_others:
        return
    assert binding.expression is not None
    skipping = found.skipping()
    if skipping is not None:
        yield LeakyExit(thing, found.name, binding.expression, exit_, skipping)
    elif block.name in _EXITS and found.is_never_closed and not _is_ended(owner, target):
        yield LeakyExit(thing, found.name, binding.expression, exit_, None, found.is_idle)


def _working(exit_: Block) -> Block:
    """The method that does what an exit does: itself, or the one of the object it only calls."""
    own = exit_.parameters[0].name.value if exit_.parameters else ""
    names = {last_name(call.func) for call in exit_.calls}
    is_own = all(
        isinstance(call.func, cst.Attribute) and is_name(call.func.value, own)
        for call in exit_.calls
    )
    if len(names) != 1 or not is_own or exit_.owner is None:
        return exit_
    below = exit_.owner.function(names.pop())
    return exit_ if below is None or below.decorators else below


def _acquired(evaluator: Evaluator, owner: Block, binding: Binding, name: str) -> Thing | None:
    """What an attribute surely holds that is opened in one place."""
    others = [one for one in owner.attribute(name) if one is not binding]
    is_one = binding.how is How.VALUE and not isinstance(binding.expression, cst.ListComp)
    thing = acquired(evaluator, binding) if is_one and all(map(_is_empty, others)) else None
    if thing is None or thing.is_maybe or thing.is_own:
        return None
    return _confirmed(owner, thing, name) if thing.is_guess else thing


def _confirmed(owner: Block, thing: Thing, name: str) -> Thing | None:
    """What a factory with a customary name gives, where the class uses it as a session."""
    methods: set[str] = set()
    awaited: set[str] = set()
    for node in descend(owner.node):
        call = bare(node) if isinstance(node, (cst.Await, cst.Call)) else None
        match call:
            case cst.Call(func=cst.Attribute(value=cst.Attribute(attr=attribute), attr=method)):
                if attribute.value == name:
                    (methods if call is node else awaited).add(method.value)
    if not methods & DATABASE_CALLS or (methods | awaited) & OTHERS_CALLS:
        return None
    kind = AWAITED.get(thing.type.name) if awaited else None
    return replace(thing, is_guess=False, type=TYPES[kind] if kind else thing.type)


def _is_empty(binding: Binding) -> bool:
    return binding.is_none or binding.how is How.ANNOTATION


def _is_ended(owner: Block, target: cst.Attribute) -> bool:
    """Whether the class closes it in another method, or anything else may get it."""
    word = target.attr.value
    nodes = list(descend(owner.node))
    lent = {id(node.value) for node in nodes if isinstance(node, cst.Return)}
    owners = lent | {id(node.value) for node in nodes if isinstance(node, cst.Attribute)}
    spoken = [node for node in nodes if isinstance(node, cst.Attribute) and node.attr.value == word]
    methods = [
        node.attr.value
        for node in nodes
        if isinstance(node, cst.Attribute)
        and isinstance(node.value, cst.Attribute)
        and node.value.attr.value == word
    ]
    return any(id(node) not in owners and node is not target for node in spoken) or any(
        method in {"close", "aclose", "__exit__", "__aexit__"} for method in methods
    )


class _Exit:
    """The method that ends a `with` around an object, followed for one of its attributes."""

    def __init__(
        self,
        evaluator: Evaluator,
        block: Block,
        binding: Binding,
        thing: Thing,
        target: cst.Attribute,
    ) -> None:
        parameters = block.parameters
        self._self = parameters[0].name.value if parameters else ""
        self.name = f"{self._self}.{target.attr.value}"
        shortcuts = shortcuts_of(block.owner, self._self) if block.owner else {}
        renamed = Renamed(self._self, target.attr.value, shortcuts)
        self._variable = renamed.variable
        inside, node = renamed.followed(block, block.node)
        self._origins = renamed.origins
        self._body = Body(inside)
        resource = self._body.resource(evaluator, binding, thing, self._variable)
        interpreter = Interpreter(resource, _Calm(resource, YieldKind.DATA))
        opened = State(Status.OPEN, (None,) * len(resource.flags))
        self._resource = resource
        self._outcomes = interpreter.block(node.body, opened)

    @property
    def is_closed_by_others(self) -> bool:
        """Whether another method of the object, or of its base, may close it before this one."""
        calls = [node for node in self._body.nodes if isinstance(node, cst.Call)]
        closing = [at for at, call in enumerate(calls) if self._is_close(call)]
        return any(self._is_own(call) for call in calls[: closing[-1] if closing else None])

    def _is_close(self, call: cst.Call) -> bool:
        return is_method(self._resource, call) and self._resource.thing.type.is_release(
            last_name(call.func)
        )

    def _is_own(self, call: cst.Call) -> bool:
        match call.func:
            case cst.Attribute(value=cst.Name(value=owner)):
                return owner == self._self
            case cst.Name(value="super"):
                return True
        return any(is_name(arg.value, self._self) for arg in call.args)

    @property
    def is_never_closed(self) -> bool:
        """Whether it is left open however the method is left."""
        return all(state.status.is_open for _, state in self._outcomes)

    @property
    def is_idle(self) -> bool:
        """Whether its connection is given back wherever nothing fails."""
        ordinary = [state for way, state in self._outcomes if way.way not in _FAULTS]
        return all(state.status is Status.IDLE for state in ordinary)

    def skipping(self) -> cst.CSTNode | None:
        """The call on it, or the `raise`, that skips the close where all other ways have one."""
        failing = _FAULTS | {Way.RAISE}
        ordinary = [state for way, state in self._outcomes if way.way not in failing]
        if not ordinary or any(state.status not in _ENDED for state in ordinary):
            return None
        for (way, state), trail in self._outcomes.items():
            left = [step.node for step in flattened(trail) if step.kind is StepKind.LEAVE]
            while left and self._is_raised_again(left[-1]):
                left.pop()
            if way.way in {Way.ERROR, Way.RAISE} and state.status.is_open and left:
                node = bare(left[-1]) if isinstance(left[-1], cst.Await) else left[-1]
                is_call = isinstance(node, cst.Call) and is_method(self._resource, node)
                # Behind a rollback it has given its connection back.
                if is_call or (isinstance(node, cst.Raise) and state.status is Status.OPEN):
                    return self._origins.get(id(node), node)
        return None

    def _is_raised_again(self, node: cst.CSTNode) -> bool:
        """Whether a handler raises the error that it has caught once more."""
        return isinstance(node, cst.Raise) and any(
            isinstance(above, HANDLERS) for above in self._body.above(node)
        )


class _Calm(Evaluation):
    """Applies operations where no rollback is expected to fail."""

    def run(
        self, operations: Sequence[Operation], state: State, *, is_clean_up: bool = False
    ) -> Outcomes:
        """Every way out of evaluating the operations in a state."""
        del is_clean_up
        return super().run(operations, state, is_clean_up=True)
