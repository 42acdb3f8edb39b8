"""Every statement as a function from one state to the ways out of it.

The functions act on single states and compose, so each statement is summarised once per state:
the cost is linear in the size of the function, however its loops nest.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import cast

import libcst as cst

from sessionlint.flow import compound
from sessionlint.flow.acts import Act, Operation
from sessionlint.flow.beside import unpacked
from sessionlint.flow.conditions import assigned, beside, branches, is_plain
from sessionlint.flow.displays import takes_key
from sessionlint.flow.elsewhere import Elsewhere
from sessionlint.flow.expressions import Evaluation, raising
from sessionlint.flow.handlers import type_name
from sessionlint.flow.leaving import goes_along
from sessionlint.flow.operations import Operations
from sessionlint.flow.paths import NEXT, Outcomes, extend, joined, then
from sessionlint.flow.resource import Resource
from sessionlint.flow.safe import may_operate_in_vain
from sessionlint.flow.unfailing import may_store_in_vain
from sessionlint.flow.ways import Exit, State, Status, Step, StepKind, Way

__all__ = ["Interpreter"]

_Statement = cst.BaseSmallStatement | cst.BaseCompoundStatement


class Interpreter:
    """Runs one function for one resource."""

    def __init__(
        self, resource: Resource, evaluation: Evaluation, elsewhere: Elsewhere | None = None
    ) -> None:
        self.resource = resource
        self.evaluation = evaluation
        self.operations = Operations(resource)
        self.current = Exit(Way.ERROR)
        self._elsewhere = elsewhere or Elsewhere()
        self._behind: _Statement | None = None
        self._known: dict[tuple[int, State, Exit], Outcomes] = {}

    def block(self, body: cst.BaseSuite | cst.Module, state: State) -> Outcomes:
        """Every way out of a block entered in a state."""
        key = (id(body), state, self.current)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._sequence(_statements(body), state)
        return known

    def handler(self, body: cst.BaseSuite, state: State, exit_: Exit) -> Outcomes:
        """Every way out of an `except` block that has caught what left by an exit."""
        before, self.current = self.current, exit_
        outcomes = self.block(body, state)
        self.current = before
        return outcomes

    def evaluate(self, expression: cst.BaseExpression | None, state: State) -> Outcomes:
        """Every way out of evaluating an expression."""
        return self.evaluation.run(self.operations.of(expression), state)

    def _sequence(self, statements: Sequence[_Statement], state: State) -> Outcomes:
        left: Outcomes = {}
        here: Outcomes = {(NEXT, state): None}
        behind = self._behind
        for index, statement in enumerate(statements):
            following = statements[index + 1] if index + 1 < len(statements) else behind
            after: Outcomes = {}
            for (_, now), trail in here.items():
                for key, more in self._statement(statement, following, now).items():
                    into = after if key[0] == NEXT else left
                    # A handler that raises again is meant to be left there, and not before.
                    if key not in into or statement.__class__ is cst.Raise:
                        into[key] = joined(trail, more)
            here = _without_fresh(after) if len(after) > 1 else after
            if not here:
                break
        extend(left, here)
        return left

    def _statement(
        self, statement: _Statement, following: _Statement | None, state: State
    ) -> Outcomes:
        # Asked by class first: patterns over LibCST's abstract classes are slow to fail.
        if statement.__class__ in compound.KINDS:
            return self._compound(cast("cst.BaseCompoundStatement", statement), following, state)
        match statement:
            case cst.Expr(value=value):
                operations = self.operations.of(value)
                is_clean_up = self._releases(following)
                return self.evaluation.run(operations, state, is_clean_up=is_clean_up)
            case cst.Assign(targets=targets, value=value):
                return self._assign([target.target for target in targets], value, statement, state)
            case cst.AnnAssign(target=target, value=value) if value is not None:
                return self._assign([target], value, statement, state)
            case cst.Return(value=value):
                return self._return(value, statement, state)
            case cst.Raise():
                return self._raise(statement, state)
            case cst.Break():
                return {(Exit(Way.BREAK), state): Step(StepKind.LEAVE, statement)}
            case cst.Continue():
                return {(Exit(Way.CONTINUE), state): Step(StepKind.LEAVE, statement)}
            case cst.Assert(test=test):
                done = self.evaluate(test, state)
                return then(done, partial(self._asserted, statement))
            case cst.AugAssign(value=value):
                done = self.evaluate(value, state)
                if not may_operate_in_vain(statement):
                    return done
                return then(done, lambda now: _may_fail(statement, now))
            case cst.Del(target=target):
                return self._delete(target, state)
            case cst.FunctionDef() | cst.ClassDef():
                return self._definition(statement, state)
        return {(NEXT, state): None}

    def _compound(
        self, whole: cst.BaseCompoundStatement, following: _Statement | None, state: State
    ) -> Outcomes:
        # What follows `if session.is_active: session.rollback()` follows the rollback, too.
        before, self._behind = self._behind, following if isinstance(whole, cst.If) else None
        run = partial(compound.run, self, whole)
        outcomes = self._elsewhere.outcomes(self.resource, whole, self.current, state, run)
        self._behind = before
        return outcomes

    def _releases(self, statement: _Statement | None) -> bool:
        if type(statement) is not cst.Expr:
            return False
        operations = self.operations.of(statement.value)
        return bool(operations) and operations[0].act is Act.RELEASE

    def _assign(
        self,
        targets: Sequence[cst.BaseExpression],
        value: cst.BaseExpression,
        node: _Statement,
        state: State,
    ) -> Outcomes:
        named = [target for target in targets if isinstance(target, cst.Name)]
        operations = list(self.operations.of(value))
        for target in named:
            bound = list(self.operations.bound(target, value, node))
            operations += bound[len(self.operations.of(value)) :]
        others = [target for target in targets if not isinstance(target, cst.Name)]
        for other in others:
            operations += self._stored(other, value, node)
        outcomes = self.evaluation.run(operations, state)
        if self.resource.flags:
            for target in named:
                outcomes = then(outcomes, partial(self._noted, target.value, value))
            for name in (name for other in others for name in unpacked(other) if name):
                outcomes = then(outcomes, partial(self._noted, name, None))
            if node is self.resource.binding.node:
                outcomes = then(outcomes, lambda now: {(NEXT, beside(self.resource, now)): None})
        return outcomes

    def _noted(self, name: str, value: cst.BaseExpression | None, state: State) -> Outcomes:
        states = assigned(self.resource, name, value, state)
        return dict.fromkeys(((NEXT, after) for after in states), None)

    def _stored(
        self, target: cst.BaseExpression, value: cst.BaseExpression, node: _Statement
    ) -> list[Operation]:
        """What assigning to an attribute, a subscript or a tuple does."""
        if isinstance(target, (cst.Tuple, cst.List)):
            return self._unpacked(target, node)
        is_acquired = node is self.resource.binding.node
        stored: list[Operation] = []
        if isinstance(target, cst.Subscript):
            is_taken = not may_store_in_vain(target) or takes_key(self.resource, target)
            done = self.operations.of(target)
            stored += [one for one in done if not (is_taken and one.node is target)]
        elif isinstance(target, cst.Attribute):
            stored += self.operations.of(target.value)
        if is_acquired or goes_along(self.resource, value):
            stored.append(Operation(Act.HAND_OVER, node))
        return stored

    def _unpacked(self, target: cst.Tuple | cst.List, node: _Statement) -> list[Operation]:
        names = {
            element.value.value
            for element in target.elements
            if isinstance(element.value, cst.Name)
        }
        if not names & self.resource.names:
            return []
        is_acquired = node is self.resource.binding.node
        return [Operation(Act.ACQUIRE if is_acquired else Act.REBIND, node)]

    def _asserted(self, node: cst.Assert, state: State) -> Outcomes:
        """`assert db is None` on what seems open: the author knows better, so nothing is known."""
        is_about_it = is_plain(self.resource, node.test)
        found = branches(self.resource, node.test, state)
        if is_about_it and not any(truth for truth, _ in found):
            return {(NEXT, state.to(Status.UNKNOWN)): None}
        outcomes: Outcomes = {}
        for truth, after in found:
            if truth:
                outcomes[NEXT, after] = None
            elif not is_about_it:
                outcomes |= raising(node, after, Exit(Way.ERROR))
        return outcomes

    def _return(self, value: cst.BaseExpression | None, node: cst.Return, state: State) -> Outcomes:
        operations = list(self.operations.of(value))
        if goes_along(self.resource, value):
            operations.append(Operation(Act.HAND_OVER, node))
        done = self.evaluation.run(operations, state)
        return then(done, lambda now: raising(node, now, Exit(Way.RETURN)))

    def _raise(self, node: cst.Raise, state: State) -> Outcomes:
        exit_ = self.current if node.exc is None else Exit(Way.RAISE, type_name(node.exc))
        operations = [one for one in self.operations.of(node.exc) if one.act is not Act.RISK]
        done = self.evaluation.run(operations, state)
        return then(done, lambda now: raising(node, now, exit_))

    def _delete(self, target: cst.BaseDelTargetExpression, state: State) -> Outcomes:
        if self.resource.is_it(target) and state.status.is_open:
            return {(NEXT, state.to(Status.UNKNOWN)): None}
        return {(NEXT, state): None}

    def _definition(self, node: cst.FunctionDef | cst.ClassDef, state: State) -> Outcomes:
        """A nested function or class that speaks of the resource may keep it."""
        is_called_here = node.name.value in self.resource.inner
        if not is_called_here and state.status.is_open and self.operations.mentions(node):
            return {(NEXT, state.to(Status.HANDED_OVER)): None}
        return {(NEXT, state): None}


def _without_fresh(outcomes: Outcomes) -> Outcomes:
    """The outcomes but for those in which nothing has used it yet that has been used in others.

    Whatever follows is the same for both, and worse where a connection is out.
    """
    used = {state for _, state in outcomes if state.status is Status.OPEN}
    return {
        (exit_, state): trail
        for (exit_, state), trail in outcomes.items()
        if state.status is not Status.FRESH or state.to(Status.OPEN) not in used
    }


def _statements(body: cst.BaseSuite | cst.Module) -> list[_Statement]:
    """The statements of a block, those that share a line one by one."""
    flat: list[_Statement] = []
    for statement in body.body:
        if type(statement) is cst.SimpleStatementLine:
            flat.extend(statement.body)
        else:
            flat.append(cast("_Statement", statement))
    return flat


def _may_fail(node: cst.CSTNode, state: State) -> Outcomes:
    return {(NEXT, state): None, **raising(node, state, Exit(Way.ERROR))}
