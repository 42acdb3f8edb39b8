"""Sessions that are made on a connection, which their end leaves open.

Source: SQLAlchemy, "Joining a Session into an External Transaction".
"""

from __future__ import annotations

import re
from itertools import islice
from typing import Final

import libcst as cst

from sessionlint.facts.binds import bind_of
from sessionlint.facts.catalog import CALLS, TYPES, How, Kind
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.receivers import Effect, effect
from sessionlint.facts.scopes import Block
from sessionlint.facts.syntax import arguments, bare, last_name
from sessionlint.facts.values import Maker, Symbol, Thing
from sessionlint.facts.worth import DATABASE
from sessionlint.flow.callers import is_called_often
from sessionlint.flow.nodes import Nodes

__all__ = ["connection_of_maker", "hides", "makes_borrower"]

_REACHING: Final = re.compile(
    rb"(?<!\bop)\.(?:get_bind\(\)|bind|connection\(\))\s*(?:$|\.\s*(?:close|detach|invalidate)\b)"
    rb"|\bwith\s+[\w.]+\.(?:get_bind\(\)|bind|connection\(\))\s*[,:]"
    rb"|(?i:clos)\w*\([\w.]+\.(?:get_bind\(\)|bind|connection\(\))[,)]",
    re.MULTILINE,
)
"""How somebody gets at the connection of a session, be it to close it; Alembic's `op` has none."""

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


def connection_of_maker(
    evaluator: Evaluator, expression: cst.BaseExpression, block: Block
) -> tuple[Thing, cst.BaseExpression] | None:
    """The connection that is opened for all sessions of a maker, which may be a registry's.

    `sessionmaker(bind=engine.connect())`; what has a name may be closed by it.
    """
    made = bare(expression)
    if not isinstance(made, cst.Call):
        return None
    callee = evaluator.value(made.func, block)
    gift = CALLS.get(callee.name) if isinstance(callee, Symbol) else None
    given = bind_of(made)
    if gift is None or given is None:
        return None
    if TYPES[gift.type].kind is Kind.REGISTRY:
        return connection_of_maker(evaluator, given, block)
    if gift.how is not How.MAKER or not isinstance(bare(given), cst.Call):
        return None
    match evaluator.value(given, block):
        case Thing(is_fresh=True, is_sure=True) as thing if thing.type.kind is Kind.CONNECTION:
            return thing, given
    return None


def hides(evaluator: Evaluator, nodes: Nodes, call: cst.Call, given: cst.Arg, what: Thing) -> bool:
    """Whether a call makes a session on a connection that it opens, and nobody gets at that."""
    # Whoever reads text alone goes by that name, and what they do not see is not to be seen here.
    if what.type.kind is not Kind.CONNECTION or "ession" not in last_name(call.func):
        return False
    is_bind = given.keyword is not None and given.keyword.value == "bind"
    if not is_bind and next(arguments(call), None) is not given.value:
        return False
    if makes_borrower(evaluator, call, nodes.block):
        return _is_shut_in(evaluator, nodes, call)
    is_maker = connection_of_maker(evaluator, call, nodes.block) is not None
    return is_maker and _is_maker_shut_in(evaluator, nodes, call)


def _is_maker_shut_in(evaluator: Evaluator, nodes: Nodes, call: cst.Call) -> bool:
    """Whether all that a function does with a maker is to make sessions that stay in it."""
    match next(nodes.above(call), None):
        case cst.Call(func=func) as made if func is call:
            return _is_shut_in(evaluator, nodes, made)
    spoken = _spoken(nodes, call)
    return bool(spoken) and all(_is_making(evaluator, nodes, one) for one in spoken)


def _is_making(evaluator: Evaluator, nodes: Nodes, name: cst.Name) -> bool:
    """Whether a maker is bound, or makes a session that stays, where its name stands."""
    if nodes.is_inside(name):
        return False
    match list(islice(nodes.above(name), 2)):
        case [cst.AssignTarget(), _]:
            return True
        case [cst.Call(func=func) as made, _] if func is name:
            return _is_shut_in(evaluator, nodes, made)
    return False


def _is_shut_in(evaluator: Evaluator, nodes: Nodes, call: cst.Call) -> bool:
    """Whether all that a function does with a session of its own is to work with it."""
    match list(islice(nodes.above(call), 2)):
        case [cst.WithItem(asname=None), _]:
            return True
        case [cst.Attribute(attr=method) as owner, cst.Call(func=func)] if func is owner:
            return method.value in DATABASE
        case [cst.Return(), _]:
            return _is_lost_to_callers(evaluator, nodes.block)
    spoken = _spoken(nodes, call)
    return bool(spoken) and all(_is_work(evaluator, nodes, one) for one in spoken)


def _spoken(nodes: Nodes, call: cst.Call) -> list[cst.Name]:
    """Where the variable stands that gets what a call makes, and nothing else; none for others.

    What is made later, by a thread for instance, no variable of the function gets.
    """
    match next(nodes.above(call), None):
        case cst.WithItem(asname=cst.AsName(name=cst.Name(value=name))):
            pass
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))]):
            pass
        case _:
            return []
    is_other = name in nodes.block.declared or len(nodes.block.bindings(name)) > 1
    return [] if is_other else list(nodes.variables(name))


def _is_work(evaluator: Evaluator, nodes: Nodes, name: cst.Name) -> bool:
    """Whether a session is bound, entered, asked for rows or lent where its name stands."""
    if nodes.is_inside(name):
        return False
    match list(islice(nodes.above(name), 2)):
        case [cst.AsName() | cst.AssignTarget() | cst.WithItem(), _]:
            return True
        case [cst.Attribute(attr=method), _]:
            return method.value in _WORKING
        case [cst.Return(), _]:
            return _is_lost_to_callers(evaluator, nodes.block)
        case [cst.Arg() as given, cst.Call() as call]:
            return effect(evaluator, call, given, nodes.block) is Effect.LOAN
    return False


def _is_lost_to_callers(evaluator: Evaluator, block: Block) -> bool:
    """Whether a function gives a session to many, of whom nobody asks for its connection."""
    if any(evaluator.tree.has(word, _REACHING) for word in (b"bind", b".connection()")):
        return False
    return is_called_often(evaluator, block, _is_never, _is_never)


def _is_never(_caller: Block, _call: cst.Call) -> bool:
    return False
