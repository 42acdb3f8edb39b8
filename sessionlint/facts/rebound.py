"""Names that are called to get what they stand for from then on: `session = session()`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from sessionlint.facts.scopes import Binding, Block
from sessionlint.facts.syntax import bare, is_name
from sessionlint.facts.values import Value

if TYPE_CHECKING:
    from sessionlint.facts.evaluate import Evaluator

__all__ = ["callee", "lasting"]


def callee(evaluator: Evaluator, call: cst.Call, block: Block) -> Value:
    """What a call calls: in `session = session()`, what the name was before."""
    name = call.func.value if isinstance(call.func, cst.Name) else ""
    near = block.near.names.get(name, ()) if name else ()
    if any(_is_given(one, call) for one in near):
        bindings = block.bindings(name)
        place = next(index for index, one in enumerate(bindings) if _is_given(one, call))
        if place:
            return evaluator.bound([bindings[place - 1]])
    return evaluator.value(call.func, block)


def _is_given(binding: Binding, call: cst.Call) -> bool:
    return binding.expression is not None and bare(binding.expression) is call


def lasting(bindings: list[Binding]) -> list[Binding]:
    """The bindings of a name without those that a call of the name replaces."""
    behind = [*bindings[1:], None]
    return [one for one, later in zip(bindings, behind, strict=True) if not _replaces(later)]


def _replaces(binding: Binding | None) -> bool:
    """Whether a name is given what calling it gives."""
    match binding and binding.node:
        case cst.Assign(
            targets=[cst.AssignTarget(target=cst.Name(value=name))],
            value=cst.Call(func=cst.Name() as called),
        ):
            return is_name(called, name)
    return False
