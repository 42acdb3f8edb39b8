"""Compound statements: branches, loops, try, with and match."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import libcst as cst

from sessionlint.facts.syntax import arguments, last_name
from sessionlint.flow.conditions import branches
from sessionlint.flow.expressions import raising
from sessionlint.flow.guards import guarded
from sessionlint.flow.handlers import Catch, caught
from sessionlint.flow.paths import NEXT, Outcomes, Trail, extend, joined, only_next, step, then
from sessionlint.flow.ways import Exit, State, Status, Step, StepKind, Way

if TYPE_CHECKING:
    from sessionlint.flow.statements import Interpreter

__all__ = ["run"]

_ERROR: Final = Exit(Way.ERROR)
_FAULTS: Final = frozenset({Way.ERROR, Way.CANCEL, Way.STOP})
_PASSING: Final = frozenset({Way.LOST, Way.EXIT})
_SURE_ITERABLES: Final = frozenset({"range", "enumerate", "zip", "reversed", "sorted"})


def run(interpreter: Interpreter, node: cst.BaseCompoundStatement, state: State) -> Outcomes:
    """Every way out of a compound statement."""
    match node:
        case cst.If():
            return _if(interpreter, node, state)
        case cst.While():
            return _while(interpreter, node, state)
        case cst.For():
            return _for(interpreter, node, state)
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
    while isinstance(link, cst.If):
        below: Outcomes = {}
        for now, trail in only_next(here):
            for (exit_, tested), more in interpreter.evaluate(link.test, now).items():
                path = joined(trail, more)
                if exit_ != NEXT:
                    outcomes.setdefault((exit_, tested), path)
                    continue
                for truth, after in branches(interpreter.resource, link.test, tested):
                    kind = StepKind.TRUE if truth else StepKind.FALSE
                    taken = step(path, Step(kind, link.test))
                    after = guarded(interpreter, link, truth, after)
                    if truth:
                        extend(outcomes, interpreter.block(link.body, after), taken)
                    else:
                        below.setdefault((NEXT, after), taken)
        here, link = below, link.orelse
    for now, trail in only_next(here):
        if link is None:
            outcomes.setdefault((NEXT, now), trail)
        else:
            extend(outcomes, interpreter.block(link.body, now), trail)
    return outcomes


class _Loop:
    """Closes a loop over its states; there are few, so each turn is summarised once per state."""

    def __init__(self) -> None:
        self.left: Outcomes = {}
        self.ended: Outcomes = {}
        self._heads: dict[State, Trail] = {}
        self.waiting: list[State] = []

    def enter(self, state: State, trail: Trail) -> None:
        if state not in self._heads:
            self._heads[state] = trail
            self.waiting.append(state)

    def trail(self, state: State) -> Trail:
        return self._heads[state]

    def turned(self, outcomes: Outcomes, before: Trail) -> None:
        """Sort the ways out of the body: next turn, after the loop, or out of it."""
        for (exit_, state), more in outcomes.items():
            path = joined(before, more)
            if exit_.way in {Way.NEXT, Way.CONTINUE}:
                self.enter(state, path)
            elif exit_.way is Way.BREAK:
                self.left.setdefault((NEXT, state), path)
            else:
                self.left.setdefault((exit_, state), path)

    def finished(self, interpreter: Interpreter, orelse: cst.Else | None) -> Outcomes:
        """All ways out, the `else` block included."""
        outcomes = self.ended
        if orelse is not None:
            outcomes = then(outcomes, lambda now: interpreter.block(orelse.body, now))
        extend(outcomes, self.left)
        return outcomes


def _while(interpreter: Interpreter, node: cst.While, state: State) -> Outcomes:
    loop = _Loop()
    loop.enter(state, None)
    while loop.waiting:
        head = loop.waiting.pop()
        for (exit_, tested), more in interpreter.evaluate(node.test, head).items():
            path = joined(loop.trail(head), more)
            if exit_ != NEXT:
                loop.left.setdefault((exit_, tested), path)
                continue
            for truth, after in branches(interpreter.resource, node.test, tested):
                if truth:
                    turn = step(path, Step(StepKind.TURN, node))
                    loop.turned(interpreter.block(node.body, after), turn)
                else:
                    loop.ended.setdefault((NEXT, after), path)
    return loop.finished(interpreter, node.orelse)


def _for(interpreter: Interpreter, node: cst.For, state: State) -> Outcomes:
    loop = _Loop()
    for (exit_, now), trail in interpreter.evaluate(node.iter, state).items():
        if exit_ == NEXT:
            loop.enter(now, trail)
        else:
            loop.left.setdefault((exit_, now), trail)
    exits = _iteration_exits(node)
    names = _target_names(node.target)
    is_rebinding = bool(names & interpreter.resource.names)
    while loop.waiting:
        head = loop.waiting.pop()
        path = loop.trail(head)
        extend(loop.left, raising(node.iter, head, *exits), path)
        loop.ended.setdefault((NEXT, head), path)
        turn = step(path, Step(StepKind.TURN, node))
        bound: Outcomes = {(NEXT, head): None}
        if is_rebinding:
            bound = interpreter.evaluation.rebound(node.target, head)
        loop.turned(then(bound, lambda now: interpreter.block(node.body, now)), turn)
    return loop.finished(interpreter, node.orelse)


def _iteration_exits(node: cst.For) -> tuple[Exit, ...]:
    """How asking for the next item may fail."""
    if node.asynchronous is not None:
        return (_ERROR, Exit(Way.CANCEL))
    is_call = isinstance(node.iter, cst.Call)
    if is_call and last_name(node.iter.func) in _SURE_ITERABLES:
        return ()
    return () if isinstance(node.iter, (cst.Tuple, cst.List, cst.SimpleString)) else (_ERROR,)


def _target_names(target: cst.BaseExpression) -> set[str]:
    if isinstance(target, cst.Name):
        return {target.value}
    if isinstance(target, (cst.Tuple, cst.List)):
        return {name for element in target.elements for name in _target_names(element.value)}
    return set()


def _try(interpreter: Interpreter, node: cst.Try | cst.TryStar, state: State) -> Outcomes:
    outcomes: Outcomes = {}
    for (exit_, now), trail in interpreter.block(node.body, state).items():
        if exit_ == NEXT and node.orelse is not None:
            extend(outcomes, interpreter.block(node.orelse.body, now), trail)
        elif exit_ == NEXT or not node.handlers:
            outcomes.setdefault((exit_, now), trail)
        else:
            _handled(interpreter, node, exit_, now, trail, outcomes)
    if node.finalbody is None:
        return outcomes
    finished: Outcomes = {}
    for (exit_, now), trail in outcomes.items():
        if exit_.way in _PASSING:
            finished.setdefault((exit_, now), trail)
            continue
        for (way, after), more in interpreter.block(node.finalbody.body, now).items():
            # finally runs for every way out alike, and goes on with it unless it leaves by its own.
            key = (exit_ if way == NEXT else way, after)
            finished.setdefault(key, joined(trail, more))
    return finished


def _handled(
    interpreter: Interpreter,
    node: cst.Try | cst.TryStar,
    exit_: Exit,
    state: State,
    trail: Trail,
    outcomes: Outcomes,
) -> None:
    """Send what leaves the body through the handlers in order."""
    for handler in node.handlers:
        catch = caught(handler, exit_)
        if catch is Catch.NEVER:
            continue
        is_faulted = state.status.is_open and (state.is_faulted or exit_.way in _FAULTS)
        inside = State(state.status, is_faulted, state.flags)
        path = step(trail, Step(StepKind.HANDLED, handler))
        extend(outcomes, interpreter.handler(handler.body, inside, exit_), path)
        if catch is Catch.ALWAYS:
            return
    outcomes.setdefault((exit_, state), trail)


def _with(interpreter: Interpreter, node: cst.With, index: int, state: State) -> Outcomes:
    """The items one inside the other, then the body."""
    if index == len(node.items):
        return interpreter.block(node.body, state)
    item = node.items[index]
    if _manages(interpreter, item.item):
        body = _with(interpreter, node, index + 1, state)
        return _released(body)
    exits = (_ERROR, Exit(Way.CANCEL)) if node.asynchronous is not None else ()
    entered = then(
        interpreter.evaluate(item.item, state),
        lambda now: {(NEXT, now): None, **raising(item, now, *exits)},
    )
    if item.asname is not None and _target_names(item.asname.name) & interpreter.resource.names:
        entered = then(entered, lambda now: interpreter.evaluation.rebound(item, now))
    outcomes = then(entered, lambda now: _with(interpreter, node, index + 1, now))
    return _suppressed(item.item, outcomes)


def _manages(interpreter: Interpreter, item: cst.BaseExpression) -> bool:
    """Whether a with-item is the resource itself, or `closing` around it."""
    resource = interpreter.resource
    if isinstance(item, cst.Call) and last_name(item.func) in {"closing", "aclosing"}:
        return any(_is_it(interpreter, value) for value in arguments(item))
    is_managing = resource.thing.type.ends_with or resource.thing.is_guess
    return is_managing and _is_it(interpreter, item)


def _is_it(interpreter: Interpreter, expression: cst.BaseExpression) -> bool:
    names = interpreter.resource.names
    return isinstance(expression, cst.Name) and expression.value in names


def _released(outcomes: Outcomes) -> Outcomes:
    after: Outcomes = {}
    for (exit_, state), trail in outcomes.items():
        is_managed = state.status.is_open and exit_.way is not Way.LOST
        # Managed from here on: as good as handed to an owner, and not closed by hand.
        after.setdefault((exit_, state.to(Status.HANDED_OVER) if is_managed else state), trail)
    return after


def _suppressed(item: cst.BaseExpression, outcomes: Outcomes) -> Outcomes:
    """`with suppress(…)` and its like: the block may end normally although it failed."""
    if not (isinstance(item, cst.Call) and last_name(item.func) in {"suppress", "raises"}):
        return outcomes
    takes_all = any(last_name(kind) in {"Exception", "BaseException"} for kind in arguments(item))
    after: Outcomes = {}
    for (exit_, state), trail in outcomes.items():
        is_error = exit_.way in {Way.ERROR, Way.RAISE}
        if is_error:
            is_faulted = state.status.is_open
            quiet = State(state.status, is_faulted, state.flags)
            after.setdefault((NEXT, quiet), step(trail, Step(StepKind.HANDLED, item)))
        if not (is_error and takes_all):
            after.setdefault((exit_, state), trail)
    return after


def _match(interpreter: Interpreter, node: cst.Match, state: State) -> Outcomes:
    outcomes: Outcomes = {}
    here = interpreter.evaluate(node.subject, state)
    for case in node.cases:
        below: Outcomes = {}
        for (exit_, now), trail in here.items():
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
