"""Whether a callee is one of the names that the configuration vouches for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from sessionlint.facts.scopes import Block
from sessionlint.facts.syntax import dotted, last_name
from sessionlint.facts.values import Foreign, FunctionValue, Symbol, Value

if TYPE_CHECKING:
    from sessionlint.facts.evaluate import Evaluator

__all__ = ["is_named", "is_one_of"]


def is_named(
    evaluator: Evaluator, callee: cst.BaseExpression, block: Block, names: frozenset[str]
) -> bool:
    """Whether a callee is one of `names`, as it is written or by what it resolves to."""
    if not names:
        return False
    last = last_name(callee)
    if last in names or (dotted(callee) or last) in names:
        return True
    return is_one_of(evaluator.value(callee, block), names)


def is_one_of(value: Value, names: frozenset[str]) -> bool:
    """The same for what a callee resolves to."""
    match value:
        case Symbol(name=full) | Foreign(name=full):
            return full in names or full.rpartition(".")[2] in names
        case FunctionValue(block=function):
            full = f"{function.home.name}.{function.name}"
            return any(name == full or name.endswith(f".{full}") for name in names)
    return False
