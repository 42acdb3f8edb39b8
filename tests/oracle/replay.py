"""Runs a text under every decision, and again under the decisions of another text's runs."""

from __future__ import annotations

import ast
import inspect
import re
from collections import deque
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Generator,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from types import CodeType
from typing import Any, Final

from tests.oracle.run import Choice, Failures, Key, Run, failures
from tests.oracle.surroundings import given, namespace

__all__ = ["Played", "Stage", "played", "stage"]

_YIELDS: Final = 4
_OPENING: Final = re.compile(
    r"(Async)?Session|engine\.(raw_)?connect(ion)?|pool\.acquire|asyncpg\.connect"
)


@dataclass(frozen=True)
class Played:
    """What one run did: its answers, its operations in order, its end, and what it left open.

    What is left is said by the number of the place in the text that opened it.
    """

    trail: tuple[Choice, ...]
    events: tuple[str, ...]
    outcome: str
    left: frozenset[int]

    @property
    def plan(self) -> Mapping[Key, int]:
        """Its answers by what was asked."""
        return {choice.key: choice.chosen for choice in self.trail}


@dataclass(frozen=True)
class Stage:
    """A text ready to be run; its places that open something are numbered in their order.

    `managed` are those of these places that a `with` enters, or a `finally` closes that is right
    behind it, `entered` the names that it binds, and `bound` those that an assignment binds to what
    is opened.
    """

    code: CodeType
    is_async: bool
    heads: tuple[str, ...]
    managed: frozenset[int]
    entered: frozenset[str]
    bound: frozenset[str]

    @cached_property
    def failures(self) -> Failures:
        """What may fail in which ways, as far as this text tells them apart."""
        return failures(self.heads, is_async=self.is_async)

    def run(self, fails: Failures, ahead: Sequence[int], plan: Mapping[Key, int]) -> Played:
        """One run; `fails` are this text's failures, or those of the one to compare it with."""
        run = Run(self.is_async, fails, ahead, plan)
        names = namespace(run)
        exec(self.code, names)
        subject = names["subject"]
        parameters = inspect.signature(subject).parameters.items()
        optional = {name: it.default is None for name, it in parameters}
        outcome = _outcome(run, lambda: subject(**given(run, optional)))
        left = (one.site for one in run.opened if one.is_open and not one.is_given)
        return Played(tuple(run.trail), tuple(run.events), outcome, frozenset(left))


def stage(text: str) -> Stage:
    """The program as it stands, with its loops numbered so that each takes few turns."""
    tree = ast.parse(text)
    subject = tree.body[-1]
    assert isinstance(subject, ast.FunctionDef | ast.AsyncFunctionDef)
    handlers = [node for node in ast.walk(subject) if isinstance(node, ast.ExceptHandler)]
    heads = tuple(_head(handler) for handler in handlers)
    is_async = isinstance(subject, ast.AsyncFunctionDef)
    numbering = _Numbering(frozenset(_guarded(tree)))
    numbered = ast.fix_missing_locations(numbering.visit(tree))
    return Stage(
        compile(numbered, "<drawn>", "exec"),
        is_async,
        heads,
        frozenset(numbering.managed),
        frozenset(numbering.entered),
        frozenset(numbering.bound),
    )


def _head(handler: ast.ExceptHandler) -> str:
    return f"except {ast.unparse(handler.type)}:" if handler.type else "except:"


def _guarded(tree: ast.AST) -> Iterator[ast.stmt]:
    """The assignments whose name the `finally` of the next statement closes, and does no more."""
    for node in ast.walk(tree):
        for lines in (getattr(node, part, []) for part in ("body", "orelse", "finalbody")):
            for line, after in pairwise(lines if isinstance(lines, list) else []):
                final = after.finalbody if isinstance(after, ast.Try) else []
                name = ast.unparse(line.targets[0]) if isinstance(line, ast.Assign) else ""
                if [ast.unparse(one) for one in final] == [f"await {name}.close()"]:
                    yield line


