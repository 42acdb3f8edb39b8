"""Decorators that make every caller get the same result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import libcst as cst

from sessionlint.facts.catalog import CACHES
from sessionlint.facts.scopes import Block, How
from sessionlint.facts.syntax import dotted, last_name
from sessionlint.facts.values import UNKNOWN, Symbol

if TYPE_CHECKING:
    from sessionlint.facts.evaluate import Evaluator

__all__ = ["is_cache", "is_cache_name"]

_CACHES: Final = frozenset(name.rpartition(".")[2] for name in CACHES)


def is_cache(evaluator: Evaluator, decorator: cst.BaseExpression, block: Block) -> bool:
    """Whether a decorator makes every caller get the same result."""
    callee = decorator.func if isinstance(decorator, cst.Call) else decorator
    return _is_cache(evaluator, callee, block.parent or block.home.top)


def is_cache_name(evaluator: Evaluator, name: str, outer: Block) -> bool:
    """The same for a decorator by its dotted name, for what is defined in `outer`."""
    try:
        callee = cst.parse_expression(name)
    except cst.ParserSyntaxError:
        return True
    return _is_cache(evaluator, callee, outer)


def _is_cache(evaluator: Evaluator, callee: cst.BaseExpression, outer: Block) -> bool:
    if _is_taken_as(callee, outer) and last_name(callee) not in _CACHES:
        return False
    found = evaluator.value(callee, outer)
    if isinstance(found, Symbol):
        return found.name in CACHES
    return found == UNKNOWN and (dotted(callee) or "") in CACHES


def _is_taken_as(callee: cst.BaseExpression, block: Block) -> bool:
    """Whether a name comes from an import that does not rename it: following it costs a parse."""
    root = (dotted(callee) or "").partition(".")[0]
    bindings = block.home.top.bindings(root)
    return bool(bindings) and all(
        binding.how in {How.IMPORT, How.IMPORT_FROM} and root in {binding.item, binding.origin}
        for binding in bindings
    )
