"""Who calls a function of the project, and how often."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import libcst as cst

from sessionlint.facts.aside import is_aside
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.scopes import Block, BlockKind
from sessionlint.facts.syntax import last_name
from sessionlint.facts.values import FunctionValue
from sessionlint.flow.circumstances import runs_again, starts_up
from sessionlint.flow.loops import innermost

__all__ = ["callers", "is_called_often", "is_start_up_work"]


def is_called_often(
    evaluator: Evaluator, factory: Block, is_settled: Callable[[Block, cst.Call], bool]
) -> bool:
    """Whether the project calls a factory from two or more functions, or in a loop.

    Callers do not count whose call is settled.
    """
    often = 0
    for caller, call in callers(evaluator, factory):
        if starts_up(evaluator, caller) or is_settled(caller, call):
            continue
        if runs_again(caller) or innermost(caller.node, call) is not None:
            often += 2
        # What a module calls itself is called once, when it is imported.
        elif caller.kind is not BlockKind.MODULE and not is_start_up_work(evaluator, caller, 1):
            often += 1
        if often > 1:
            return True
    return False


def is_start_up_work(evaluator: Evaluator, block: Block, hops: int = 2) -> bool:
    """Whether all that is known to call a function runs once, when the program starts."""
    found = [caller for caller, _ in callers(evaluator, block)]
    return bool(found) and all(
        (caller.kind is BlockKind.MODULE and not runs_again(caller))
        or starts_up(evaluator, caller)
        or (hops > 0 and is_start_up_work(evaluator, caller, hops - 1))
        for caller in found
    )


def callers(evaluator: Evaluator, factory: Block) -> Iterator[tuple[Block, cst.Call]]:
    """Every function or module body, tests aside, that calls a function, with one such call."""
    word = factory.name.encode()
    pattern = re.compile(rb"(?<!def )\b" + re.escape(word) + rb"\s*\(")
    for path, _ in evaluator.tree.searched(word, pattern):
        is_test = is_aside(path, evaluator.tree.files.root)
        module = None if is_test else evaluator.tree.module(path)
        for caller in module.speaking(factory.name) if module is not None else ():
            call = _call_of(evaluator, caller, factory)
            if call is not None:
                yield caller, call


def _call_of(evaluator: Evaluator, caller: Block, factory: Block) -> cst.Call | None:
    for call in list(caller.near.calls):
        if last_name(call.func) == factory.name:
            callee = evaluator.value(call.func, caller)
            if isinstance(callee, FunctionValue) and callee.block is factory:
                return call
    return None
