"""Resources that are opened as an argument, and that nobody can close afterwards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

import libcst as cst

from sessionlint.facts.catalog import Kind
from sessionlint.facts.conventions import is_of_database
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.holding import makes_of
from sessionlint.facts.parameters import is_plain, parameter_of
from sessionlint.facts.receivers import Effect, effect
from sessionlint.facts.scopes import Block, BlockKind
from sessionlint.facts.syntax import bare, is_name, last_name
from sessionlint.facts.values import ClassValue, FunctionValue, Symbol, Thing
from sessionlint.flow.acquisitions import has_mocks
from sessionlint.flow.borrowers import hides
from sessionlint.flow.deferred import deferred, is_made_as_given
from sessionlint.flow.harmless import PANDAS
from sessionlint.flow.keeping import is_worked_with, methods
from sessionlint.flow.nodes import Nodes
from sessionlint.flow.transactions import ends_transactions, outside_of_transactions, takes

__all__ = ["Given", "given", "is_left_open"]

_HELD: Final = frozenset({Kind.SESSION, Kind.CONNECTION})
_LOOKING: Final = frozenset({"create_all", "drop_all", "reflect", "has_table"})
"""Methods of metadata and dialects that use a connection, and leave it open.

Source: SQLAlchemy, `MetaData` and `Dialect`.
"""
_LOOKED_BY: Final = r"(?i)meta(?:_?data)?$|^dialect$"
_INSPECTING: Final = frozenset({"sqlalchemy.inspect", "sqlalchemy.inspection.inspect"})
_MIGRATION: Final = "MigrationContext"
"""Source: Alembic, "Runtime Objects"."""

_HOPS: Final = 3
"""How many functions may pass on what they are given, to one that uses it."""


class Given(NamedTuple):
    """`Repository(Session(e))`, `Session(e.connect())`: what acquires, and what gets it.

    `is_kept`: the call makes an object that keeps it; otherwise it only uses it.
    """

    thing: Thing
    acquired: cst.BaseExpression
    call: cst.Call
    is_kept: bool


def given(evaluator: Evaluator, block: Block) -> Iterator[Given]:
    """Every resource in a function that goes straight into a call which uses it and closes none."""
    if block.kind is not BlockKind.FUNCTION:
        return
    opened = list(_opened(evaluator, block))
    if not opened or has_mocks(block):
        return
    nodes = Nodes(block)
    for call, argument, thing in opened:
        if is_left_open(evaluator, nodes, call, argument):
            is_kept = isinstance(evaluator.value(call.func, block), ClassValue)
            yield Given(thing, bare(argument.value), call, is_kept)
        elif hides(evaluator, nodes, call, argument, thing):
            yield Given(thing, bare(argument.value), call, is_kept=True)


def is_left_open(
    evaluator: Evaluator, nodes: Nodes, call: cst.Call, argument: cst.Arg, hops: int = _HOPS
) -> bool:
    """Whether what is called uses what it is given as this argument, and nobody closes that."""
    block = nodes.block
    if any(isinstance(above, cst.WithItem) for above in nodes.above(call)):
        return False
    match evaluator.value(call.func, block):
        case ClassValue():
            return is_worked_with(evaluator, nodes, call, argument)
        case FunctionValue() as function:
            return _only_uses(evaluator, function, call, argument, block, hops)
    if last_name(call.func) in PANDAS or _is_looking(call):
        return True
    return _is_keeping(evaluator, call, block) and bool(methods(nodes, call))


def _is_looking(call: cst.Call) -> bool:
    """Whether metadata or a dialect, by its name, is given a connection to use."""
    match call.func:
        case cst.Attribute(value=owner, attr=cst.Name(value=method)):
            return method in _LOOKING and re.search(_LOOKED_BY, last_name(owner)) is not None
    return False


def _is_keeping(evaluator: Evaluator, call: cst.Call, block: Block) -> bool:
    """Whether a call gives an object that asks a connection things, and never closes it."""
    match call.func:
        case cst.Attribute(value=owner, attr=cst.Name(value="configure")):
            return last_name(owner) == _MIGRATION
    callee = evaluator.value(call.func, block)
    return isinstance(callee, Symbol) and callee.name in _INSPECTING


def _opened(evaluator: Evaluator, block: Block) -> Iterator[tuple[cst.Call, cst.Arg, Thing]]:
    for call in list(block.near.calls):
        for made in filter(None, (call, deferred(call))):
            for argument, thing in _opened_for(evaluator, block, made):
                if made is call or is_made_as_given(evaluator, block, call):
                    yield made, argument, thing


def _opened_for(
    evaluator: Evaluator, block: Block, call: cst.Call
) -> Iterator[tuple[cst.Arg, Thing]]:
    for argument in call.args:
        made = bare(argument.value)
        if not isinstance(made, cst.Call) or not evaluator.may_acquire(made, block):
            continue
        match evaluator.value(argument.value, block):
            case Thing(is_fresh=True) as thing if thing.type.kind in _HELD:
                if thing.is_sure or _is_borne_out(thing, call, block):
                    yield argument, thing


def _is_borne_out(guess: Thing, call: cst.Call, block: Block) -> bool:
    """Whether what an engine by its name gives goes to pandas, which takes connections."""
    is_guess = guess.is_guess and not (guess.is_maybe or guess.is_own)
    is_connection = is_guess and guess.type.kind is Kind.CONNECTION
    return is_connection and last_name(call.func) in PANDAS and is_of_database(guess, block.home)


def _only_uses(
    evaluator: Evaluator,
    function: FunctionValue,
    call: cst.Call,
    argument: cst.Arg,
    block: Block,
    hops: int,
) -> bool:
    """Whether a function of the project queries by what it is given, and lets it go."""
    inside = function.block
    name = parameter_of(function, call, argument)
    if name is None or inside.yields or not is_plain(inside):
        return False
    if effect(evaluator, call, argument, block) is not Effect.LOAN:
        return False
    if makes_of(evaluator, call, argument, block) or ends_transactions(inside):
        return False
    return takes(inside) or _passes_on(evaluator, inside, name, hops)


def _passes_on(evaluator: Evaluator, function: Block, name: str, hops: int) -> bool:
    """Whether all that a function gives a parameter to uses it and leaves it open."""
    calls = outside_of_transactions(function)
    given = [(call, arg) for call in calls for arg in call.args if is_name(arg.value, name)]
    nodes = Nodes(function) if given and hops else None
    return nodes is not None and all(
        is_left_open(evaluator, nodes, *one, hops - 1) for one in given
    )
