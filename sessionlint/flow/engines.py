"""Engines and pools that a function builds anew at every call."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import libcst as cst

from sessionlint.facts.catalog import Kind
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.scopes import Block, BlockKind
from sessionlint.facts.syntax import HANDLERS, bare, is_name, last_name
from sessionlint.facts.values import Thing
from sessionlint.flow.acquisitions import is_of_tests
from sessionlint.flow.built import built_by
from sessionlint.flow.callers import (
    is_called_often,
    is_dependency,
    is_served,
    is_start_up_work,
)
from sessionlint.flow.circumstances import starts_anyway, starts_by_name
from sessionlint.flow.handed_in import asked_for, hands_in, is_always_handed_in
from sessionlint.flow.nodes import Nodes
from sessionlint.flow.remade import Maker, maker
from sessionlint.flow.turns import is_anew, is_only_used
from sessionlint.flow.upkeep import (
    built_on,
    connected,
    ends,
    is_kept,
    is_looked_after,
    is_outside,
    is_returned_inside,
    is_stored,
    values,
)
from sessionlint.flow.usage import connects, is_given_away, is_used_up, loans
from sessionlint.source.walk import descend

__all__ = ["EnginePerCall", "engines", "is_passed_on"]


class EnginePerCall(NamedTuple):
    """An engine that is built, and used or given away, each time its function is called.

    That of an object is built each time the `maker` makes one. It may be disposed of where nothing
    fails. What runs once may build one in each turn of a loop, which `is_turned`. What is kept for
    a request, and no longer, `is_of_request`. It may be built only where nothing is handed in for
    a `parameter`.
    """

    thing: Thing
    acquired: cst.BaseExpression
    maker: Maker | None = None
    is_disposed_of: bool = False
    is_turned: bool = False
    is_of_request: bool = False
    parameter: str | None = None


def engines(evaluator: Evaluator, block: Block) -> Iterator[EnginePerCall]:
    """The engines of one function that nobody keeps and nobody disposes of."""
    if block.kind is not BlockKind.FUNCTION:
        return
    # Few functions build an engine, so that is asked first; who starts up is a longer question.
    built = [(call, thing) for call in block.calls if (thing := built_by(evaluator, call, block))]
    for call, thing in built:
        remade = maker(evaluator, block, call)
        if remade is not None:
            yield EnginePerCall(thing, call, remade)
    if not built:
        return
    if starts_anyway(evaluator, block):
        yield from _in_turns(evaluator, block, built)
        return
    fallbacks, told = _fallbacks(block), set[str | None]()
    for call, thing in built:
        name = _bound_name(block, call)
        if id(call) in fallbacks or name in told:
            # Of the branches that build one by the same name, the first is enough.
            continue
        asked = asked_for(block, call, name)
        if _is_given_back(block, call, name):
            is_settled = partial(_is_settled, evaluator, thing, asked)
            if is_called_often(evaluator, block, is_settled, is_passed_on):
                yield EnginePerCall(thing, call, parameter=asked)
            continue
        # Who calls a function takes a search through the project, so that is asked last.
        is_lost = _is_lost(evaluator, block, thing, call, name) and not _is_once(evaluator, block)
        if is_lost and asked is not None and is_always_handed_in(evaluator, block, asked):
            continue
        if is_lost and not is_start_up_work(evaluator, block):
            told.add(name)
            is_ended = name is not None and bool(ends(block, name))
            yield EnginePerCall(thing, call, None, is_ended, parameter=asked)
    if not told:
        # Have: a function that runs once, if it uses what it builds.
        yield from _in_turns(evaluator, block, built)


def _in_turns(
    evaluator: Evaluator, block: Block, built: list[tuple[cst.Call, Thing]]
) -> Iterator[EnginePerCall]:
    """Those that a loop builds anew in each of its turns and lets go, be it in what runs once.

    Tests are over soon, and where anything is disposed of it may be these.
    """
    is_disposing = any(
        isinstance(node, cst.Attribute) and node.attr.value == "dispose"
        for node in descend(block.node)
    )
    if is_disposing or is_of_tests(evaluator, block):
        return
    nodes, fallbacks = Nodes(block), _fallbacks(block)
    for call, thing in built:
        if id(call) in fallbacks or not is_anew(evaluator, nodes, call):
            continue
        name = _bound_name(block, call)
        lent = loans(evaluator, block, thing.type, name) if name else frozenset[int]()
        if name is not None and (_may_stay(block, name) or not is_only_used(nodes, name, lent)):
            continue
        if _is_lost(evaluator, block, thing, call, name):
            yield EnginePerCall(thing, call, is_turned=True)


def _may_stay(block: Block, name: str) -> bool:
    """Whether what an engine connects lasts longer than a turn."""
    return not block.kept.isdisjoint(connected(block, name))


def _is_once(evaluator: Evaluator, block: Block) -> bool:
    """Whether a name says that a function runs once, and none that calls it knows better."""
    return starts_by_name(block) and not is_served(evaluator, block)


def _is_lost(
    evaluator: Evaluator, block: Block, thing: Thing, call: cst.Call, name: str | None
) -> bool:
    """Whether an engine is used, and nobody keeps it, or disposes of it when something fails."""
    if name is None:
        return is_used_up(evaluator, block, thing.type, call)
    lent = loans(evaluator, block, thing.type, name)
    if not lent and not connects(block, thing.type, name):
        return False
    return not is_looked_after(block, name, lent) and not is_given_away(evaluator, block, name)


def _fallbacks(block: Block) -> set[int]:
    """The ids of all nodes in the handlers of a function."""
    handlers = (node for node in descend(block.node) if isinstance(node, HANDLERS))
    return {id(part) for handler in handlers for part in descend(handler)}


def _bound_name(block: Block, call: cst.Call) -> str | None:
    for name, binding in values(block):
        if binding.expression is not None and bare(binding.expression) is call:
            return name
    return None


def _is_given_back(block: Block, call: cst.Call, name: str | None) -> bool:
    """Whether all the function returns is the engine, or a session or maker built on it."""
    returned = [node.value for node in block.returns if node.value is not None]
    built = set[str]() if name is None else built_on(block, name)
    if is_kept(block, built):
        return False
    return any(_gives(value, call, built) for value in returned)


def _gives(value: cst.BaseExpression, call: cst.Call, built: set[str]) -> bool:
    value = bare(value)
    if value is call or (isinstance(value, cst.Name) and value.value in built):
        return True
    while isinstance(value, cst.Call):
        if isinstance(value.func, cst.Name) and value.func.value in built:
            return True
        if re.search(r"session", last_name(value.func), re.IGNORECASE):
            return any(_gives(arg.value, call, built) for arg in value.args)
        value = value.func
    return False


def _is_settled(
    evaluator: Evaluator, thing: Thing, asked: str | None, caller: Block, call: cst.Call
) -> bool:
    """Whether a caller disposes of the engine or the pool that it gets, or keeps it.

    What it returns an object of belongs to that, unless there is one for each request. For one who
    hands in what is `asked` for, none is built.
    """
    if asked is not None and hands_in(evaluator, caller, call, asked):
        return True
    if is_returned_inside(evaluator, caller, call) and not is_dependency(evaluator, caller):
        return True
    name = _bound_name(caller, call)
    if thing.type.kind is Kind.POOL and _is_pool_ended(thing, caller, call, name):
        return True
    if name is not None and is_stored(caller, built_on(caller, name)):
        return True
    for node in descend(caller.node):
        match node:
            case cst.Assign(targets=targets, value=value):
                if any(is_outside(caller, one.target) for one in targets) and bare(value) is call:
                    return True
            case cst.Attribute(value=cst.Name(value=owner), attr=cst.Name(value="dispose")):
                if owner == name:
                    return True
    return False


def _is_pool_ended(thing: Thing, caller: Block, call: cst.Call, name: str | None) -> bool:
    """Whether a caller enters the pool that it gets, be it under a name, or closes it."""
    return any(
        (isinstance(node, cst.WithItem) and _is_it(node.item, call, name))
        or (
            isinstance(node, cst.Attribute)
            and thing.type.is_release(node.attr.value)
            and _is_it(node.value, call, name)
        )
        for node in descend(caller.node)
    )


def _is_it(node: cst.BaseExpression, call: cst.Call, name: str | None) -> bool:
    """Whether an expression is a call, or the name that what it gives has."""
    return bare(node) is call or (name is not None and is_name(node, name))


def is_passed_on(caller: Block, call: cst.Call) -> bool:
    """Whether a caller gives what it gets, or something built on it, to those that call it."""
    name = _bound_name(caller, call) or _maker_name(caller, call)
    return _is_given_back(caller, call, name) or (bool(caller.yields) and name is not None)


def _maker_name(block: Block, call: cst.Call) -> str | None:
    """The name of a session or maker that is made of what a call gives."""
    for name, binding in values(block):
        made = binding.expression
        if not isinstance(made, cst.Call) or all(arg.value is not call for arg in made.args):
            continue
        if re.search(r"(?i)session", last_name(made.func)):
            return name
    return None
