"""Connections that a `with` opens and does not close: its end is that of a transaction."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

import libcst as cst

from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.receivers import Effect, effect
from sessionlint.facts.scopes import Block, BlockKind, How
from sessionlint.facts.values import Thing
from sessionlint.flow.acquisitions import has_mocks, is_to_fail
from sessionlint.flow.half_managed import left_open
from sessionlint.flow.nodes import Nodes

__all__ = ["Entered", "entered"]

_GIVING: Final = (cst.Return, cst.Yield, cst.Lambda, cst.FunctionDef, cst.ClassDef)


class Entered(NamedTuple):
    """The `with` of one connection, and all that there is in its block."""

    thing: Thing
    name: str
    acquired: cst.Call
    item: cst.WithItem
    statement: cst.With
    body: Nodes


def entered(evaluator: Evaluator, block: Block) -> Iterator[Entered]:
    """Every `with psycopg2.connect(…) as conn` of a function that nothing closes, nor passes on."""
    if block.kind is not BlockKind.FUNCTION or has_mocks(block):
        return
    body = Nodes(block)
    for statement in body.nodes:
        if type(statement) is not cst.With or statement.asynchronous is not None:
            continue
        if any(isinstance(one, _GIVING) or is_to_fail(one) for one in body.around(statement)):
            continue
        for item in statement.items:
            call, target = item.item, item.asname.name if item.asname else None
            if not isinstance(call, cst.Call) or not isinstance(target, cst.Name):
                continue
            thing = left_open(evaluator, call, block)
            if thing is not None:
                found = Entered(thing, target.value, call, item, statement, body)
                if _is_left(evaluator, block, found):
                    yield found


def _is_left(evaluator: Evaluator, block: Block, found: Entered) -> bool:
    """Whether the function does nothing with the name but work on what it holds."""
    bindings = block.bindings(found.name)
    if found.name in block.declared or any(one.how is not How.WITH for one in bindings):
        return False
    return all(_is_work(evaluator, block, found, one) for one in found.body.variables(found.name))


def _is_work(evaluator: Evaluator, block: Block, found: Entered, name: cst.Name) -> bool:
    """Whether a name stands where it is bound, entered, lent to a call, or where a method is asked.

    Not where what leads back to it leaves the function, as a cursor does.
    """
    around = list(islice(found.body.above(name), 3))
    match around:
        case [cst.AsName() | cst.WithItem(), *_]:
            return True
        case [cst.Attribute(attr=method), *rest]:
            is_cursor = method.value == "cursor"
            return not found.thing.type.is_release(method.value) and not (
                is_cursor and _is_given(found.body, rest[0])
            )
        case [cst.Arg() as argument, cst.Call() as call, *_]:
            return effect(evaluator, call, argument, block) is Effect.LOAN
    return False


def _is_given(body: Nodes, made: cst.CSTNode) -> bool:
    """Whether a value, or the name it gets, is in what the function returns, yields or keeps."""
    above = next(body.above(made), None)
    if isinstance(above, cst.Assign):
        names = {one.target.value for one in above.targets if isinstance(one.target, cst.Name)}
        spoken = [one for name in names for one in body.variables(name)]
        return len(names) < len(above.targets) or any(_is_leaving(body, one) for one in spoken)
    return not isinstance(above, (cst.WithItem, cst.Attribute, cst.Expr))


def _is_leaving(body: Nodes, node: cst.CSTNode) -> bool:
    """Whether a variable itself, and no method of it, is in what the function gives away."""
    around = next(body.above(node), None)
    if isinstance(around, (cst.Attribute, cst.AssignTarget, cst.AsName)):
        return False
    return any(isinstance(above, _GIVING) for above in body.around(node))
