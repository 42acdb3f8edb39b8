"""The lifetimes of a block: every acquisition by hand and how it ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import libcst as cst

from sessionlint.facts.calls import decorator_name
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.scopes import Block
from sessionlint.flow.acquisitions import acquisitions
from sessionlint.flow.expressions import Evaluation, YieldKind
from sessionlint.flow.paths import flattened
from sessionlint.flow.resource import Resource
from sessionlint.flow.statements import Interpreter
from sessionlint.flow.ways import (
    End,
    Ending,
    Exit,
    Lifetime,
    Shape,
    State,
    Status,
    Step,
    StepKind,
    Way,
)
from sessionlint.source.walk import descend

__all__ = ["lifetimes"]

_ENDINGS: Final = {
    Status.OPEN: Ending.LEFT_OPEN,
    Status.IDLE: Ending.LEFT_OPEN,
    Status.CLOSED: Ending.RELEASED,
    Status.HANDED_OVER: Ending.HANDED_OVER,
    Status.UNKNOWN: Ending.UNKNOWN,
}
_LOOPS: Final = (cst.For, cst.While)
_BLOCKS: Final = (cst.FunctionDef, cst.ClassDef, cst.Lambda)


def lifetimes(evaluator: Evaluator, block: Block) -> Iterator[Lifetime]:
    """Every acquisition in a function's or module's own statements, in source order."""
    for resource in acquisitions(evaluator, block):
        yield _lifetime(resource)


def _lifetime(resource: Resource) -> Lifetime:
    yielded = _yielded(resource)
    evaluation = Evaluation(resource, _yield_kind(resource.block, yielded))
    interpreter = Interpreter(resource, evaluation)
    body = resource.block.node
    assert isinstance(body, (cst.FunctionDef, cst.Module))
    suite = body.body if isinstance(body, cst.FunctionDef) else body
    start = State(Status.UNBORN, False, (None,) * len(resource.flags))
    outcomes = interpreter.block(suite, start)
    ends = tuple(
        _end(exit_, state, flattened(trail))
        for (exit_, state), trail in outcomes.items()
        if state.status in _ENDINGS and exit_.way is not Way.EXIT
    )
    loop = _loop(resource)
    return Lifetime(
        resource.name,
        resource.thing,
        resource.acquired,
        loop,
        yielded,
        ends,
        _shape(ends, loop),
    )


def _end(exit_: Exit, state: State, steps: tuple[Step, ...]) -> End:
    node: cst.CSTNode | None = None
    for step in steps if exit_.way is not Way.NEXT else ():
        if step.kind is StepKind.LEAVE:
            node = step.node
        elif step.kind is StepKind.HANDLED:
            node = None
    is_idle = state.status is Status.IDLE
    return End(_ENDINGS[state.status], exit_.way, node, state.is_faulted, is_idle, steps)


def _shape(ends: tuple[End, ...], loop: cst.CSTNode | None) -> Shape:
    """The one thing to say about a lifetime, in the order the rules give way to each other."""
    found = {end.ending for end in ends}
    leaks = [end for end in ends if end.ending is Ending.LEFT_OPEN]
    is_ordinary = any(end.is_ordinary for end in leaks)
    if Ending.UNKNOWN in found:
        return Shape.SILENT
    if Ending.HANDED_OVER in found and not is_ordinary:
        return Shape.SILENT
    if not leaks:
        if not _is_by_hand(found):
            return Shape.SILENT
        return Shape.BY_HAND if loop is None else Shape.IN_LOOP
    if any(step.kind is StepKind.YIELD for end in leaks for step in end.steps):
        return Shape.YIELDED
    if loop is not None:
        return Shape.IN_LOOP
    if found == {Ending.LEFT_OPEN}:
        return Shape.NEVER
    return Shape.EARLY if is_ordinary else Shape.FAILING


def _is_by_hand(found: set[Ending]) -> bool:
    return found == {Ending.RELEASED}


def _yielded(resource: Resource) -> cst.Yield | None:
    """The `yield` that lends the resource itself."""
    for node in resource.block.yields:
        value = node.value
        if isinstance(value, cst.Name) and value.value in resource.names:
            return node
    return None


def _yield_kind(block: Block, yielded: cst.Yield | None) -> YieldKind:
    names = {decorator_name(decorator) for decorator in block.decorators}
    if "fixture" in names or "async_fixture" in names:
        return YieldKind.FIXTURE
    if names & {"contextmanager", "asynccontextmanager"}:
        return YieldKind.MANAGED
    is_single = yielded is not None and not _in_loop(block, yielded)
    return YieldKind.DEPENDENCY if is_single else YieldKind.DATA


def _in_loop(block: Block, node: cst.CSTNode) -> bool:
    return _innermost_loop(block.node, node) is not None


def _loop(resource: Resource) -> cst.CSTNode | None:
    return _innermost_loop(resource.block.node, resource.binding.node)


def _innermost_loop(root: cst.CSTNode, node: cst.CSTNode) -> cst.CSTNode | None:
    """The loop of the same function whose body a node stands in."""
    found: cst.CSTNode | None = None
    for loop in descend(root, *_BLOCKS):
        if isinstance(loop, _LOOPS) and any(below is node for below in descend(loop.body)):
            found = loop
    return found

