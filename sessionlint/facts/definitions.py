"""Which of the definitions of a name say what it is."""

from __future__ import annotations

import libcst as cst

from sessionlint.facts.calls import decorator_name
from sessionlint.facts.scopes import Binding, Block, BlockKind

__all__ = ["implementations"]


def implementations(bindings: list[Binding]) -> list[Binding]:
    """The bindings of a name without the functions that give nothing.

    Those say how it is typed, or stand in for what cannot be imported and always raise.
    """
    if len(bindings) == 1:
        return bindings
    real = [one for one in bindings if one.target is None or not _gives_nothing(one.target)]
    return real or bindings


def _gives_nothing(block: Block) -> bool:
    if block.kind is not BlockKind.FUNCTION:
        return False
    is_overload = any(decorator_name(one) == "overload" for one in block.decorators)
    return is_overload or not (block.returns or block.yields or not _raises_last(block.node))


def _raises_last(function: cst.CSTNode) -> bool:
    lines = function.body.body if isinstance(function, cst.FunctionDef) else ()
    last = lines[-1] if lines else None
    if isinstance(last, cst.SimpleStatementLine):
        last = last.body[-1]
    return isinstance(last, cst.Raise)
