"""The lifetimes of a block: every acquisition by hand and how it ends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

import libcst as cst

from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.scopes import Block, BlockKind, How
from sessionlint.facts.syntax import HANDLERS, TRIES, is_name
from sessionlint.flow.acquisitions import acquisitions, fallback
from sessionlint.flow.body import Body
from sessionlint.flow.elsewhere import Elsewhere
from sessionlint.flow.expressions import Evaluation, YieldKind
from sessionlint.flow.falling_off import last_reached
from sessionlint.flow.generators import is_drawn
from sessionlint.flow.leaving import closed_by, is_closed_on_demand
from sessionlint.flow.lending import yield_kind
from sessionlint.flow.nodes import Nodes
from sessionlint.flow.paths import flattened
from sessionlint.flow.resource import Resource
from sessionlint.flow.sections import section_of
from sessionlint.flow.shared import user
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
    Status.FRESH: Ending.LEFT_OPEN,
    Status.CLOSED: Ending.RELEASED,
    Status.HANDED_OVER: Ending.HANDED_OVER,
    Status.UNKNOWN: Ending.UNKNOWN,
}

_WRITTEN: Final = (cst.Yield, cst.Raise, cst.Return, cst.Break, cst.Continue)
"""What is left at these was not left because something else has failed."""


def lifetimes(evaluator: Evaluator, block: Block) -> Iterator[Lifetime]:
    """Every acquisition in a function's or module's own statements, in source order."""
    found = list(acquisitions(evaluator, block))
    if not found:
        return
    kind = yield_kind(block, frozenset(name for one in found for name in one.names))
    elsewhere = Elsewhere()
    for resource in found:
        life = _lifetime(resource, kind, elsewhere)
        # Of what comes out of a generator and is never closed, `driven` tells, and of what a `with`
        # opens and nothing closes, `entered`.
        if life.has_releases or not (
            is_drawn(resource.block, resource.acquired) or _is_told_of(life)
        ):
            yield life


def _is_told_of(life: Lifetime) -> bool:
    """Whether all that a name holds is opened by a `with`, and nothing closes any of it."""
    block, name = life.resource.block, life.name
    is_any = any(one.how is not How.WITH for one in block.bindings(name))
    return life.is_entered and not is_any and not Body(block).closes(life.resource)


def _lifetime(resource: Resource, kind: YieldKind, elsewhere: Elsewhere) -> Lifetime:
    evaluation = Evaluation(resource, kind)
    interpreter = Interpreter(resource, evaluation, elsewhere)
    body = resource.block.node
    assert isinstance(body, (cst.FunctionDef, cst.Module))
    suite = body.body if isinstance(body, cst.FunctionDef) else body
    start = State(Status.UNBORN, (None,) * len(resource.flags))
    outcomes = interpreter.block(suite, start)
    if resource.block.kind is BlockKind.MODULE and user(resource.block, resource.name):
        outcomes = {(exit_, _used(state)): trail for (exit_, state), trail in outcomes.items()}
    ends = tuple(
        _end(exit_, state, flattened(trail), body, is_fresh=_is_unused(state, evaluation))
        for (exit_, state), trail in outcomes.items()
        if state.status in _ENDINGS and exit_.way is not Way.EXIT
    )
    loop = resource.loop
    shape = _shape(ends, loop, evaluation.kind)
    is_clean = all(end.ending is not Ending.LEFT_OPEN for end in ends)
    is_helped = interpreter.operations.is_helped
    if is_clean and (is_helped or not _is_worth_managing(resource) or _is_shielded(resource)):
        shape = Shape.SILENT
    if resource.thing.is_guess and is_closed_on_demand(resource):
        shape = Shape.SILENT
    if shape is not Shape.NEVER and fallback(resource.binding) is not None:
        # Whose it is may be known by more than is followed here.
        shape = Shape.SILENT
    made = resource.acquired
    acquired = made.elt if isinstance(made, cst.ListComp) else made
    return Lifetime(
        resource,
        resource.name,
        resource.thing,
        acquired,
        loop,
        ends,
        shape,
        evaluation.closed_uses,
        evaluation.is_filled,
    )


def _used(state: State) -> State:
    """The state of what functions use, who can tell when: what seems fresh is not."""
    return state.to(Status.OPEN) if state.status is Status.FRESH else state


def _is_worth_managing(resource: Resource) -> bool:
    """Whether a `with` could take the place of the close and would hold anything."""
    return _could_be_managed(resource) and not _is_closed_at_once(resource)


def _is_shielded(resource: Resource) -> bool:
    """Whether it is closed by hand to protect that from cancellations."""
    if not resource.thing.type.is_async or "shield" not in resource.block.home.reader.text:
        return False
    from sessionlint.flow.shielded import is_closed_in_shield

    return is_closed_in_shield(resource)


def _is_closed_at_once(resource: Resource) -> bool:
    """Whether the next statement closes it, as those do that only ask whether a server answers."""
    for node in descend(resource.block.node):
        for line, after in _neighbours(node):
            if isinstance(line, cst.SimpleStatementLine) and line.body[-1] is resource.binding.node:
                return closed_by(after, resource) == resource.name
    return False


def _neighbours(node: cst.CSTNode) -> Iterator[tuple[cst.CSTNode, cst.CSTNode]]:
    """Each statement of a list with the one that follows it, be it behind the end of a `try`."""
    lines = node.body if isinstance(node, (cst.IndentedBlock, cst.Module)) else ()
    for line, after in pairwise(lines):
        yield line, after
        if isinstance(line, TRIES) and line.orelse is None and line.finalbody is None:
            yield line.body.body[-1], after
    if isinstance(node, TRIES) and node.orelse is not None:
        yield node.body.body[-1], node.orelse.body.body[0]


def _could_be_managed(resource: Resource) -> bool:
    """Whether a `with` could take the place of the close.

    Some drivers offer no context manager, and a name that may also hold somebody else's resource
    (a parameter, an argument's default) is closed only when it was opened here. What a loop waits
    for is used behind it, and what a `with` opens has one already.
    """
    if resource.is_entered:
        return False
    if resource.asked_beside or resource.is_waited_for or not resource.thing.type.is_manageable:
        return False
    if not resource.branches or all(one.is_none for one in resource.others):
        return True
    return section_of(resource, Nodes(resource.block)) is not None


def _is_unused(state: State, evaluation: Evaluation) -> bool:
    """Whether nothing has used the resource: the turns of a loop are not told apart."""
    is_idle = state.status is Status.IDLE and not evaluation.has_transactions
    return state.status is Status.FRESH or is_idle


def _end(
    exit_: Exit,
    state: State,
    steps: tuple[Step, ...],
    body: cst.FunctionDef | cst.Module,
    *,
    is_fresh: bool,
) -> End:
    last: cst.CSTNode | None = None
    if exit_.way is Way.NEXT and state.status.is_open and isinstance(body, cst.FunctionDef):
        last = last_reached(body, steps)
    born = [index for index, step in enumerate(steps) if step.kind is StepKind.ACQUIRE]
    steps = steps[born[-1] + 1 :] if born else steps
    node = None if exit_.way is Way.NEXT else _left_at(exit_.way, steps)
    is_idle = state.status in {Status.IDLE, Status.FRESH}
    ending = _ENDINGS[state.status]
    is_unprotected = state.is_lent and _is_by_yield(exit_.way, steps)
    return End(
        ending,
        exit_.way,
        node,
        state.is_faulted,
        is_idle,
        is_unprotected,
        steps,
        is_fresh=is_fresh,
        is_raised=state.is_faulted and isinstance(node, cst.Raise),
        is_raised_again=_is_raised_again(node, steps),
        last=last,
    )


def _is_raised_again(node: cst.CSTNode | None, steps: Sequence[Step]) -> bool:
    """Whether a `raise` is of the error that was handled on the way, and not of another one."""
    if not isinstance(node, cst.Raise):
        return False
    handlers = [step.node for step in steps if step.kind is StepKind.HANDLED]
    caught = (one.name.name for one in handlers if isinstance(one, HANDLERS) and one.name)
    return node.exc is None or (
        isinstance(node.exc, cst.Name) and any(is_name(one, node.exc.value) for one in caught)
    )


def _left_at(way: Way, steps: Sequence[Step]) -> cst.CSTNode | None:
    """Where a function is left: at what failed last and was handled by nothing, or the `return`.

    A `finally` may handle errors of its own behind either.
    """
    left: list[cst.CSTNode] = []
    for step in steps:
        if step.kind is StepKind.LEAVE:
            left.append(step.node)
        elif step.kind is StepKind.HANDLED and left:
            left.pop()
    written = [node for node in left if isinstance(node, cst.Return)] if way is Way.RETURN else left
    return written[-1] if written else None


def _is_by_yield(way: Way, steps: tuple[Step, ...]) -> bool:
    """Whether nothing has failed on a path since the `yield` that lent the resource, but that."""
    lent = max(index for index, step in enumerate(steps) if step.kind is StepKind.YIELD)
    left = [step.node for step in steps[lent:] if step.kind is StepKind.LEAVE]
    # The step that binds the name to something else is no failure.
    failed = left[:-1] if way is Way.LOST else left
    return all(isinstance(node, _WRITTEN) for node in failed)


def _shape(ends: tuple[End, ...], loop: cst.CSTNode | None, kind: YieldKind) -> Shape:
    """The one thing to say about a lifetime, in the order the rules give way to each other."""
    found = {end.ending for end in ends}
    leaks = [end for end in ends if end.ending is Ending.LEFT_OPEN]
    is_ordinary = any(end.is_ordinary for end in leaks)
    if Ending.UNKNOWN in found:
        return Shape.SILENT
    if not is_ordinary and (kind is YieldKind.FIXTURE or _is_given_away(ends)):
        return Shape.SILENT
    if not leaks:
        if not _is_by_hand(found):
            return Shape.SILENT
        return Shape.BY_HAND if loop is None else Shape.IN_LOOP
    if any(end.is_unprotected for end in leaks):
        return Shape.YIELDED
    if loop is not None:
        return Shape.IN_LOOP
    if found == {Ending.LEFT_OPEN}:
        return Shape.NEVER
    return Shape.EARLY if is_ordinary else Shape.FAILING


def _is_given_away(ends: tuple[End, ...]) -> bool:
    """Whether the function exists to give the resource to somebody: a failure before is theirs."""
    ordinary = {end.ending for end in ends if end.is_ordinary}
    return ordinary == {Ending.HANDED_OVER}


def _is_by_hand(found: set[Ending]) -> bool:
    return found == {Ending.RELEASED}
