"""Where a function ends that nothing leaves before, on one of its paths."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, TypeVar

import libcst as cst

from sessionlint.facts.syntax import Handler, Try, last_statement
from sessionlint.flow.loops import innermost
from sessionlint.flow.ways import Step, StepKind

__all__ = ["last_reached"]

_Node = TypeVar("_Node", bound=cst.CSTNode)
_TURNING: Final = frozenset({StepKind.LEAVE, StepKind.TURN, StepKind.HANDLED})


def last_reached(function: cst.FunctionDef, steps: Sequence[Step]) -> cst.CSTNode:
    """The last statement that a path runs, which falls off the end of its function.

    Where a test or a loop decides that nothing else runs, it is the test, or what the loop goes
    through. `steps` are those of the whole path.
    """
    return _Path(steps).last_of(function.body)


class _Path:
    """A path that falls off the end, asked for what it has run last of a statement."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._kinds = {id(step.node): step.kind for step in steps}
        turning = (step for step in reversed(steps) if step.kind in _TURNING)
        self._left = next((step.node for step in turning), None)

    def last_of(self, suite: cst.BaseSuite) -> cst.CSTNode:
        """The last statement that runs of a suite which is left at its end."""
        last = last_statement(suite)
        return suite if last is None else self._of(last)

    def _of(self, statement: cst.CSTNode) -> cst.CSTNode:
        match statement:
            case cst.If():
                return self._of_branches(statement)
            case cst.For() | cst.While():
                return self._of_loop(statement)
            case cst.Try() | cst.TryStar():
                return self._of_try(statement)
            case cst.With(items=items, body=body):
                ended = self._passed((one.item for one in items), StepKind.HANDLED)
                return self.last_of(body) if ended is None else ended
            case cst.Match(subject=subject, cases=cases):
                case_ = self._passed(cases, StepKind.CASE)
                return subject if case_ is None else self.last_of(case_.body)
        return statement

    def _of_branches(self, statement: cst.If) -> cst.CSTNode:
        """The same of if/elif/else, walked as a loop because chains of thousands occur."""
        link: cst.If | cst.Else | None = statement
        test: cst.CSTNode = statement
        while isinstance(link, cst.If):
            test = link.test
            if self._kinds.get(id(test)) is StepKind.TRUE:
                return self.last_of(link.body)
            link = link.orelse
        return test if link is None else self.last_of(link.body)

    def _of_loop(self, loop: cst.For | cst.While) -> cst.CSTNode:
        if isinstance(self._left, cst.Break) and innermost(loop, self._left) is loop:
            return self._left
        if loop.orelse is not None:
            return self.last_of(loop.orelse.body)
        return loop.iter if isinstance(loop, cst.For) else loop.test

    def _of_try(self, statement: Try) -> cst.CSTNode:
        if statement.finalbody is not None:
            return self.last_of(statement.finalbody.body)
        handlers: Sequence[Handler] = statement.handlers
        handler = self._passed(handlers, StepKind.HANDLED)
        if handler is not None:
            return self.last_of(handler.body)
        return self.last_of(statement.body if statement.orelse is None else statement.orelse.body)

    def _passed(self, nodes: Iterable[_Node], kind: StepKind) -> _Node | None:
        return next((one for one in nodes if self._kinds.get(id(one)) is kind), None)
