"""Who calls a function of the project."""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from sessionlint.facts.aside import is_aside
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.scopes import Block
from sessionlint.facts.syntax import last_name
from sessionlint.facts.values import FunctionValue

__all__ = ["callers"]


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
