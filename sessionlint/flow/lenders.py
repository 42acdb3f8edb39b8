"""What a generator that lends a session does around its one `yield`."""

from __future__ import annotations

from itertools import pairwise

import libcst as cst

from sessionlint.facts.catalog import Kind
from sessionlint.facts.classes import member
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.receivers import CLOSING
from sessionlint.facts.scopes import Block, How
from sessionlint.facts.syntax import TRIES, Try, bare, dotted, held_by, is_name, last_name, names_in
from sessionlint.facts.values import FunctionValue, Instance, Thing, Value
from sessionlint.flow.harmless import COLLECTING
from sessionlint.flow.nodes import Nodes

__all__ = [
    "begins",
    "begins_work",
    "closes",
    "closes_itself",
    "closes_named",
    "ends_nothing",
    "goes_on",
    "handles",
    "is_for_any_with",
    "is_straight",
    "manages",
    "only_closes",
    "removes",
]


def is_straight(lender: Block) -> bool:
    """Whether a generator comes to its `yield` on its only way, in a line of its own.

    One that may end before it cannot be entered.
    """
    above = _above(lender)
    kinds = (cst.Expr, cst.SimpleStatementLine, cst.IndentedBlock, cst.With, *TRIES)
    is_reached = all(isinstance(node, (*kinds, cst.FunctionDef)) for node in above[:-1])
    is_tried = all(below is node.body for below, node in pairwise(above) if isinstance(node, TRIES))
    return is_reached and is_tried and not lender.returns


def closes(evaluator: Evaluator, lender: Block) -> bool:
    """Whether a generator closes what it lends however it ends, and its `finally` does only that.

    What else a `finally` does may depend on how the generator ends.
    """
    return closes_named(evaluator, lender, _lent(lender))


def closes_named(evaluator: Evaluator, lender: Block, name: str) -> bool:
    """The same of what has a name in a generator, be it that something made of it is lent."""
    above = _above(lender)
    ends = [node for node in above if isinstance(node, TRIES) and node.finalbody is not None]
    entered = any(isinstance(node, cst.With) and _opened(evaluator, lender, node) for node in above)
    return (entered or bool(ends)) and all(_is_closing(lender, node, name) for node in ends)


def _above(lender: Block) -> list[cst.CSTNode]:
    """What the `yield` stands in, innermost first."""
    return list(Nodes(lender).above(lender.yields[0]))


def _lent(lender: Block) -> str:
    return held_by(lender.yields[0].value) or ""


def _is_closing(lender: Block, node: Try, name: str) -> bool:
    """Whether a `try` has a `finally` that closes what has a name, and does nothing else.

    A registry removes what it gave: `db = registry()`, and `registry.remove()`.
    """
    match node.finalbody:
        case cst.Finally(
            body=cst.IndentedBlock(body=[cst.SimpleStatementLine(body=[cst.Expr(value=done)])])
            | cst.SimpleStatementSuite(body=[cst.Expr(value=done)])
        ):
            match bare(done):
                case cst.Call(func=cst.Attribute(value=owner) as method, args=[]):
                    if last_name(method) == "remove":
                        return dotted(owner) in [dotted(one.func) for one in _givers(lender, name)]
                    return is_name(owner, name) and last_name(method) == "close"
    return False


def removes(evaluator: Evaluator, lender: Block) -> bool:
    """Whether a generator lends the session of a registry, and removes it from there at its end.

    Others may have it, too; and what is removed is closed by nobody who comes later.
    """
    values = (evaluator.value(one.func, lender) for one in _givers(lender, _lent(lender)))
    is_shared = any(isinstance(one, Thing) and one.type.kind is Kind.REGISTRY for one in values)
    is_removing = any(last_name(call.func) == "remove" for call in lender.calls)
    return is_shared and is_removing and closes(evaluator, lender)


def _givers(lender: Block, name: str) -> list[cst.Call]:
    """The calls that give a generator what has a name there."""
    given = [one.expression and bare(one.expression) for one in lender.bindings(name)]
    return [one for one in given if isinstance(one, cst.Call)]


