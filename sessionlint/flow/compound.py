"""Compound statements: branches, try, with and match."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

import libcst as cst

from sessionlint.facts.syntax import TRIES, Handler, Try, arguments, last_name
from sessionlint.facts.values import FunctionValue
from sessionlint.flow import loops
from sessionlint.flow.acts import Act, Operation
from sessionlint.flow.conditions import branches
from sessionlint.flow.expressions import raising
from sessionlint.flow.guards import guarded
from sessionlint.flow.handlers import taking
from sessionlint.flow.harmless import ENTERED_SAFELY, SAFE_MANAGERS
from sessionlint.flow.holders import borrows
from sessionlint.flow.leaving import gives_itself, may_end
from sessionlint.flow.loops import is_it, target_names
from sessionlint.flow.nodes import Nodes
from sessionlint.flow.paths import (
    NEXT,
    Outcomes,
    Path,
    ending,
    extend,
    in_order,
    joined,
    only_next,
    step,
    then,
    within,
)
from sessionlint.flow.safe import is_calm_in
from sessionlint.flow.ways import Exit, State, Status, Step, StepKind, Way

if TYPE_CHECKING:
    from sessionlint.flow.statements import Interpreter

__all__ = ["KINDS", "run"]

KINDS: Final = frozenset({cst.If, cst.While, cst.For, *TRIES, cst.With, cst.Match})
"""The compound statements that `run` takes; definitions are not among them."""

_ERROR: Final = Exit(Way.ERROR)
_FAULTS: Final = frozenset({Way.ERROR, Way.CANCEL, Way.STOP})
_WRITTEN: Final = frozenset({Way.NEXT, Way.RETURN, Way.BREAK, Way.CONTINUE})
_PASSING: Final = frozenset({Way.LOST, Way.EXIT})


def run(interpreter: Interpreter, node: cst.BaseCompoundStatement, state: State) -> Outcomes:
    """Every way out of a compound statement."""
    match node:
        case cst.If():
            return _if(interpreter, node, state)
        case cst.While():
            return loops.while_loop(interpreter, node, state)
        case cst.For():
            return loops.for_loop(interpreter, node, state)
        case cst.Try() | cst.TryStar():
            return _try(interpreter, node, state)
        case cst.With():
            return _with(interpreter, node, 0, state)
        case cst.Match():
            return _match(interpreter, node, state)
    return {(NEXT, state): None}


def _if(interpreter: Interpreter, node: cst.If, state: State) -> Outcomes:
    """A chain of if/elif/else, walked as a loop because chains of thousands occur."""
    outcomes: Outcomes = {}
    here: Outcomes = {(NEXT, state): None}
    link: cst.If | cst.Else | None = node
    while type(link) is cst.If:
        below: Outcomes = {}
        for now, trail in only_next(here):
            for (exit_, tested), more in in_order(interpreter.evaluate(link.test, now), link.test):
                path = joined(trail, more)
                if exit_ != NEXT:
                    outcomes.setdefault((exit_, tested), path)
                    continue
                for truth, after in branches(interpreter.resource, link.test, tested):
                    kind = StepKind.TRUE if truth else StepKind.FALSE
                    taken = step(path, Step(kind, link.test))
                    inside = guarded(interpreter, link, after, is_true=truth)
                    if truth:
                        extend(outcomes, interpreter.block(link.body, inside), taken)
                    else:
                        below.setdefault((NEXT, inside), taken)
        here, link = below, link.orelse
    for now, trail in only_next(here):
        if link is None:
            outcomes.setdefault((NEXT, now), trail)
        else:
            extend(outcomes, interpreter.block(link.body, now), trail)
    return outcomes


def _try(interpreter: Interpreter, node: Try, state: State) -> Outcomes:
    outcomes: Outcomes = {}
    # Of two ways to one end the first is told: better the one that takes no error, or only one.
    handled: list[tuple[tuple[Exit, State], Path]] = []
    left = interpreter.block(node.body, state).items()
    for (exit_, now), trail in sorted(left, key=_takes_error):
        if exit_ == NEXT and node.orelse is not None:
            extend(outcomes, interpreter.block(node.orelse.body, now), trail)
        elif exit_ == NEXT or not node.handlers:
            outcomes.setdefault((exit_, now), trail)
        else:
            takers, is_taken = taking(node, exit_)
            handled += _handled(interpreter, takers, exit_, now, trail)
            if not is_taken:
                outcomes.setdefault((exit_, now), trail)
    for key, trail in sorted(handled, key=lambda way: not _is_raised_again(way[1])):
        outcomes.setdefault(key, trail)
    if node.finalbody is None:
        return outcomes
    finished: Outcomes = {}
    for (exit_, now), trail in outcomes.items():
        if exit_.way in _PASSING:
            finished.setdefault((exit_, now), trail)
            continue
        inside = _entering(exit_, now)
        for (way, after), more in interpreter.block(node.finalbody.body, inside).items():
            # finally runs for every way out alike, and goes on with it unless it leaves by its own.
            left_by = exit_ if way == NEXT else way
            is_as_before = way == NEXT and exit_.way in _FAULTS
            reached = after._replace(is_faulted=now.is_faulted) if is_as_before else after
            finished.setdefault((left_by, reached), joined(trail, more))
    return finished


def _takes_error(outcome: tuple[tuple[Exit, State], Path]) -> bool:
    return outcome[0][0].way not in _WRITTEN


def _is_raised_again(trail: Path) -> bool:
    """Whether a path ends at a `raise`, or goes on: nothing else has failed at its end."""
    last = ending(trail)
    return last is None or last.kind is not StepKind.LEAVE or isinstance(last.node, cst.Raise)


def _handled(
    interpreter: Interpreter, takers: Iterable[Handler], exit_: Exit, state: State, trail: Path
) -> Iterator[tuple[tuple[Exit, State], Path]]:
    """What comes of what leaves the body of a `try` in every handler that may take it."""
    for handler in takers:
        path = step(trail, Step(StepKind.HANDLED, handler))
        for key, more in interpreter.handler(handler.body, _entering(exit_, state), exit_).items():
            yield key, joined(path, more)


def _entering(exit_: Exit, state: State) -> State:
    """The state in which a clean-up begins: with an error behind it if that is why."""
    return state.faulted() if exit_.way in _FAULTS else state


def _with(interpreter: Interpreter, node: cst.With, index: int, state: State) -> Outcomes:
    """The items one inside the other, then the body."""
    if index == len(node.items):
        return interpreter.block(node.body, state)
    item = node.items[index]
    if state.status not in {Status.UNBORN, Status.NONE} and _manages(interpreter, item.item):
        # Managed from here on: as good as handed to an owner, and not closed by hand.
        managed = state.to(Status.HANDED_OVER) if state.status.is_open else state
        return _with(interpreter, node, index + 1, managed)
    is_async = node.asynchronous is not None
    exits = interpreter.evaluation.errors if is_async else ()
    entered = then(
        _entered(interpreter, item.item, state),
        lambda now: {(NEXT, now): None, **raising(item, now, *exits)},
    )
    if item.asname is not None and target_names(item.asname.name) & interpreter.resource.names:
        is_opened = item is interpreter.resource.binding.node
        bound = Operation(Act.ACQUIRE if is_opened else Act.REBIND, item)
        entered = then(entered, lambda now: interpreter.evaluation.run([bound], now))
    leaving = exits or ((_ERROR,) if _may_fail_to_exit(interpreter, item.item) else ())

    def entering(now: State) -> Outcomes:
        done = _with(interpreter, node, index + 1, now)
        if _is_transaction(interpreter, item.item):
            interpreter.evaluation.has_transactions = True
            done = {(exit_, after.idle()): trail for (exit_, after), trail in done.items()}
        return _suppressed(item.item, _left(item, done, leaving))

    return within(entered, entering)


def _is_transaction(interpreter: Interpreter, item: cst.BaseExpression) -> bool:
    """`with session.begin():`, whose end commits or rolls back."""
    match item:
        case cst.Call(func=cst.Attribute(value=owner, attr=cst.Name(value="begin"))):
            return interpreter.resource.thing.type.is_session and is_it(interpreter, owner)
    return False


def _entered(interpreter: Interpreter, item: cst.BaseExpression, state: State) -> Outcomes:
    """Evaluate a with-item; an object made around the resource is there to end it."""
    outcomes = interpreter.evaluate(item, state)
    if _is_safe_manager(interpreter, item, ENTERED_SAFELY, "__enter__"):
        outcomes = {key: trail for key, trail in outcomes.items() if key[0] == NEXT}
    if not isinstance(item, cst.Call) or borrows(interpreter.resource, item):
        return outcomes
    if interpreter.operations.leaves(item):
        after = Status.HANDED_OVER
    elif may_end(interpreter.resource, item):
        after = Status.UNKNOWN
    else:
        return outcomes
    return then(outcomes, lambda now: {(NEXT, now.to(after) if now.status.is_open else now): None})


def _may_fail_to_exit(interpreter: Interpreter, item: cst.BaseExpression) -> bool:
    """Whether leaving a stranger's block may fail: a transaction commits there, a lock does not."""
    return isinstance(item, cst.Call) and not _is_safe_manager(
        interpreter, item, SAFE_MANAGERS, "__exit__"
    )


