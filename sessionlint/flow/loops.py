"""Loops: closed over the few states their heads can have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Final

import libcst as cst

from sessionlint.facts.scopes import Block, How
from sessionlint.facts.syntax import TRIES, index_of, is_name, last_name, last_statement
from sessionlint.facts.values import FunctionValue
from sessionlint.flow.acts import Act
from sessionlint.flow.conditions import branches
from sessionlint.flow.expressions import raising
from sessionlint.flow.paths import NEXT, Outcomes, Path, extend, in_order, joined, step, then
from sessionlint.flow.ways import Exit, State, Status, Step, StepKind, Way
from sessionlint.source.driving import is_lender
from sessionlint.source.walk import children, descend

if TYPE_CHECKING:
    from sessionlint.facts.evaluate import Evaluator
    from sessionlint.flow.statements import Interpreter

__all__ = [
    "for_loop",
    "innermost",
    "is_left_behind",
    "takes_one_turn",
    "target_names",
    "while_loop",
]

_ERROR: Final = Exit(Way.ERROR)
_SURE_ITERABLES: Final = frozenset({"range", "enumerate", "zip", "reversed", "sorted"})
_DISPLAYS: Final[frozenset[type[cst.CSTNode]]] = frozenset(
    {cst.Tuple, cst.List, cst.Set, cst.Dict, cst.SimpleString}
)
"""What is written out has its items there."""


class _Loop:
    """Closes a loop over its states; there are few, so each turn is summarised once per state."""

    def __init__(self, interpreter: Interpreter, node: cst.For | cst.While) -> None:
        self._is_using = id(node) in interpreter.resource.concerned
        self.left: Outcomes = {}
        self.ended: Outcomes = {}
        self.reached: dict[State, Path] = {}
        self._heads: dict[State, Path] = {}
        self.waiting: list[State] = []

    def enter(self, state: State, trail: Path) -> None:
        # Some turn will use it; to follow that beside an idle one costs more than it tells.
        if self._is_using and state.status is Status.FRESH:
            state = state.to(Status.IDLE)
        if state not in self._heads:
            self._heads[state] = trail
            self.waiting.append(state)

    def trail(self, state: State) -> Path:
        return self._heads[state]

    def turned(self, outcomes: Outcomes, before: Path, *, is_last: bool = False) -> None:
        """Sort the ways out of the body: next turn, if there may be one, after the loop, or out."""
        for (exit_, state), more in outcomes.items():
            path = joined(before, more)
            if exit_.way is Way.NEXT or exit_.way is Way.CONTINUE:
                if is_last:
                    self.ended.setdefault((NEXT, state), path)
                else:
                    self.reached.setdefault(state, path)
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


def while_loop(interpreter: Interpreter, node: cst.While, state: State) -> Outcomes:
    """Every way out of a `while` loop."""
    loop = _Loop(interpreter, node)
    loop.enter(state, None)
    while loop.waiting:
        head = loop.waiting.pop()
        for (exit_, tested), more in in_order(interpreter.evaluate(node.test, head), node.test):
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


def for_loop(interpreter: Interpreter, node: cst.For, state: State) -> Outcomes:
    """Every way out of a `for` loop."""
    loop = _Loop(interpreter, node)
    resource = interpreter.resource
    for (exit_, now), trail in in_order(interpreter.evaluate(node.iter, state), node.iter):
        if exit_ == NEXT:
            loop.enter(now, trail)
        else:
            loop.left.setdefault((exit_, now), trail)
    source = _written(resource.block, node.iter)
    exits = () if resource.is_it(node.iter) else _iteration_exits(interpreter, node, source)
    names = target_names(node.target)
    is_rebinding = bool(names & resource.names)
    is_single = takes_one_turn(resource.evaluator, resource.block, node)
    has_items = _has_items(source)
    while loop.waiting:
        head = loop.waiting.pop()
        path = loop.trail(head)
        extend(loop.left, raising(node.iter, head, *exits), path)
        if not has_items:
            loop.ended.setdefault((NEXT, _exhausted(interpreter, node, head)), path)
        turn = step(path, Step(StepKind.TURN, node))
        if is_rebinding:
            bound = interpreter.evaluation.rebound(node.target, head)
            inside = then(bound, lambda now: interpreter.block(node.body, now))
        else:
            inside = interpreter.block(node.body, head)
        loop.turned(inside, turn, is_last=is_single)
    for after, way in loop.reached.items() if has_items else ():
        loop.ended.setdefault((NEXT, _exhausted(interpreter, node, after)), way)
    return loop.finished(interpreter, node.orelse)


def _written(block: Block, source: cst.BaseExpression) -> cst.BaseExpression:
    """What a loop goes through, or what the variable is that it goes through if that is one."""
    if not isinstance(source, cst.Name):
        return source
    bindings = block.seen(source.value)
    is_one = len(bindings) == 1 and bindings[0].how is How.VALUE
    return (bindings[0].expression if is_one else None) or source


def _has_items(source: cst.BaseExpression) -> bool:
    """Whether a loop surely takes a turn, for what it goes through is written out."""
    if type(source) is not cst.Tuple and type(source) is not cst.List:
        return False
    return any(isinstance(element, cst.Element) for element in source.elements)


def _exhausted(interpreter: Interpreter, node: cst.For, state: State) -> State:
    """The state after the last turn; a list of resources whose loop closes each is closed then."""
    is_list = interpreter.resource.is_it(node.iter)
    if not (is_list and interpreter.resource.members and state.status.is_open):
        return state
    closes = any(
        operation.act is Act.RELEASE
        for part in descend(node.body)
        if isinstance(part, cst.BaseExpression)
        for operation in interpreter.operations.of(part)
    )
    return state.to(Status.CLOSED) if closes else state


def _iteration_exits(
    interpreter: Interpreter, node: cst.For, source: cst.BaseExpression
) -> tuple[Exit, ...]:
    """How asking for the next item of what a loop goes through may fail."""
    if node.asynchronous is not None:
        return interpreter.evaluation.errors
    match node.iter if type(node.iter) is cst.Call else None:
        case cst.Call(func=func) if last_name(func) in _SURE_ITERABLES:
            return ()
        case cst.Call(func=cst.Attribute(value=owner, attr=cst.Name("keys" | "values" | "items"))):
            source = _written(interpreter.resource.block, owner)
    return () if source.__class__ in _DISPLAYS else (_ERROR,)


def innermost(root: cst.CSTNode, node: cst.CSTNode) -> cst.CSTNode | None:
    """The innermost loop below `root` whose body a node stands in."""
    stack: list[tuple[cst.CSTNode, cst.CSTNode | None]] = [(root, None)]
    while stack:
        part, around = stack.pop()
        if part is node:
            return around
        body = part.body if type(part) is cst.For or type(part) is cst.While else None
        stack.extend((child, part if child is body else around) for child in children(part))
    return None


def takes_one_turn(evaluator: Evaluator, block: Block, loop: cst.CSTNode) -> bool:
    """Whether a loop goes through a dependency, which gives one thing: `async for db in get_db():`.

    Only those are followed that are called as dependencies are.
    """
    if type(loop) is not cst.For or type(loop.iter) is not cst.Call:
        return False
    if not is_lender(last_name(loop.iter.func), block.home.reader.text):
        return False
    made = evaluator.value(loop.iter.func, block)
    if not isinstance(made, FunctionValue) or len(made.block.yields) != 1:
        return False
    [given] = made.block.yields
    inside = (one for one in descend(made.block.node) if isinstance(one, cst.BaseComp))
    is_repeated = isinstance(given.value, cst.From) or any(
        given is below for one in inside for below in descend(one)
    )
    return not is_repeated and innermost(made.block.node, given) is None


def is_left_behind(above: Iterable[cst.CSTNode], loop: cst.CSTNode | None, name: str) -> bool:
    """Whether a loop only tries until a name has what it waits for, and is left then.

    `above` is what the statement that gives it stands in, from the inside out. The loop is that of
    a `while conn is None`, or a `break` follows, perhaps behind a line for a log, or what ends a
    `while not ready`.
    """
    if not isinstance(loop, (cst.For, cst.While)):
        return False
    if sum(is_name(node, name) for node in descend(loop.body)) > 1:
        return False
    if isinstance(loop, cst.While) and _asks_for(loop.test, name):
        return True
    for one in _behind(*islice(above, 4)):
        match one:
            case cst.SimpleStatementLine(body=[cst.Break()]):
                return True
            case cst.SimpleStatementLine(
                body=[cst.Assign([cst.AssignTarget(cst.Name(value=flag))], cst.Name(value="True"))]
            ) if isinstance(loop, cst.While) and _asks_for(loop.test, flag):
                return True
            case cst.SimpleStatementLine(body=[cst.Expr() | cst.Assign() | cst.Pass()]):
                continue
        return False
    return False


def _behind(
    line: cst.CSTNode, block: cst.CSTNode, around: cst.CSTNode, outer: cst.CSTNode | None = None
) -> Sequence[cst.CSTNode]:
    """What runs behind a line if that did not fail; each stands in the next, if there is one."""
    if not isinstance(block, cst.IndentedBlock):
        return ()
    after: list[cst.CSTNode] = [*block.body[index_of(block.body, line) + 1 :]]
    if after or not isinstance(around, TRIES) or around.body is not block:
        return after
    if around.orelse is not None:
        after += around.orelse.body.body
    leaving = (cst.Continue, cst.Raise, cst.Return)
    is_skipped = all(isinstance(last_statement(one.body), leaving) for one in around.handlers)
    if is_skipped and around.finalbody is None and isinstance(outer, cst.IndentedBlock):
        after += outer.body[index_of(outer.body, around) + 1 :]
    return after


def _asks_for(test: cst.BaseExpression, name: str) -> bool:
    match test:
        case cst.BooleanOperation(left=left, operator=cst.And(), right=right):
            return _asks_for(left, name) or _asks_for(right, name)
        case cst.UnaryOperation(operator=cst.Not(), expression=asked):
            return is_name(asked, name)
        case cst.Comparison(
            left=asked,
            comparisons=[cst.ComparisonTarget(cst.Is() | cst.Equal(), cst.Name(value="None"))],
        ):
            return is_name(asked, name)
    return False


def target_names(target: cst.BaseExpression) -> set[str]:
    """The names that an assignment target binds."""
    if isinstance(target, cst.Name):
        return {target.value}
    if isinstance(target, (cst.Tuple, cst.List)):
        return {name for element in target.elements for name in target_names(element.value)}
    return set()
