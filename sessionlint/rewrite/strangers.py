"""Whether somebody who is given a resource keeps it, or what is loaded through it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import libcst as cst

from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.parameters import parameter_of
from sessionlint.facts.scopes import Block
from sessionlint.facts.syntax import is_name, last_name
from sessionlint.facts.values import ClassValue, Foreign, FunctionValue, Symbol, Thing
from sessionlint.flow.harmless import PANDAS
from sessionlint.flow.resource import Resource
from sessionlint.rewrite.leaving import Loaded
from sessionlint.source.walk import descend

__all__ = ["is_with_strangers"]

_LIBRARIES: Final = frozenset(
    ("builtins", "sqlalchemy", "sqlmodel", "pandas", "psycopg", "psycopg2", "asyncpg")
)
"""Whose functions keep no session that they are given."""

_HOPS: Final = 2
"""How many functions of the project are followed, one inside of the other."""


def is_with_strangers(resource: Resource, statements: Iterable[cst.CSTNode]) -> bool:
    """Whether statements give the resource to a function that is unknown, or known to keep."""
    return _is_given(
        resource.evaluator, resource.block, resource.name, resource.thing, statements, _HOPS
    )


def _is_given(
    evaluator: Evaluator,
    block: Block,
    name: str,
    thing: Thing,
    statements: Iterable[cst.CSTNode],
    hops: int,
) -> bool:
    calls = (node for one in statements for node in descend(one) if type(node) is cst.Call)
    return any(
        _may_keep(evaluator, block, call, arg, thing, hops)
        for call in calls
        for arg in call.args
        if is_name(arg.value, name) and last_name(call.func) not in PANDAS
    )


def _may_keep(
    evaluator: Evaluator, block: Block, call: cst.Call, given: cst.Arg, thing: Thing, hops: int
) -> bool:
    match evaluator.value(call.func, block):
        case Symbol(name=name) | Foreign(name=name):
            return name.partition(".")[0] not in _LIBRARIES
        case ClassValue():
            return False
        case FunctionValue() as callee if hops:
            node = callee.block.node
            parameter = parameter_of(callee, call, given)
            if parameter is None or not isinstance(node, cst.FunctionDef):
                return True
            loaded = Loaded(parameter, thing, callee.block, [node.body])
            return next(loaded.stores(), None) is not None or _is_given(
                evaluator, callee.block, parameter, thing, [node.body], hops - 1
            )
        case FunctionValue():
            return False
    return True
