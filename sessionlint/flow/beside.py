"""What a call gives beside a resource: `db, is_own = open_db()`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import libcst as cst

from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.scopes import Binding, Block, How
from sessionlint.facts.syntax import bare
from sessionlint.facts.values import FunctionValue, Thing

__all__ = ["beside", "called_before", "returned", "unpacked"]

_FIXED: Final = {"True": True, "False": False, "None": False}


def beside(evaluator: Evaluator, binding: Binding) -> dict[str, bool | None]:
    """The variables that are unpacked together with a resource, and whether each is true then.

    None where that cannot be told.
    """
    if binding.how is not How.ITEM or not isinstance(binding.node, cst.Assign):
        return {}
    given = list(_given(evaluator, binding))
    return {
        name: _truth([parts[index] for parts in given if index < len(parts)])
        for target in binding.node.targets
        for index, name in enumerate(unpacked(target.target))
        if name and index != binding.slot
    }


def unpacked(target: cst.BaseExpression) -> list[str]:
    """The variables that a tuple is unpacked into; empty texts in the place of other targets."""
    parts = target.elements if isinstance(target, (cst.Tuple, cst.List)) else ()
    names = (part.value for part in parts)
    return [name.value if isinstance(name, cst.Name) else "" for name in names]


def _given(evaluator: Evaluator, binding: Binding) -> Iterator[list[cst.BaseExpression]]:
    """The tuples that have the resource in its place; an empty one for any that is not written."""
    made = bare(binding.expression) if binding.expression is not None else None
    if isinstance(made, cst.Tuple):
        yield [part.value for part in made.elements]
        return
    for parts, block in returned(evaluator, made, binding.block):
        if binding.slot >= len(parts):
            yield []
        elif _is_fresh(evaluator, parts[binding.slot], block):
            yield parts


def returned(
    evaluator: Evaluator, made: cst.BaseExpression | None, block: Block
) -> Iterator[tuple[list[cst.BaseExpression], Block]]:
    """What each tuple holds that a call of the project's may give, and the function it stands in.

    Nothing is in what is given otherwise.
    """
    callee = evaluator.value(made.func, block) if isinstance(made, cst.Call) else None
    if not isinstance(callee, FunctionValue):
        return
    for node in callee.block.returns:
        value = node.value and bare(node.value)
        parts = [part.value for part in value.elements] if isinstance(value, cst.Tuple) else []
        yield parts, callee.block


def called_before(evaluator: Evaluator, binding: Binding) -> list[str]:
    """The methods that the function which gives a resource calls on its name, in source order."""
    made = bare(binding.expression) if binding.expression is not None else None
    callee = evaluator.value(made.func, binding.block) if isinstance(made, cst.Call) else None
    if not isinstance(callee, FunctionValue):
        return []
    values = [bare(node.value) for node in callee.block.returns if node.value is not None]
    parts = [
        *values,
        *(part for parts, _ in returned(evaluator, made, binding.block) for part in parts),
    ]
    names = {part.value for part in parts if isinstance(part, cst.Name)}
    # What has had the name before is another one.
    given = {name for name in names if len(callee.block.bindings(name)) == 1}
    return [
        call.func.attr.value
        for call in callee.block.calls
        if isinstance(call.func, cst.Attribute)
        and isinstance(call.func.value, cst.Name)
        and call.func.value.value in given
    ]


def _is_fresh(evaluator: Evaluator, part: cst.BaseExpression, block: Block) -> bool:
    value = evaluator.value(part, block)
    return isinstance(value, Thing) and value.is_fresh


def _truth(values: list[cst.BaseExpression]) -> bool | None:
    """Whether all these constants are true or all are false."""
    found = {_FIXED.get(one.value) if isinstance(one, cst.Name) else None for one in values}
    return found.pop() if len(found) == 1 else None