class _Numbering(ast.NodeTransformer):
    """Tells every loop and every opening which one it is."""

    def __init__(self, guarded: frozenset[ast.stmt]) -> None:
        self._guarded = guarded
        self._count = 0
        self._sites = 0
        self.managed: list[int] = []
        self.entered: list[str] = []
        self.bound: list[str] = []

    def visit_withitem(self, node: ast.withitem) -> ast.withitem:
        before = self._sites
        self.generic_visit(node)
        self.managed += range(before + 1, self._sites + 1)
        if self._sites > before and isinstance(node.optional_vars, ast.Name):
            self.entered.append(node.optional_vars.id)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.Assign:
        before = self._sites
        self.generic_visit(node)
        if node in self._guarded:
            self.managed += range(before + 1, self._sites + 1)
        if self._sites > before and isinstance(node.targets[0], ast.Name):
            self.bound.append(node.targets[0].id)
        return node

    def visit_Call(self, node: ast.Call) -> ast.Call:
        self.generic_visit(node)
        if _OPENING.fullmatch(ast.unparse(node.func)):
            self._sites += 1
            node.args.append(ast.Constant(self._sites))
        return node

    def visit_While(self, node: ast.While) -> ast.While:
        self._count += 1
        asks, goes_on = _question(node.test), 1
        if asks is None:
            # Have: `while True:`, and the first question in it decides whether to leave.
            asks, goes_on = next(filter(None, map(_asked, node.body))), 0
        asks.func = ast.Name("turn", ast.Load())
        asks.args = [ast.Constant(self._count), ast.Constant(goes_on)]
        self.generic_visit(node)
        return node

    def visit_For(self, node: ast.For) -> ast.For:
        self._number(node)
        return node

    def visit_AsyncFor(self, node: ast.AsyncFor) -> ast.AsyncFor:
        self._number(node)
        return node

    def _number(self, node: ast.For | ast.AsyncFor) -> None:
        self._count += 1
        node.iter = ast.Call(ast.Name("items", ast.Load()), [ast.Constant(self._count)], [])
        self.generic_visit(node)


def _asked(node: ast.stmt) -> ast.Call | None:
    return _question(node.test) if isinstance(node, ast.If) else None


def _question(test: ast.expr) -> ast.Call | None:
    """The call of `choose` in a condition, which may be compared with what it gives."""
    asks = test.left if isinstance(test, ast.Compare) else test
    is_question = isinstance(asks, ast.Call) and ast.unparse(asks.func) == "choose"
    return asks if is_question else None


def played(one: Stage, fails: Failures, most: int) -> Iterator[Played]:
    """At most so many runs, those with the fewest unusual answers first."""
    waiting: deque[tuple[int, ...]] = deque([()])
    count = 0
    while waiting and count < most:
        ahead = waiting.popleft()
        seen = one.run(fails, ahead, {})
        yield seen
        count += 1
        taken = tuple(choice.chosen for choice in seen.trail)
        for at in range(len(ahead), len(taken)):
            for other in range(1, seen.trail[at].options):
                waiting.append((*taken[:at], other))


def _outcome(run: Run, call: Callable[[], object]) -> str:
    """How a call ends: its value, or the exception and what it was that failed."""
    try:
        value = _driven(run, call())
    except AssertionError:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever a program raises is its outcome
        made = error.args[0] if error.args and isinstance(error.args[0], tuple) else ""
        return f"raises {type(error).__name__} {made}"
    if hasattr(value, "is_given"):
        value.is_given = True
    return f"returns {run.named(value)}{run.state(value)}"


def _driven(run: Run, started: Any) -> object:  # whatever calling a drawn function gives
    if inspect.iscoroutine(started):
        return _ended(started)
    if inspect.isgenerator(started):
        return _generator(run, started)
    if inspect.isasyncgen(started):
        return _async_generator(run, started)
    return started


def _stopped(throw: Callable[[BaseException], object]) -> None:
    """Close a generator, again and again if it goes on yielding."""
    with suppress(GeneratorExit, StopIteration, StopAsyncIteration):
        for _ in range(_YIELDS * _YIELDS):
            throw(GeneratorExit())


def _ended(started: Awaitable[Any]) -> Any:  # what the coroutine returns
    """The result of something that never waits."""
    waiting = started.__await__()
    try:
        next(waiting)
    except StopIteration as end:
        return end.value
    raise AssertionError("a drawn program waited")


def _resumed(run: Run, lent: object) -> type[BaseException] | None:
    """What is raised at a yield, None when it goes well."""
    kinds = run.failures["yield"]
    chosen = run.ask(f"yield {run.named(lent)}", "", 1 + len(kinds), run.state(lent))
    return None if chosen == 0 else kinds[chosen - 1]


def _generator(run: Run, started: Generator[Any, Any, Any]) -> object:
    try:
        lent = next(started)
        for _ in range(_YIELDS):
            kind = _resumed(run, lent)
            if kind is GeneratorExit:
                return _stopped(started.throw)
            lent = next(started) if kind is None else started.throw(kind("yield"))
    except StopIteration:
        return None
    return _stopped(started.throw)


def _async_generator(run: Run, started: AsyncGenerator[Any, Any]) -> object:
    try:
        lent = _ended(anext(started))
        for _ in range(_YIELDS):
            kind = _resumed(run, lent)
            if kind is GeneratorExit:
                return _stopped(lambda error: _ended(started.athrow(error)))
            lent = _ended(anext(started) if kind is None else started.athrow(kind("yield")))
    except StopAsyncIteration:
        return None
    return _stopped(lambda error: _ended(started.athrow(error)))
