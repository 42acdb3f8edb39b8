"""Resources that are acquired and used in one expression, so that nothing is left to close."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

import libcst as cst

from sessionlint.facts.catalog import Kind
from sessionlint.facts.conventions import CONNECTION_CALLS, is_of_database
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.properties import opened_by
from sessionlint.facts.scopes import Block
from sessionlint.facts.syntax import bare, dotted, is_name, last_name, names_in
from sessionlint.facts.values import Thing
from sessionlint.facts.worth import DATABASE, TAKING
from sessionlint.flow.acquisitions import has_mocks, is_to_fail
from sessionlint.flow.harmless import REFINING, STATED
from sessionlint.flow.nodes import SCOPES, Nodes
from sessionlint.source.walk import descend

__all__ = ["Unbound", "unbound"]

_BUILDING: Final = REFINING | frozenset(
    "with_entities add_columns execution_options params union union_all".split()
)
"""Methods of a query that give another one, and run none."""


_FORGETTING: Final[frozenset[type[cst.CSTNode]]] = frozenset(
    {cst.Expr, cst.Assert, cst.If, cst.While, cst.UnaryOperation, cst.Comparison, cst.Call}
)


class Unbound(NamedTuple):
    """`Session(e).execute(q)`: the acquiring expression and the method called on it.

    `call` is None for `engine.connect()` alone, or in a condition, which takes a connection and
    throws it away. What is `acquired` may be an attribute, a property that opens one.
    """

    thing: Thing
    acquired: cst.BaseExpression
    call: cst.Call | None
    method: str = ""


def unbound(evaluator: Evaluator, block: Block) -> Iterator[Unbound]:
    """Every acquisition in a block that no name holds, though it takes a connection."""
    yield from _dropped(evaluator, block)
    yield from _read(evaluator, block)
    for call in list(block.near.calls):
        if not isinstance(call.func, cst.Attribute):
            continue
        method = call.func.attr.value
        owner = call.func.value
        # A walrus gives it a name by which it may be closed.
        if method not in DATABASE or isinstance(owner, (cst.Name, cst.Attribute, cst.NamedExpr)):
            continue
        if not evaluator.may_acquire(owner, block):
            continue
        value = evaluator.value(owner, block)
        if not isinstance(value, Thing) or not value.is_fresh or value.is_maybe:
            continue
        if value.type.kind not in {Kind.SESSION, Kind.CONNECTION}:
            continue
        if value.is_guess and not _is_borne_out(value, call, block):
            continue
        if method != "query" or not _is_only_written(Nodes(block), call):
            yield Unbound(value, _first(owner, value), call, method)


def _read(evaluator: Evaluator, block: Block) -> Iterator[Unbound]:
    """`self.session.add(x)`, where a property opens one each time: the first use of each."""
    seen: set[str | None] = set()
    for call in list(block.near.calls) if block.home.opening else ():
        owner = call.func.value if isinstance(call.func, cst.Attribute) else None
        method = last_name(call.func)
        if not isinstance(owner, cst.Attribute) or method not in DATABASE:
            continue
        thing = opened_by(evaluator, owner, block)
        if thing is None or dotted(owner) in seen or has_mocks(block):
            continue
        if method != "query" or not _is_only_written(Nodes(block), call):
            seen.add(dotted(owner))
            yield Unbound(thing, owner, call, method)


def _is_borne_out(guess: Thing, call: cst.Call, block: Block) -> bool:
    """Whether what is called on what an engine by its name gives is asked of a connection alone.

    As with one that has a name. Of what is called a session there are too many others.
    """
    if guess.type.kind is not Kind.CONNECTION:
        return False
    if not is_of_database(guess, block.home) or last_name(call.func) not in CONNECTION_CALLS:
        return False
    return not has_mocks(block) and not any("mock" in name.lower() for name in names_in(call.func))


def _is_only_written(body: Nodes, query: cst.Call) -> bool:
    """Whether a query is built and never run: for another one, as a text, or for nothing."""
    chain = list(body.chain(query))
    names = {one.attr.value for one in chain if isinstance(one, cst.Attribute)}
    if not names <= _BUILDING:
        return not names.isdisjoint(STATED)
    match list(islice(body.above(chain[-1] if chain else query), 2)):
        case [cst.Arg(), cst.Call(func=taker)]:
            return last_name(taker) in {"str", "repr", "print"}
        case [cst.Expr(), *_]:
            return True
    return False


def _dropped(evaluator: Evaluator, block: Block) -> Iterator[Unbound]:
    """`engine.connect()` alone, or for its truth: a connection taken and thrown away."""
    near = block.near.calls
    own = {id(call) for call in near if evaluator.may_give(call, block, TAKING)}
    if not own or has_mocks(block):
        return
    nodes = [one for root in block.roots for one in descend(root, *SCOPES)]
    failing = {id(inner) for one in nodes if is_to_fail(one) for inner in descend(one)}
    forgetting = (node for node in nodes if node.__class__ in _FORGETTING)
    for thrown in (one for node in forgetting for one in _thrown_away(node)):
        call = bare(thrown)
        if not isinstance(call, cst.Call) or id(call) not in own or id(call) in failing:
            continue
        value = evaluator.value(thrown, block)
        is_sure = isinstance(value, Thing) and value.is_fresh and not value.is_guess
        if is_sure:
            assert isinstance(value, Thing)
            if value.type.kind is Kind.CONNECTION and not _is_self_given(evaluator, call, block):
                yield Unbound(value, call, None)


def _thrown_away(node: cst.CSTNode) -> Iterator[cst.BaseExpression]:
    """What a node evaluates and forgets, be it to ask whether there is anything."""
    if type(node) is cst.Expr:
        yield node.value
    elif type(node) is cst.Assert or type(node) is cst.If or type(node) is cst.While:
        yield from _operands(node.test)
    elif type(node) is cst.UnaryOperation and isinstance(node.operator, cst.Not):
        yield from _operands(node.expression)
    elif type(node) is cst.Comparison and _is_of_none(node):
        yield node.left
    elif type(node) is cst.Call and is_name(node.func, "bool") and len(node.args) == 1:
        yield from _operands(node.args[0].value)


def _operands(test: cst.BaseExpression) -> Iterator[cst.BaseExpression]:
    """What is asked for its truth alone where a whole test is."""
    if isinstance(test, cst.BooleanOperation):
        yield from _operands(test.left)
        yield from _operands(test.right)
    else:
        yield test


def _is_of_none(node: cst.Comparison) -> bool:
    """Whether a comparison asks no more than whether there is anything."""
    match node.comparisons:
        case [cst.ComparisonTarget(cst.Is() | cst.IsNot(), cst.Name("None"))]:
            return True
    return False


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
        if not value.type.gives_itself(owner.func.attr.value):
            break
        owner = owner.func.value
    return owner