def _is_safe_manager(
    interpreter: Interpreter, item: cst.BaseExpression, names: frozenset[str], method: str
) -> bool:
    """Whether a call has one of these names, or makes the project's own that do no more.

    A generator that first of all tries its `yield` is entered without any failure; of a class the
    method says what it does.
    """
    if not isinstance(item, cst.Call):
        return False
    if last_name(item.func) in names:
        return True
    resource = interpreter.resource
    made = resource.evaluator.value(item.func, resource.block)
    if not isinstance(made, FunctionValue) or len(made.block.yields) != 1:
        return is_calm_in(made, method)
    match made.block.node:
        case cst.FunctionDef(body=cst.IndentedBlock(body=[cst.Try() | cst.TryStar() as only])):
            around = Nodes(made.block).above(made.block.yields[0])
            return only.finalbody is None and any(only.body is one for one in around)
    return False


def _left(item: cst.WithItem, outcomes: Outcomes, exits: tuple[Exit, ...]) -> Outcomes:
    """The ways out of a block whose own exit may fail."""
    after = dict(outcomes)
    for (exit_, state), trail in outcomes.items():
        if state.status.is_open and exit_.way not in _PASSING:
            extend(after, raising(item, state, *exits), trail)
    return after


def _manages(interpreter: Interpreter, item: cst.BaseExpression) -> bool:
    """Whether a with-item is the resource itself, or `closing` around it."""
    resource = interpreter.resource
    if isinstance(item, cst.Call) and last_name(item.func) in {"closing", "aclosing"}:
        return any(is_it(interpreter, value) for value in arguments(item))
    is_managing = resource.thing.type.ends_with or resource.thing.is_guess
    return is_managing and (is_it(interpreter, item) or gives_itself(resource, item))


