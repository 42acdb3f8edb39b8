"""Resources that are acquired and used in one expression, so that nothing is left to close."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import libcst as cst

from sessionlint.facts.catalog import METHODS, How, Kind
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.scopes import Block
from sessionlint.facts.syntax import bare
from sessionlint.facts.values import Thing
from sessionlint.source.walk import descend

__all__ = ["Unbound", "unbound"]

BLOCKS: Final = (cst.FunctionDef, cst.ClassDef, cst.Lambda)
_DATABASE: Final = frozenset(
    "execute scalar scalars query get add add_all merge delete commit flush exec cursor fetch "
    "fetchrow fetchval exec_driver_sql executemany executescript run_sync stream".split()
)
"""Methods that need a connection."""


@dataclass(frozen=True, slots=True, eq=False)
class Unbound:
    """`Session(e).execute(q)`: the acquiring expression and the method called on it.

    `call` is None for `engine.connect()` alone, which takes a connection and throws it away.
    """

    thing: Thing
    acquired: cst.BaseExpression
    call: cst.Call | None
    method: str = ""


def unbound(evaluator: Evaluator, block: Block) -> Iterator[Unbound]:
    """Every acquisition in a block that no name holds, though it takes a connection."""
    yield from _dropped(evaluator, block)
    for call in block.calls:
        if not isinstance(call.func, cst.Attribute):
            continue
        method = call.func.attr.value
        owner = call.func.value
        if method not in _DATABASE or isinstance(owner, (cst.Name, cst.Attribute)):
            continue
        if not evaluator.may_acquire(owner, block):
            continue
        value = evaluator.value(owner, block)
        if not isinstance(value, Thing) or not value.is_fresh or value.is_guess or value.is_maybe:
            continue
        if value.type.kind in {Kind.SESSION, Kind.CONNECTION}:
            yield Unbound(value, _first(owner, value), call, method)


def _dropped(evaluator: Evaluator, block: Block) -> Iterator[Unbound]:
    """`engine.connect()` alone as a statement: a connection taken and thrown away."""
    own = {id(call): call for call in block.calls}
    for statement in descend(block.node, *BLOCKS):
        if not isinstance(statement, cst.Expr):
            continue
        call = bare(statement.value)
        if not evaluator.may_acquire(call, block):
            continue
        value = evaluator.value(statement.value, block)
        is_sure = isinstance(value, Thing) and value.is_fresh and not value.is_guess
        if is_sure and isinstance(call, cst.Call) and id(call) in own:
            assert isinstance(value, Thing)
            if value.type.kind is Kind.CONNECTION and not _is_self_given(evaluator, call, block):
                yield Unbound(value, call, None)


def _is_self_given(evaluator: Evaluator, call: cst.Call, block: Block) -> bool:
    """`conn.execution_options(…)` gives the connection it was called on, nothing new."""
    return (
        isinstance(call.func, cst.Attribute)
        and isinstance(evaluator.value(call.func.value, block), Thing)
        and evaluator.value(call.func.value, block) == evaluator.value(call, block)
    )


def _first(owner: cst.BaseExpression, value: Thing) -> cst.BaseExpression:
    """The acquiring call below methods that give their own object back."""
    while isinstance(owner, cst.Call) and isinstance(owner.func, cst.Attribute):
        gift = METHODS.get((value.type.name, owner.func.attr.value))
        if gift is None or gift.how is not How.ITSELF:
            break
        owner = owner.func.value
    return owner
