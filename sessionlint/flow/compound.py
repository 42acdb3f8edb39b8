"""Compound statements: branches, try and match; loops and `with` have modules of their own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Final

import libcst as cst

from sessionlint.facts.syntax import TRIES, Handler, Try
from sessionlint.flow import loops
from sessionlint.flow.conditions import branches
from sessionlint.flow.guards import guarded
from sessionlint.flow.handlers import taking
from sessionlint.flow.paths import (
    NEXT,
    Outcomes,
    Path,
    ending,
    extend,
    in_order,
    joined,
    step,
)
from sessionlint.flow.raised_alone import is_raised_alone
from sessionlint.flow.ways import PASSING, Exit, State, Step, StepKind, Way
from sessionlint.flow.with_items import with_statement

if TYPE_CHECKING:
    from sessionlint.flow.statements import Interpreter

__all__ = ["KINDS", "run"]

KINDS: Final = frozenset({cst.If, cst.While, cst.For, *TRIES, cst.With, cst.Match})
"""The compound statements that `run` takes; definitions are not among them."""

_FAULTS: Final = frozenset({Way.ERROR, Way.CANCEL, Way.STOP})
_WRITTEN: Final = frozenset({Way.NEXT, Way.RETURN, Way.BREAK, Way.CONTINUE})


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
            return with_statement(interpreter, node, state)
        case cst.Match():
            return _match(interpreter, node, state)
    return {(NEXT, state): None}


def _if(interpreter: Interpreter, node: cst.If, state: State) -> Outcomes:
    """A chain of if/elif/else, walked as a loop because chains of thousands occur."""
    outcomes: Outcomes = {}
    here: dict[State, Path] = {state: None}
    link: cst.If | cst.Else | None = node
    while type(link) is cst.If:
        below: dict[State, Path] = {}
        for now, trail in here.items():
            for (exit_, tested), more in in_order(interpreter.evaluate(link.test, now), link.test):
                path = joined(trail, more)
                if exit_ != NEXT:
                    outcomes.setdefault((exit_, tested), path)
                    continue
                for truth, after in branches(interpreter.resource, link.test, tested):
                    kind = StepKind.TRUE if truth else StepKind.FALSE
                    taken = joined(path, Step(kind, link.test))
                    inside = guarded(interpreter, link, after, is_true=truth)
                    if truth:
                        extend(outcomes, interpreter.block(link.body, inside), taken)
                    else:
                        below.setdefault(inside, taken)
        here, link = below, link.orelse
    for now, trail in here.items():
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
            if exit_.way is Way.ERROR:
                takers = [one for one in takers if not _knows_nothing_of(interpreter, one, node)]
            handled += _handled(interpreter, takers, exit_, now, trail)
            if not is_taken:
                outcomes.setdefault((exit_, now), trail)
    for key, trail in sorted(handled, key=lambda way: not _is_raised_again(way[1])):
        outcomes.setdefault(key, trail)
    if node.finalbody is None:
        return outcomes
    finished: Outcomes = {}
    for (exit_, now), trail in outcomes.items():
        if exit_.way in PASSING:
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


def _knows_nothing_of(interpreter: Interpreter, handler: Handler, node: Try) -> bool:
    """Whether a handler takes no error of the body but one that a `raise` in there names."""
    resource = interpreter.resource
    work_out = partial(is_raised_alone, resource, handler, node.body)
    return resource.evaluator.once((is_raised_alone, handler, resource.names), work_out)


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
