"""Resources that are acquired and used in one expression, so that nothing is left to close."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import libcst as cst

from sessionlint.facts.catalog import METHODS, How, Kind
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.scopes import Block
from sessionlint.facts.values import Thing

__all__ = ["Unbound", "unbound"]

_DATABASE: Final = frozenset(
    "execute scalar scalars query get add add_all merge delete commit flush exec exec_driver_sql "
    "cursor fetch fetchrow fetchval executemany executescript run_sync stream stream_scalars".split()
)
"""Methods that need a connection."""


@dataclass(frozen=True, slots=True, eq=False)
class Unbound:
    """`Session(e).execute(q)`: the acquiring expression and the method called on it."""

    thing: Thing
    acquired: cst.BaseExpression
    method: str
    call: cst.Call


def unbound(evaluator: Evaluator, block: Block) -> Iterator[Unbound]:
    """Every call in a block whose object was acquired in the same expression."""
    for call in block.calls:
        if not isinstance(call.func, cst.Attribute):
            continue
        method = call.func.attr.value
        owner = call.func.value
        if method not in _DATABASE or isinstance(owner, (cst.Name, cst.Attribute)):
            continue
        value = evaluator.value(owner, block)
        if not isinstance(value, Thing) or not value.is_fresh or value.is_guess or value.is_maybe:
            continue
        if value.type.kind in {Kind.SESSION, Kind.CONNECTION}:
            yield Unbound(value, _first(owner, value), method, call)


def _first(owner: cst.BaseExpression, value: Thing) -> cst.BaseExpression:
    """The acquiring call below methods that give their own object back."""
    while isinstance(owner, cst.Call) and isinstance(owner.func, cst.Attribute):
        gift = METHODS.get((value.type.name, owner.func.attr.value))
        if gift is None or gift.how is not How.ITSELF:
            break
        owner = owner.func.value
    return owner
