"""Who calls a function of the project, and how often."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias

import libcst as cst

from sessionlint.facts.aside import is_aside, is_test
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.scopes import Block, BlockKind
from sessionlint.facts.syntax import last_name
from sessionlint.facts.values import ClassValue, FunctionValue
from sessionlint.flow.circumstances import (
    has_starting_name,
    named_behind,
    runs_again,
    serves,
    starts_up,
)
from sessionlint.flow.loops import innermost

__all__ = [
    "OFTEN",
    "callers",
    "dependents",
    "is_called_often",
    "is_clock",
    "is_dependency",
    "is_served",
    "is_start_up_work",
    "named",
    "of_all_callers",
]

_HOPS: Final = 3
"""How many functions may stand between an engine and those that use it."""


_Question: TypeAlias = Callable[[Block, cst.Call], bool]
"""What is asked of a caller, and of its call."""

_ASKING: Final = ("Depends", "Security")
_RUNNING: Final = ("add_task", "add_job")
"""What runs a function again and again: FastAPI's background, and APScheduler by the clock.

RQ's queue has a process of its own for each job, which takes its engine with it. Source: RQ,
"Workers": the work horse is forked for each job.
"""

_CLOCKS: Final = frozenset({"cron", "interval", "CronTrigger", "IntervalTrigger"})
"""Source: APScheduler, "Triggers": those by which a job runs again and again."""

OFTEN: Final = 2
"""From how many functions on what each of them does is done often."""


def is_called_often(
    evaluator: Evaluator, factory: Block, is_settled: _Question, is_passed_on: _Question
) -> bool:
    """Whether the project calls a factory from two functions or more, in a loop or per request.

    Callers do not count whose call is settled; for one that passes on what it gets, those that
    call it count.
    """
    return is_dependency(evaluator, factory) or (
        _count(evaluator, factory, is_settled, is_passed_on, _HOPS) >= OFTEN
    )


def _count(
    evaluator: Evaluator, factory: Block, is_settled: _Question, is_passed_on: _Question, hops: int
) -> int:
    """How many functions call a factory, as far as it takes to say that it is often."""
    often = 0
    for caller, call in callers(evaluator, factory):
        if often >= OFTEN:
            break
        if starts_up(evaluator, caller) or is_settled(caller, call):
            continue
        if _is_repeated(evaluator, caller) or innermost(caller.node, call) is not None:
            often = OFTEN
        # What a module calls itself is called once, when it is imported.
        elif caller.kind is not BlockKind.MODULE and not is_start_up_work(evaluator, caller, 1):
            above = 0
            if hops and is_passed_on(caller, call):
                above = _count(evaluator, caller, is_settled, is_passed_on, hops - 1)
                above += OFTEN if is_dependency(evaluator, caller) else 0
            often += max(above, 1)
    return often


def _is_repeated(evaluator: Evaluator, function: Block) -> bool:
    """Whether a function runs for each request or job, be it that what does so calls it."""
    if runs_again(function) or serves(function):
        return True
    return function.kind is BlockKind.FUNCTION and (
        any(serves(one) for one, _ in callers(evaluator, function)) or _is_job(evaluator, function)
    )


def _is_job(evaluator: Evaluator, function: Block) -> bool:
    """Whether a function is handed over to be run for each of many requests, or by the clock."""
    return _is_handed(evaluator, function, _RUNNING)


def is_dependency(evaluator: Evaluator, function: Block) -> bool:
    """Whether FastAPI calls a function for every request."""
    return _is_handed(evaluator, function, _ASKING)


def _is_handed(evaluator: Evaluator, function: Block, takers: Iterable[str]) -> bool:
    """Whether the program, tests left out, gives a function to one of these."""
    return any(True for _ in _handing(evaluator, function, takers))


def dependents(evaluator: Evaluator, function: Block) -> Iterator[tuple[Block, cst.Call]]:
    """Every scope of the program that has FastAPI call a function, with the call that says so."""
    return _handing(evaluator, function, _ASKING)


def _handing(
    evaluator: Evaluator, function: Block, takers: Iterable[str]
) -> Iterator[tuple[Block, cst.Call]]:
    for word in map(str.encode, takers):
        pattern = named_behind(rb"\b" + word + rb"\(\s*(?:\w+\s*=\s*)?", function)
        for block in _speaking(evaluator, function, word, pattern, is_wide=True):
            for call in list(block.near.calls):
                if _hands(evaluator, block, call, function):
                    yield block, call


def _hands(evaluator: Evaluator, block: Block, call: cst.Call, function: Block) -> bool:
    """Whether a call hands a function over; to a scheduler, with when it is to run again."""
    taker = last_name(call.func)
    if taker not in (*_ASKING, *_RUNNING) or not call.args:
        return False
    value = evaluator.value(call.args[0].value, block)
    if not isinstance(value, FunctionValue) or value.block is not function:
        return False
    if taker == "add_job":
        return any(is_clock(one.value) for one in call.args[1:])
    return block.home.imports("fastapi")


def is_clock(given: cst.BaseExpression) -> bool:
    """Whether it is a trigger that runs a job again: `"interval"`, or `CronTrigger(hour=3)`."""
    if isinstance(given, cst.SimpleString):
        return given.raw_value in _CLOCKS
    return isinstance(given, cst.Call) and last_name(given.func) in _CLOCKS


def named(function: Block) -> str:
    """The name of a function after that of its class."""
    owner = function.owner
    return function.name if owner is None else f"{owner.name}.{function.name}"


def is_served(evaluator: Evaluator, block: Block) -> bool:
    """Whether a function has the name of what starts up, and is called for each request."""
    return has_starting_name(block) and any(
        serves(caller) for caller, _ in callers(evaluator, block)
    )


def is_start_up_work(evaluator: Evaluator, block: Block, hops: int = 2) -> bool:
    """Whether all that is known to call a function runs once, when the program starts."""

    def is_once(caller: Block, _: cst.Call) -> bool:
        is_import = caller.kind is BlockKind.MODULE and not runs_again(caller)
        if is_import or starts_up(evaluator, caller):
            return True
        return hops > 0 and is_start_up_work(evaluator, caller, hops - 1)

    answer = of_all_callers(evaluator, block, is_once)
    if answer is None and block.owner is None and not block.decorators:
        # Whose method is called, files that speak of nothing hardly ever tell; and what has a
        # decorator may be called by whoever made that.
        answer = of_all_callers(evaluator, block, is_once, is_wide=True)
    return bool(answer) and not _is_job(evaluator, block)


def of_all_callers(
    evaluator: Evaluator,
    function: Block,
    holds: _Question,
    *,
    is_wide: bool = False,
) -> bool | None:
    """Whether something holds of all `callers`, None where none is known.

    They are asked one by one, for each stands in a module that has to be parsed.
    """
    answer: bool | None = None
    for caller, call in callers(evaluator, function, is_wide=is_wide):
        if not holds(caller, call):
            return False
        answer = True
    return answer


def callers(
    evaluator: Evaluator, factory: Block, *, is_wide: bool = False
) -> Iterator[tuple[Block, cst.Call]]:
    """Every function or module body of the program that calls a function or class, with one call.

    Those that do not speak of a database, and scripts, count where `is_wide`.
    """
    word = factory.name.encode()
    pattern = re.compile(rb"(?<!def )\b" + re.escape(word) + rb"\s*\(")
    for caller in _speaking(evaluator, factory, word, pattern, is_wide=is_wide):
        call = _call_of(evaluator, caller, factory)
        if call is not None:
            yield caller, call


def _speaking(
    evaluator: Evaluator,
    function: Block,
    word: bytes,
    pattern: re.Pattern[bytes],
    *,
    is_wide: bool,
) -> Iterator[Block]:
    """The scopes that speak of a function or class, in files with a word that match a pattern.

    Of the program alone; where `is_wide`, of scripts and of what does not speak of a database, too.
    """
    tree = evaluator.tree
    # The pattern has the name in it, too, and fewer files have that than have the word.
    paths = [path for path, _ in tree.searched(function.name.encode(), pattern)]
    paths += tree.elsewhere(word, pattern) if is_wide else ()
    is_left_out = is_test if is_wide else is_aside
    for path in paths:
        module = None if is_left_out(path, tree.files.root) else tree.module(path)
        yield from module.speaking(function.name) if module is not None else ()


def _call_of(evaluator: Evaluator, caller: Block, factory: Block) -> cst.Call | None:
    for call in list(caller.near.calls):
        if last_name(call.func) == factory.name:
            callee = evaluator.value(call.func, caller)
            if isinstance(callee, (FunctionValue, ClassValue)) and callee.block is factory:
                return call
    return None
