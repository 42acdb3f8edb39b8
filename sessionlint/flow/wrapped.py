"""Objects that a generator makes of a session of its own, and lends once."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from sessionlint.facts.catalog import Kind
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.scopes import Binding, Block, How
from sessionlint.facts.values import UNKNOWN, ClassValue, Stream, Thing
from sessionlint.flow import lenders
from sessionlint.flow.generators import opens
from sessionlint.flow.keeping import is_asked, is_kept_open, methods
from sessionlint.flow.nodes import Nodes

__all__ = ["wrapped_by"]


def wrapped_by(
    evaluator: Evaluator, body: Nodes, made: cst.Call, by: cst.CSTNode, *, is_async: bool
) -> tuple[Thing, Block] | None:
    """The session in the object that a generator lends, and the generator's function.

    `made` makes the generator and `by` takes the object out of it, on which a method is called that
    keeps a connection. None where the object may go elsewhere, or close the session, or where the
    generator leaves that open.
    """
    value = evaluator.value(made, body.block)
    if not isinstance(value, Stream) or len(value.block.yields) != 1:
        return None
    lender = value.block
    if lender.is_async is not is_async:
        return None
    called = methods(body, by)
    for thing, of in _kept(evaluator, lender) if called else ():
        if is_asked(evaluator, of, called):
            return thing, lender
    return None


def _kept(evaluator: Evaluator, lender: Block) -> Iterator[tuple[Thing, Block]]:
    """The sessions that a generator opens and closes for the object it lends, with its class."""
    made = _made(lender)
    of = UNKNOWN if made is None else evaluator.value(made.func, lender)
    if made is None or not isinstance(of, ClassValue):
        return
    for arg in made.args:
        if not isinstance(arg.value, cst.Name) or not opens(evaluator, lender, arg.value.value):
            continue
        thing = evaluator.value(arg.value, lender)
        is_session = isinstance(thing, Thing) and thing.type.kind is Kind.SESSION
        if not isinstance(thing, Thing) or not is_session or thing.is_guess or thing.is_own:
            continue
        is_closed = lenders.closes_named(evaluator, lender, arg.value.value)
        if is_closed and is_kept_open(evaluator, of.block, made, arg):
            yield thing, of.block


def _made(lender: Block) -> cst.Call | None:
    """The call whose result a generator lends, be it under a name."""
    lent = lender.yields[0].value
    if not isinstance(lent, cst.Name):
        return lent if isinstance(lent, cst.Call) else None
    match lender.bindings(lent.value):
        case [Binding(how=How.VALUE, expression=cst.Call() as made)]:
            return made
    return None
