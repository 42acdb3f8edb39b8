"""Which of the definitions of a name say what it is."""

from __future__ import annotations

import libcst as cst

from sessionlint.facts.calls import decorator_name
from sessionlint.facts.scopes import Binding, Block, BlockKind
from sessionlint.facts.syntax import last_statement

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
    return is_overload or _always_raises(block)


def _always_raises(block: Block) -> bool:
    if block.returns or block.yields or not isinstance(block.node, cst.FunctionDef):
        return False
    return isinstance(last_statement(block.node.body), cst.Raise)
