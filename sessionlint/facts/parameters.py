"""Which parameter of a function gets which argument of a call."""

from __future__ import annotations

from itertools import takewhile
from typing import Final

import libcst as cst

from sessionlint.facts.scopes import Block, How
from sessionlint.facts.syntax import last_name
from sessionlint.facts.values import FunctionValue
from sessionlint.source.walk import descend

__all__ = [
    "BINDING",
    "is_as_given",
    "is_plain",
    "lacks",
    "parameter_of",
    "parameters_with",
    "position_of",
]

BINDING: Final = frozenset({"staticmethod", "classmethod"})
"""The decorators that say what the first parameter of a method gets, and nothing else."""


def parameter_of(function: FunctionValue, call: cst.Call, argument: cst.Arg) -> str | None:
    """The parameter that gets an argument of a call, None where that cannot be told.

    By its keyword, its place, or with all the others.
    """
    stars = {one.star: one.name.value for one in function.block.parameters if one.star}
    if argument.keyword is not None:
        keyword = argument.keyword.value
        names = {one.name.value for one in function.block.parameters if not one.star}
        return keyword if keyword in names else stars.get("**")
    placed = function.block.placed[_is_bound(function) :]
    place = position_of(call, argument)
    if any(arg.star for arg in call.args[:place]):
        return _from_the_end(placed, stars.get("*"), call, place)
    return placed[place].name.value if place < len(placed) else stars.get("*")


def _from_the_end(
    placed: list[cst.Param], others: str | None, call: cst.Call, place: int
) -> str | None:
    """The parameter of an argument behind a starred one, if that can only be one.

    Of a function that asks for each of its parameters, the last argument gets to the last one.
    """
    named = {arg.keyword.value for arg in call.args if arg.keyword is not None}
    free = list(takewhile(lambda one: one.name.value not in named, placed))
    if others is not None:
        return None if free else others
    behind = [arg for arg in call.args[place:] if arg.keyword is None]
    is_open = any(arg.star for arg in behind) or any(one.default is not None for one in free)
    return None if is_open or len(behind) > len(free) else free[-len(behind)].name.value


def position_of(call: cst.Call, argument: cst.Arg) -> int:
    """Where among the arguments of a call one stands, from 0."""
    return next(index for index, arg in enumerate(call.args) if arg is argument)


def parameters_with(function: Block, node: cst.CSTNode) -> list[str]:
    """The parameters in whose type or default a node stands: `db=Depends(get_db)`."""
    return [
        one.name.value for one in function.parameters if any(part is node for part in descend(one))
    ]


def is_as_given(function: Block, name: str) -> bool:
    """Whether a parameter is what it was given wherever it is named: nothing binds it anew."""
    return [one.how for one in function.bindings(name)] == [How.PARAMETER]


def lacks(function: FunctionValue, call: cst.Call) -> bool:
    """Whether a call gives a function fewer arguments than it asks for."""
    if any(arg.star for arg in call.args):
        return False
    asked = [one for one in function.block.parameters if not one.star and one.default is None]
    return len(call.args) + _is_bound(function) < len(asked)


def is_plain(function: Block) -> bool:
    """Whether to call a function is to run what is written in it: no decorator is in between."""
    return _marks(function) <= BINDING


def _is_bound(function: FunctionValue) -> bool:
    """Whether the first parameter gets the object, or the class."""
    return function.owner is not None and "staticmethod" not in _marks(function.block)


def _marks(function: Block) -> set[str]:
    return {last_name(decorator) for decorator in function.decorators}
