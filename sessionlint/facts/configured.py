"""Whether a callee is one of the names that the configuration vouches for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from sessionlint.facts.places import module_name
from sessionlint.facts.scopes import Block, How
from sessionlint.facts.syntax import dotted, last_name
from sessionlint.facts.values import Foreign, FunctionValue, Symbol, Value

if TYPE_CHECKING:
    from sessionlint.facts.evaluate import Evaluator

__all__ = ["is_named", "is_one_of"]


def is_named(
    evaluator: Evaluator, callee: cst.BaseExpression, block: Block, names: frozenset[str]
) -> bool:
    """Whether a callee is one of `names`: as written, as imported, or by what it resolves to."""
    if not names:
        return False
    last = last_name(callee)
    if last in names or (dotted(callee) or last) in names:
        return True
    imported = _as_imported(evaluator, callee, block)
    return _is_among(imported, names) or is_one_of(evaluator.value(callee, block), names)


def _as_imported(evaluator: Evaluator, callee: cst.BaseExpression, block: Block) -> str:
    """The dotted name by which a callee is imported from a module of the project, or nothing."""
    first, dot, rest = (dotted(callee) or "").partition(".")
    for one in block.seen(first):
        if one.how is How.IMPORT_FROM:
            module = evaluator.tree.places.imported(one.origin, block.home.path)
            return "" if module is None else f"{module_name(module)}.{one.item}{dot}{rest}"
    return ""


def _is_among(full: str, names: frozenset[str]) -> bool:
    """Whether one of `names` is a dotted name, perhaps with folders before its packages."""
    return bool(full) and any(name == full or name.endswith(f".{full}") for name in names)


def is_one_of(value: Value, names: frozenset[str]) -> bool:
    """The same for what a callee resolves to."""
    match value:
        case Symbol(name=full) | Foreign(name=full):
            return full in names or full.rpartition(".")[2] in names
        case FunctionValue(block=function):
            return _is_among(f"{function.home.name}.{function.name}", names)
    return False
