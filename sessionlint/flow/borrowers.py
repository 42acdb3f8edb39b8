"""Sessions that are made on a connection, which their end leaves open.

Source: SQLAlchemy, "Joining a Session into an External Transaction".
"""

from __future__ import annotations

from itertools import islice
from typing import Final

import libcst as cst

from sessionlint.facts.catalog import Kind
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.receivers import Effect, effect
from sessionlint.facts.scopes import Block
from sessionlint.facts.syntax import arguments, last_name
from sessionlint.facts.values import Maker, Symbol, Thing
from sessionlint.facts.worth import DATABASE
from sessionlint.flow.nodes import Nodes

__all__ = ["hides", "makes_borrower"]

_WORKING: Final = DATABASE | frozenset(
    "begin begin_nested close commit expire expire_all expunge expunge_all in_transaction "
    "is_active no_autoflush refresh rollback".split()
)
"""What is asked of a session that leads nobody to its connection."""


def makes_borrower(evaluator: Evaluator, call: cst.Call, block: Block) -> bool:
    """Whether a call makes a session of the library's own on somebody's connection.

    A class of the project may close more than itself.
    """
    made = evaluator.value(call, block)
    if not isinstance(made, Thing) or not made.type.is_session or made.is_fresh:
        return False
    callee = evaluator.value(call.func, block)
    return isinstance(callee, Symbol) or (isinstance(callee, Maker) and not callee.made.is_own)


def hides(evaluator: Evaluator, nodes: Nodes, call: cst.Call, given: cst.Arg, what: Thing) -> bool:
    """Whether a call makes a session on a connection that it opens, and nobody gets at that."""
    # Whoever reads text alone goes by that name, and what they do not see is not to be seen here.
    if what.type.kind is not Kind.CONNECTION or "ession" not in last_name(call.func):
        return False
    is_bind = given.keyword is not None and given.keyword.value == "bind"
    if not is_bind and next(arguments(call), None) is not given.value:
        return False
    return makes_borrower(evaluator, call, nodes.block) and _is_shut_in(evaluator, nodes, call)


def _is_shut_in(evaluator: Evaluator, nodes: Nodes, call: cst.Call) -> bool:
    """Whether all that a function does with a session of its own is to work with it."""
    match list(islice(nodes.above(call), 2)):
        case [cst.WithItem(asname=None), _]:
            return True
        case [cst.Attribute(attr=method) as owner, cst.Call(func=func)] if func is owner:
            return method.value in DATABASE
        case [cst.WithItem(asname=cst.AsName(name=cst.Name(value=name))), _]:
            pass
        case [cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))]), _]:
            pass
        case _:
            return False
    if name in nodes.block.declared or len(nodes.block.bindings(name)) > 1:
        return False
    return all(_is_work(evaluator, nodes, one) for one in nodes.variables(name))


def _is_work(evaluator: Evaluator, nodes: Nodes, name: cst.Name) -> bool:
    """Whether a session is bound, entered, asked for rows or lent where its name stands."""
    if nodes.is_inside(name):
        return False
    match list(islice(nodes.above(name), 2)):
        case [cst.AsName() | cst.AssignTarget() | cst.WithItem(), _]:
            return True
        case [cst.Attribute(attr=method), _]:
            return method.value in _WORKING
        case [cst.Arg() as given, cst.Call() as call]:
            return effect(evaluator, call, given, nodes.block) is Effect.LOAN
    return False
