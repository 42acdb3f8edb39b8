"""What evaluating an expression does to the state of a resource."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from functools import partial

import libcst as cst

from sessionlint.flow.acts import Act, Operation
from sessionlint.flow.beside import called_before
from sessionlint.flow.circumstances import is_aside
from sessionlint.flow.conditions import branches
from sessionlint.flow.harmless import BUILDING, SETTLING
from sessionlint.flow.paths import NEXT, Outcomes, Path, extend, step, then
from sessionlint.flow.resource import Resource
from sessionlint.flow.ways import ABSENT, Exit, State, Status, Step, StepKind, Way

__all__ = ["Evaluation", "YieldKind", "raising"]

_ERROR = Exit(Way.ERROR)
_CANCEL = Exit(Way.CANCEL)
_STOP = Exit(Way.STOP)
_UNUSED = frozenset({Status.IDLE, Status.FRESH})


class YieldKind(Enum):
    """Who resumes a generator, and with what."""

    MANAGED = "a context manager: errors of the block are raised at the yield"
    FIXTURE = "pytest: always resumed normally"
    DEPENDENCY = "a framework: errors of the request are raised at the yield"
    DATA = "a consumer that may stop early"


def raising(node: cst.CSTNode, state: State, *exits: Exit) -> Outcomes:
    """A node that may leave by these exits."""
    return {(exit_, state): Step(StepKind.LEAVE, node) for exit_ in exits}


class Evaluation:
    """Applies operations to states, for one resource in one function."""

    def __init__(self, resource: Resource, kind: YieldKind) -> None:
        self._resource = resource
        self.kind = kind
        self._closed: dict[int, cst.CSTNode] = {}
        self._open: set[int] = set()
        self.has_transactions = False
        self.is_filled = False
        # Nothing cancels a test or a script but the person who waits for it.
        is_cancelled = resource.block.is_async and not is_aside(resource.evaluator, resource.block)
        self.errors = (_ERROR, _CANCEL) if is_cancelled else (_ERROR,)

    def run(
        self, operations: Sequence[Operation], state: State, *, is_clean_up: bool = False
    ) -> Outcomes:
        """Every way out of evaluating the operations in a state.

        `is_clean_up`: a release follows at once, so a rollback here cannot skip it.
        """
        if not operations:
            return {(NEXT, state): None}
        outcomes = self._one(operations[0], state, is_clean_up=is_clean_up)
        for operation in operations[1:]:
            outcomes = then(outcomes, partial(self._one, operation, is_clean_up=is_clean_up))
        return outcomes

    def _one(self, operation: Operation, state: State, *, is_clean_up: bool) -> Outcomes:
        node = operation.node
        match operation.act:
            case Act.RISK:
                return {(NEXT, state): None, (_ERROR, state): Step(StepKind.LEAVE, node)}
            case Act.AWAIT:
                return {(NEXT, state): None, **raising(node, state, *self.errors)}
            case Act.USE:
                return {(NEXT, self._used(state, node)): None}
            case Act.ADD:
                return {(NEXT, self._added(state, node)): None}
            case Act.REACH:
                return {
                    (NEXT, state.to(Status.OPEN) if state.status is Status.IDLE else state): None
                }
            case Act.READ:
                is_expired = self.has_transactions and state.status is Status.IDLE
                return {(NEXT, state.to(Status.OPEN) if is_expired else state): None}
            case Act.COMMIT | Act.QUIET:
                return self._transaction(operation, state, is_clean_up=is_clean_up)
            case Act.ACQUIRE:
                return self._acquired(node, state)
            case Act.REBIND:
                return self.rebound(node, state)
            case Act.RELEASE:
                released = self._moved(state, Status.CLOSED)
                exits = self.errors if isinstance(node, cst.Await) else (_ERROR,)
                return {(NEXT, released): None, **raising(node, released, *exits)}
            case Act.HAND_OVER:
                return {(NEXT, self._moved(state, Status.HANDED_OVER)): None}
            case Act.DOUBT:
                return {(NEXT, self._moved(state, Status.UNKNOWN)): None}
            case Act.EXIT:
                return {(Exit(Way.EXIT), state): None}
            case Act.CHOICE:
                return self._choice(operation, state, is_clean_up=is_clean_up)
        return self._yield(operation, state)

    def _acquired(self, node: cst.CSTNode, state: State) -> Outcomes:
        fresh = State(self._first_status(), state.flags)
        born: Path = Step(StepKind.ACQUIRE, node)
        outcomes: Outcomes = {(NEXT, fresh): born}
        if self._resource.thing.is_maybe:
            outcomes[NEXT, State(Status.NONE, state.flags)] = None
        return {**outcomes, **_lost(node, state)}

    def _first_status(self) -> Status:
        """What a resource is where it is acquired: its function may have used it."""
        if not self._resource.thing.type.is_session:
            return Status.OPEN
        called = called_before(self._resource.evaluator, self._resource.binding)
        used = [name for name in called if name not in BUILDING]
        if not used:
            return Status.FRESH
        if used[-1] not in SETTLING:
            return Status.OPEN
        self.has_transactions = True
        return Status.IDLE

    def rebound(self, value: cst.CSTNode, state: State) -> Outcomes:
        """The name now holds something else; what it held before is out of reach.

        Unless another name holds it as well, and which of them does is too much to follow.
        """
        if len(self._resource.names) > 1:
            return {(NEXT, self._moved(state, Status.UNKNOWN)): None}
        is_none = isinstance(value, cst.Name) and value.value == "None"
        after = State(Status.NONE if is_none else Status.UNBORN, state.flags)
        return {(NEXT, after): None, **_lost(value, state)}

    @property
    def closed_uses(self) -> tuple[cst.CSTNode, ...]:
        """The uses that find it closed, whichever way leads to them."""
        return tuple(node for place, node in self._closed.items() if place not in self._open)

    def _used(self, state: State, node: cst.CSTNode) -> State:
        if state.status is Status.CLOSED:
            self._closed[id(node)] = node
        elif state.status not in ABSENT:
            self._open.add(id(node))
        return state.to(Status.OPEN) if state.status in _UNUSED else state

    def _added(self, state: State, node: cst.CSTNode) -> State:
        self.is_filled = True
        self._used(state, node)
        return state

    def _moved(self, state: State, status: Status) -> State:
        """The state after something final happened to the resource, if it was open at all."""
        return state.to(status) if state.status.is_open else state

    def _transaction(self, operation: Operation, state: State, *, is_clean_up: bool) -> Outcomes:
        is_quiet = operation.act is Act.QUIET
        is_unused = is_quiet and state.status is Status.FRESH
        is_outlasted = id(operation.node) in self._resource.outlasted
        idle = state if is_unused or is_outlasted else state.idle()
        self.has_transactions = True
        # A rollback that fails has lost the connection, which is given back all the same.
        if is_quiet and (is_clean_up or state.is_faulted):
            return {(NEXT, idle): None}
        is_await = isinstance(operation.node, cst.Await)
        exits = self.errors if is_await else (_ERROR,)
        # A commit that fails to write what was added keeps the connection it has taken for that.
        is_writing = self.is_filled and not is_quiet and state.status in _UNUSED
        failing = state.to(Status.OPEN) if is_writing else state
        return {(NEXT, idle): None, **raising(operation.node, failing, *exits)}

    def _choice(self, operation: Operation, state: State, *, is_clean_up: bool) -> Outcomes:
        assert operation.test is not None
        outcomes: Outcomes = {}
        for truth, after in branches(self._resource, operation.test, state):
            chosen = operation.first if truth else operation.second
            extend(outcomes, self.run(chosen, after, is_clean_up=is_clean_up))
        return outcomes

    def _yield(self, operation: Operation, state: State) -> Outcomes:
        node = operation.node
        trail: Path = None
        if operation.act is Act.YIELD_IT:
            if self.kind is YieldKind.DATA:
                return {(NEXT, self._moved(state, Status.HANDED_OVER)): None}
            trail = step(None, Step(StepKind.YIELD, node))
            state = self._used(state, node)
            state = state._replace(is_lent=state.status.is_open)
        outcomes: Outcomes = {(NEXT, state): trail}
        if self.kind in {YieldKind.MANAGED, YieldKind.DEPENDENCY}:
            extend(outcomes, raising(node, state, *self.errors), trail)
        if self.kind is not YieldKind.FIXTURE:
            extend(outcomes, raising(node, state, _STOP), trail)
        return outcomes


def _lost(node: cst.CSTNode, state: State) -> Outcomes:
    """The end of a resource whose name is bound anew; nothing if there was none."""
    if state.status in ABSENT:
        return {}
    return raising(node, state, Exit(Way.LOST))
