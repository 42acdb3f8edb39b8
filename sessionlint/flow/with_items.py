"""The `with` statement: what enters a resource, what may end it, and what a block suppresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import libcst as cst

from sessionlint.facts.syntax import arguments, is_idle, last_name
from sessionlint.facts.values import FunctionValue
from sessionlint.flow.acts import Act, Operation
from sessionlint.flow.expressions import raising
from sessionlint.flow.handlers import Catch
from sessionlint.flow.harmless import ENTERED_SAFELY, SAFE_MANAGERS
from sessionlint.flow.holders import borrows
from sessionlint.flow.leaving import gives_itself, may_end
from sessionlint.flow.loops import target_names
from sessionlint.flow.nodes import Nodes
from sessionlint.flow.paths import NEXT, Outcomes, extend, step, then, within
from sessionlint.flow.resource import Resource
from sessionlint.flow.safe import is_calm_in
from sessionlint.flow.swallowed import swallowed
from sessionlint.flow.ways import ABSENT, PASSING, Exit, State, Status, Step, StepKind, Way

if TYPE_CHECKING:
    from sessionlint.flow.statements import Interpreter

__all__ = ["with_statement"]

_ERROR: Final = Exit(Way.ERROR)


def with_statement(interpreter: Interpreter, node: cst.With, state: State) -> Outcomes:
    """Every way out of a `with`."""
    return _items(interpreter, node, 0, state)


def _items(interpreter: Interpreter, node: cst.With, index: int, state: State) -> Outcomes:
    """The items one inside the other, then the body."""
    if index == len(node.items):
        return interpreter.block(node.body, state)
    item = node.items[index]
    if state.status not in ABSENT and _manages(interpreter, item.item):
        # Managed from here on: as good as handed to an owner, and not closed by hand.
        managed = state.to(Status.HANDED_OVER) if state.status.is_open else state
        return _items(interpreter, node, index + 1, managed)
    is_async = node.asynchronous is not None
    exits = interpreter.evaluation.errors if is_async else ()
    failing = () if _is_entered_safely(interpreter, item.item) else exits
    entered = then(
        _entered(interpreter, item.item, state),
        lambda now: {(NEXT, now): None, **raising(item, now, *failing)},
    )
    if item.asname is not None and target_names(item.asname.name) & interpreter.resource.names:
        is_opened = item is interpreter.resource.binding.node
        bound = Operation(Act.ACQUIRE if is_opened else Act.REBIND, item)
        entered = then(entered, lambda now: interpreter.evaluation.run([bound], now))
    leaving = exits or ((_ERROR,) if _may_fail_to_exit(interpreter, item.item) else ())

    def entering(now: State) -> Outcomes:
        done = _items(interpreter, node, index + 1, now)
        if _is_transaction(interpreter, item.item):
            interpreter.evaluation.has_transactions = True
            done = {(exit_, after.idle()): trail for (exit_, after), trail in done.items()}
        return _suppressed(interpreter.resource, item.item, _left(item, done, leaving))

    return within(entered, entering)


def _is_transaction(interpreter: Interpreter, item: cst.BaseExpression) -> bool:
    """`with session.begin():`, whose end commits or rolls back."""
    match item:
        case cst.Call(func=cst.Attribute(value=owner, attr=cst.Name(value="begin"))):
            return interpreter.resource.thing.type.is_session and interpreter.resource.is_it(owner)
    return False


def _entered(interpreter: Interpreter, item: cst.BaseExpression, state: State) -> Outcomes:
    """Evaluate a with-item; an object made around the resource is there to end it."""
    outcomes = interpreter.evaluate(item, state)
    if _is_entered_safely(interpreter, item):
        outcomes = {key: trail for key, trail in outcomes.items() if key[0] == NEXT}
    if not isinstance(item, cst.Call):
        return outcomes
    if interpreter.operations.leaves(item):
        after = Status.HANDED_OVER
    elif may_end(interpreter.resource, item):
        after = Status.UNKNOWN
    else:
        return outcomes
    if borrows(interpreter.resource, item):
        return outcomes
    return then(outcomes, lambda now: {(NEXT, now.to(after) if now.status.is_open else now): None})


def _is_entered_safely(interpreter: Interpreter, item: cst.BaseExpression) -> bool:
    return _is_safe_manager(interpreter, item, ENTERED_SAFELY, "__enter__")


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
    match _working(made.block.node):
        case [cst.Try() | cst.TryStar() as only]:
            around = Nodes(made.block).above(made.block.yields[0])
            return only.finalbody is None and any(only.body is one for one in around)
    return False


def _working(function: cst.CSTNode) -> list[cst.CSTNode]:
    """The statements of a function that do anything."""
    match function:
        case cst.FunctionDef(body=cst.IndentedBlock(body=lines)):
            return [one for one in lines if not _is_idle(one)]
    return []


def _is_idle(line: cst.CSTNode) -> bool:
    return isinstance(line, cst.SimpleStatementLine) and all(map(is_idle, line.body))


def _left(item: cst.WithItem, outcomes: Outcomes, exits: tuple[Exit, ...]) -> Outcomes:
    """The ways out of a block whose own exit may fail."""
    after = dict(outcomes)
    for (exit_, state), trail in outcomes.items():
        if state.status.is_open and exit_.way not in PASSING:
            extend(after, raising(item, state, *exits), trail)
    return after


def _manages(interpreter: Interpreter, item: cst.BaseExpression) -> bool:
    """Whether a with-item is the resource itself, or `closing` around it."""
    resource = interpreter.resource
    if isinstance(item, cst.Call) and last_name(item.func) in {"closing", "aclosing"}:
        return any(resource.is_it(value) for value in arguments(item))
    is_managing = resource.thing.type.ends_with or resource.thing.is_guess
    return is_managing and (resource.is_it(item) or gives_itself(resource, item))


def _suppressed(resource: Resource, item: cst.BaseExpression, outcomes: Outcomes) -> Outcomes:
    """`with suppress(…)` and its like: the block may end normally although it failed."""
    after: Outcomes = {}
    for (exit_, state), trail in outcomes.items():
        catch = swallowed(resource, item, exit_)
        if catch is not Catch.NEVER:
            after.setdefault((NEXT, state.faulted()), step(trail, Step(StepKind.HANDLED, item)))
        if catch is not Catch.ALWAYS:
            after.setdefault((exit_, state), trail)
    return after
