"""Which parameter of a function gets which argument of a call."""

from __future__ import annotations

import libcst as cst

from sessionlint.facts.syntax import last_name
from sessionlint.facts.values import FunctionValue

__all__ = ["parameter_at", "parameter_of", "position_of"]


def parameter_of(function: FunctionValue, call: cst.Call, argument: cst.Arg) -> str | None:
    """The parameter that gets an argument of a call, None where that cannot be told."""
    return parameter_at(function, argument, position_of(call, argument))


def position_of(call: cst.Call, argument: cst.Arg) -> int:
    """Where among the arguments of a call one stands, from 0."""
    return next(index for index, arg in enumerate(call.args) if arg is argument)


def parameter_at(function: FunctionValue, argument: cst.Arg, index: int) -> str | None:
    """The parameter that gets an argument: by its keyword, its place, or with all the others."""
    stars = {one.star: one.name.value for one in function.block.parameters if one.star}
    names = [one.name.value for one in function.block.parameters if not one.star]
    if argument.keyword is not None:
        keyword = argument.keyword.value
        return keyword if keyword in names else stars.get("**")
    marks = {last_name(decorator) for decorator in function.block.decorators}
    is_bound = function.owner is not None and "staticmethod" not in marks
    position = index + 1 if is_bound else index
    return names[position] if position < len(names) else stars.get("*")
