"""Sessions that are taken out of a generator by hand, which nobody brings to its end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

import libcst as cst

from sessionlint.facts.catalog import Kind, Type
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.scopes import Binding, Block, BlockKind, How
from sessionlint.facts.syntax import arguments, dotted, is_name, last_name
from sessionlint.facts.values import Managed, Stream, Thing
from sessionlint.flow.acquisitions import has_mocks
from sessionlint.flow.body import Body
from sessionlint.flow.loops import innermost
from sessionlint.source.driving import is_lender
from sessionlint.source.walk import descend

__all__ = ["Driven", "driven", "goes_on"]

_NEXT: Final = {"next": False, "anext": True}
_STEPS: Final = {"__next__": False, "send": False, "__anext__": True, "asend": True}
"""What drives a generator, and whether an asynchronous one."""
_ENDING: Final = r"close|release|remove|dispose|closing|enter\w*_context|push|callback"
_ASKING: Final = frozenset("isinstance hasattr getattr id type print repr str bool Depends".split())
_SCOPES: Final = (cst.FunctionDef, cst.ClassDef, cst.Lambda)


@dataclass(frozen=True, slots=True, eq=False)
class Driven:
    """`next(get_db())`, or `async for db in get_db():` that is left early.

    `made` makes the generator, whose function is `lender`; `by` drives it. `exit` is the statement
    that leaves the loop, None for a generator that is thrown away at once; what that
    gave is entered by a `with`, returned, or neither.
    """

    made: cst.Call
    by: cst.Call | cst.For
    lender: Block
    exit: cst.CSTNode | None = None
    is_entered: bool = False
    is_returned: bool = False


def driven(evaluator: Evaluator, block: Block) -> Iterator[Driven]:
    """Every session that a block takes out of a generator made for that.

    A generator that has a name can be brought to its end by it, so that is left alone.
    """
    if block.kind in {BlockKind.CLASS, BlockKind.LAMBDA}:
        return
    thrown = [(call, made) for call in block.near.calls if (made := _made(call)) is not None]
    loops = [(loop, made) for loop in _loops(block) if (made := _lender_call(loop.iter))]
    if not (thrown or loops) or has_mocks(block):
        return
    body = Body(block)
    for call, made in thrown:
        lender = _lender(evaluator, block, made, is_async=_is_async(call))
        holder = next(node for node in body.above(call) if not isinstance(node, cst.Await))
        if lender is not None and _is_left(block, body, holder):
            kinds = (isinstance(holder, kind) for kind in (cst.WithItem, cst.Return))
            yield Driven(made, call, lender, None, *kinds)
    for loop, made in loops:
        lender = _lender(evaluator, block, made, is_async=True)
        left = _exit(body, loop)
        if lender is not None and left is not None:
            yield Driven(made, loop, lender, left)


def _made(call: cst.Call) -> cst.Call | None:
    """The call that makes the generator which this call drives, and which nothing else holds."""
    if type(call.func) is cst.Name and call.func.value in _NEXT:
        return _lender_call(next(arguments(call), None))
    if type(call.func) is cst.Attribute and call.func.attr.value in _STEPS:
        return _lender_call(call.func.value)
    return None


def _is_async(call: cst.Call) -> bool:
    return (_NEXT | _STEPS)[last_name(call.func)]


def _lender_call(expression: cst.BaseExpression | None) -> cst.Call | None:
    is_one = isinstance(expression, cst.Call) and is_lender(last_name(expression.func))
    return expression if isinstance(expression, cst.Call) and is_one else None


def _loops(block: Block) -> Iterator[cst.For]:
    """The asynchronous loops of a block."""
    for bindings in block.near.names.values():
        for binding in bindings:
            match binding.node:
                case cst.For(target=cst.Name(), asynchronous=cst.Asynchronous()) as loop:
                    yield loop


def _lender(evaluator: Evaluator, block: Block, made: cst.Call, *, is_async: bool) -> Block | None:
    """The function of a generator that opens a session and lends it once; None for another."""
    match evaluator.value(made, block):
        case Stream(item=Thing(type=Type(kind=Kind.SESSION), is_guess=False), block=lender):
            is_one = len(lender.yields) == 1 and lender.is_async is is_async
            return lender if is_one and _opens(evaluator, lender, lender.yields[0].value) else None
    return None


def _opens(evaluator: Evaluator, lender: Block, lent: cst.CSTNode | None) -> bool:
    """Whether a generator opens itself what it lends."""
    if not isinstance(lent, cst.Name):
        return False
    bindings = lender.bindings(lent.value)
    return bool(bindings) and all(_is_opening(evaluator, one) for one in bindings)


def _is_opening(evaluator: Evaluator, binding: Binding) -> bool:
    if binding.expression is None or binding.how not in {How.VALUE, How.WITH}:
        return False
    value = evaluator.value(binding.expression, binding.block)
    is_entered = binding.how is How.WITH and isinstance(value, Managed)
    return is_entered or (isinstance(value, Thing) and value.is_fresh)


def _is_left(block: Block, body: Body, holder: cst.CSTNode) -> bool:
    """Whether a session that is taken from a generator is used, and nobody closes it by hand.

    `holder` is what gets it.
    """
    match holder:
        case cst.Return() | cst.Attribute() | cst.WithItem():
            return True
        case cst.Assign(targets=[cst.AssignTarget(target=target)]) | cst.AnnAssign(target=target):
            name = dotted(target)
            if isinstance(target, cst.Name) and target.value not in block.declared:
                return _is_used(body, target.value)
            return name is not None and not _is_ended(block.home.reader.text, name)
    return False


def _is_used(body: Body, name: str) -> bool:
    """Whether a name is used as a session that is open, and never as one that is to be closed."""
    uses = [use for node in body.nodes if (use := _use(node, name)) is not None]
    return bool(uses) and not any(re.search(_ENDING, use) for use in uses)


def _use(node: cst.CSTNode, name: str) -> str | None:
    """The method that is called on a name, or what is done with it otherwise; None for no use."""
    match node:
        case cst.Attribute(value=owner, attr=cst.Name(value=method)) if is_name(owner, name):
            return method
        case cst.Call(func=func, args=args) if any(is_name(arg.value, name) for arg in args):
            callee = last_name(func)
            return None if callee in _ASKING else callee
        case cst.WithItem(item=entered) if is_name(entered, name):
            return "close"
        case cst.Return(value=value) | cst.Yield(value=value) if is_name(value, name):
            return "return"
    return None


def _is_ended(text: str, name: str) -> bool:
    """Whether a module closes anywhere what a dotted name holds, or enters it."""
    owner, _, last = name.rpartition(".")
    word = (r"\." if owner else r"\b") + re.escape(last)
    ways = (
        rf"{word}\s*\.\s*(?:a?close|remove)\b",
        rf"\bwith\s[^\n]*{word}\b",
        rf"(?:{_ENDING})\w*\([^\n]*{word}\b",
    )
    return any(re.search(way, text) for way in ways)


def _exit(body: Body, loop: cst.For) -> cst.CSTNode | None:
    """The first `return`, `raise` or `break` by which a loop is left before its generator ends.

    None if there is none, if the loop closes the session itself, or if it lends the session on.
    """
    nodes = list(descend(loop.body, *_SCOPES))
    names = {part.value for part in descend(loop.target) if isinstance(part, cst.Name)}
    uses = (use for node in nodes for name in names if (use := _use(node, name)) is not None)
    if any(isinstance(node, cst.Yield) for node in nodes) or any(
        re.search(_ENDING, use) for use in uses
    ):
        return None
    return next((node for node in nodes if _leaves(body, node, loop)), None)


def _leaves(body: Body, node: cst.CSTNode, loop: cst.For) -> bool:
    """Whether a statement in a loop leaves it."""
    if isinstance(node, cst.Break):
        return innermost(loop, node) is loop
    if isinstance(node, cst.Raise):
        inside = takewhile(lambda above: above is not loop, body.above(node))
        return not any(isinstance(above, cst.Try) and above.handlers for above in inside)
    return isinstance(node, cst.Return)


def goes_on(evaluator: Evaluator, lender: Block) -> bool:
    """Whether a generator does more behind its `yield` than close what it lends."""
    body = Body(lender)
    part: cst.CSTNode = lender.yields[0]
    for node in body.above(part):
        match node:
            case cst.IndentedBlock(body=statements) | cst.SimpleStatementLine(body=statements):
                is_last = statements[-1] is part
            case cst.Try():
                is_last = node.orelse is None
            case cst.With():
                is_last = _only_opens(evaluator, lender, node)
            case _:
                is_last = not isinstance(node, (cst.For, cst.While))
        if not is_last:
            return True
        part = node
    return False


def _only_opens(evaluator: Evaluator, lender: Block, node: cst.With) -> bool:
    """Whether a `with` does nothing but open what is lent, and close it."""
    opened = [
        evaluator.value(one.expression, lender)
        for bindings in lender.names.values()
        for one in bindings
        if one.how is How.WITH and one.expression is not None and one.node in node.items
    ]
    is_all = len(opened) == len(node.items)
    return is_all and all(isinstance(value, Thing) and value.is_fresh for value in opened)