def _suppressed(item: cst.BaseExpression, outcomes: Outcomes) -> Outcomes:
    """`with suppress(…)` and its like: the block may end normally although it failed."""
    if not (isinstance(item, cst.Call) and last_name(item.func) in {"suppress", "raises"}):
        return outcomes
    takes_all = any(last_name(kind) in {"Exception", "BaseException"} for kind in arguments(item))
    after: Outcomes = {}
    for (exit_, state), trail in outcomes.items():
        is_error = exit_.way in {Way.ERROR, Way.RAISE}
        if is_error:
            after.setdefault((NEXT, state.faulted()), step(trail, Step(StepKind.HANDLED, item)))
        if not (is_error and takes_all):
            after.setdefault((exit_, state), trail)
    return after


def _match(interpreter: Interpreter, node: cst.Match, state: State) -> Outcomes:
    outcomes: Outcomes = {}
    here = interpreter.evaluate(node.subject, state)
    for case in node.cases:
        below: Outcomes = {}
        for (exit_, now), trail in in_order(here, node.subject):
            if exit_ != NEXT:
                outcomes.setdefault((exit_, now), trail)
                continue
            path = step(trail, Step(StepKind.CASE, case))
            for (way, tested), more in interpreter.evaluate(case.guard, now).items():
                if way != NEXT:
                    outcomes.setdefault((way, tested), joined(path, more))
                    continue
                extend(outcomes, interpreter.block(case.body, tested), joined(path, more))
                if not _is_irrefutable(case):
                    below.setdefault((NEXT, tested), joined(trail, more))
        here = below
    extend(outcomes, here)
    return outcomes


def _is_irrefutable(case: cst.MatchCase) -> bool:
    pattern = case.pattern
    return case.guard is None and isinstance(pattern, cst.MatchAs) and pattern.pattern is None