def ends_nothing(lender: Block) -> bool:
    """Whether a generator opens what it lends, and does not close it at its end either."""
    name = _lent(lender)
    is_managed = any(isinstance(node, (cst.With, cst.For, cst.While)) for node in _above(lender))
    others = [call for call in lender.calls if last_name(call.func) not in COLLECTING]
    is_given = any(is_name(arg.value, name) for call in others for arg in call.args)
    if is_managed or is_given or not _givers(lender, name):
        return False
    return not any(CLOSING.search(word) for word in names_in(lender.node))


def handles(lender: Block) -> bool:
    """Whether a generator handles errors of those it lends to."""
    return any(isinstance(node, TRIES) and node.handlers for node in _above(lender))


def goes_on(lender: Block) -> bool:
    """Whether anything stands behind the `yield` of a generator that a failure would skip."""
    part: cst.CSTNode = lender.yields[0]
    for node in _above(lender):
        match node:
            case (
                cst.IndentedBlock(body=statements)
                | cst.SimpleStatementLine(body=statements)
                | cst.SimpleStatementSuite(body=statements)
            ):
                is_last = statements[-1] is part
            case cst.Try() | cst.TryStar():
                is_last = node.orelse is None
            case _:
                is_last = not isinstance(node, (cst.For, cst.While))
        if not is_last:
            return True
        part = node
    return False


def manages(evaluator: Evaluator, lender: Block) -> bool:
    """Whether a `with` around the `yield` does more than open what is lent, and close it."""
    return any(
        isinstance(node, cst.With) and _opened(evaluator, lender, node) < len(node.items)
        for node in _above(lender)
    )


def begins(lender: Block) -> bool:
    """Whether a generator begins a transaction by hand, which a commit would end as well."""
    return any(last_name(call.func) in {"begin", "begin_nested"} for call in lender.calls)


def begins_work(lender: Block) -> bool:
    """Whether a generator asks anything of what it lends before it does."""
    name, at_end = _lent(lender), lender.yields[0]
    for node in Nodes(lender).nodes:
        if node is at_end:
            return False
        match node:
            case cst.Call(func=cst.Attribute(value=owner)) if is_name(owner, name):
                return True
            case cst.Call(args=args) if any(is_name(arg.value, name) for arg in args):
                return True
    return False


def is_for_any_with(evaluator: Evaluator, lender: Block) -> bool:
    """Whether a `with` may enter a generator, whatever transactions are ended inside."""
    is_plain = is_straight(lender) and closes(evaluator, lender)
    return is_plain and not manages(evaluator, lender) and not begins(lender)


def only_closes(evaluator: Evaluator, lender: Block) -> bool:
    """Whether a generator does nothing behind its `yield`, and around it, but close."""
    is_more = goes_on(lender) or handles(lender) or manages(evaluator, lender)
    return closes(evaluator, lender) and not is_more


def closes_itself(evaluator: Evaluator, value: Value) -> bool:
    """Whether an object of the project closes, when a `with` is left, what it has lent to that."""
    if not isinstance(value, Instance):
        return False
    lent = {
        dotted(one.value)
        for block in _methods(evaluator, value, "__enter__", "__aenter__")
        for one in block.returns
        if one.value is not None
    }
    closed = {
        dotted(call.func.value)
        for block in _methods(evaluator, value, "__exit__", "__aexit__")
        for call in block.calls
        if isinstance(call.func, cst.Attribute) and call.func.attr.value == "close"
    }
    # What has no path, like what a call gives, may be another object each time.
    return bool(lent) and None not in lent and lent <= closed


def _methods(evaluator: Evaluator, value: Instance, *names: str) -> list[Block]:
    found = (member(evaluator, value.block, name) for name in names)
    return [one.block for one in found if isinstance(one, FunctionValue)]


def _opened(evaluator: Evaluator, lender: Block, node: cst.With) -> int:
    """How many items of a `with` open a session, and close it."""
    values = [
        evaluator.value(one.expression, lender)
        for bindings in lender.names.values()
        for one in bindings
        if one.how is How.WITH and one.expression is not None and one.node in node.items
    ]
    return sum(_is_plain(one) or closes_itself(evaluator, one) for one in values)


def _is_plain(value: Value) -> bool:
    """Whether a value is a session of the library's own, which its `with` closes."""
    return isinstance(value, Thing) and value.is_fresh and not value.is_own
