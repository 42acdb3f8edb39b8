"""Sessions that are taken out of a generator by hand, which nobody brings to its end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import dropwhile, takewhile
from typing import Final, NamedTuple

import libcst as cst

from sessionlint.facts.annotations import is_injected
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.holding import has, is_made_of
from sessionlint.facts.parameters import parameters_with
from sessionlint.facts.receivers import Effect, effect
from sessionlint.facts.scopes import Block, BlockKind
from sessionlint.facts.syntax import TRIES, dotted, is_name, targets_of
from sessionlint.facts.values import FunctionValue, Thing
from sessionlint.facts.worth import DATABASE
from sessionlint.flow.acquisitions import has_mocks
from sessionlint.flow.alternatives import getters, is_reached
from sessionlint.flow.generators import is_async_step, lent_to, lists, named_once, thrown_away
from sessionlint.flow.given import is_left_open
from sessionlint.flow.keeping import is_wrapped
from sessionlint.flow.later import is_left_to_others
from sessionlint.flow.loops import innermost
from sessionlint.flow.nodes import SCOPES, Nodes
from sessionlint.flow.spoken import (
    ENDING,
    Use,
    is_ended_elsewhere,
    is_kept_open,
    is_taken_along,
    is_used,
    stands_in,
    use,
)
from sessionlint.flow.wrapped import wrapped_by
from sessionlint.source.walk import descend

__all__ = ["Driven", "driven"]

_ELEMENTS: Final = (cst.DictElement, cst.Element)
_SHOWN: Final = (*_ELEMENTS, cst.Dict, cst.List, cst.Set, cst.Tuple, cst.Await)
"""What a value stands in that a display holds."""


class Driven(NamedTuple):
    """`next(get_db())`, `list(get_db())[0]`, or `async for db in get_db():` that is left early.

    `made` makes the generator, whose function is `lender`; `by` drives it. `exit` is the statement
    that leaves the loop. It is None for a generator that is thrown away at once; what that gave is
    entered by a `with`, returned by itself or in a display, or neither. One that has a name, which
    is not spoken of again, `is_held` until its function ends, which is too early for what the
    session was stored in. What it gives may be an object in which the session `is_wrapped`. What a
    loop gives `is_taken` where it is used on when that is left.
    """

    thing: Thing
    made: cst.Call
    by: cst.BaseExpression | cst.For
    lender: Block
    exit: cst.CSTNode | None = None
    is_entered: bool = False
    is_returned: bool = False
    is_held: bool = False
    is_wrapped: bool = False
    is_taken: bool = False

    @property
    def is_listed(self) -> bool:
        """Whether it is run to its end for the first that it gives: `list(get_db())[0]`."""
        return isinstance(self.by, cst.Subscript)


def driven(evaluator: Evaluator, block: Block) -> Iterator[Driven]:
    """Every session that a block takes out of a generator made for that.

    A generator that has a name can be brought to its end by it, so that is left alone where the
    name is spoken of again.
    """
    if block.kind is BlockKind.CLASS:
        return
    thrown = [(call, made) for call in block.near.calls if (made := thrown_away(block, call))]
    named = [(call, made) for call in block.near.calls if (made := named_once(block, call))]
    loops = [(loop, made) for loop in _loops(block) if (made := thrown_away(block, loop))]
    is_listed = any(lists(block, call) for call in block.near.calls)
    if not (thrown or named or loops or is_listed) or has_mocks(block):
        return
    body = Nodes(block)
    for step, made in [*thrown, *_listed(body)]:
        yield from _dropped(evaluator, body, made, step)
    for call, made in named:
        is_held = not _is_stored(body, call)
        for one in _dropped(evaluator, body, made, call):
            # A `with` closes the session while the name still holds the generator.
            if not one.is_entered:
                yield one._replace(is_held=is_held)
    for loop, made in loops:
        yield from _left(evaluator, body, made, loop)


def _listed(body: Nodes) -> Iterator[tuple[cst.BaseExpression, cst.Call]]:
    """Where a list is made of what a generator lends, and which call makes that."""
    for part in body.of(cst.Subscript):
        if (made := thrown_away(body.block, part)) is not None:
            yield part, made


def _dropped(
    evaluator: Evaluator, body: Nodes, made: cst.Call, by: cst.BaseExpression
) -> Iterator[Driven]:
    """The session that a call takes out of a generator which nobody brings to its end."""
    found = lent_to(evaluator, body.block, made, by)
    above = getters(body, by)
    holder = next(above, None)
    if not is_reached(evaluator, body, by):
        return
    is_shown = found is not None and (
        _is_shown(body, by) or _is_for_fastapi(evaluator, body.block, by)
    )
    is_lambda = body.block.kind is BlockKind.LAMBDA
    if found is not None and (
        is_shown or (not is_lambda and _is_left(evaluator, body, holder, next(above, None)))
    ):
        thing, lender = found
        is_returned = is_shown or isinstance(holder, cst.Return)
        yield Driven(thing, made, by, lender, None, isinstance(holder, cst.WithItem), is_returned)
    if found is None and not is_lambda:
        around = next(body.above(by))
        taken = around if isinstance(around, cst.Await) else by
        wrapped = wrapped_by(evaluator, body, made, taken, is_async=is_async_step(by))
        if wrapped is not None:
            yield Driven(wrapped[0], made, by, wrapped[1], is_wrapped=True)


def _is_shown(body: Nodes, by: cst.BaseExpression) -> bool:
    """Whether a function returns what a call gives in a display: `{"db": next(get_db())}`."""
    above = list(body.above(by))
    around = next((one for one in above if not isinstance(one, _SHOWN)), None)
    is_given_back = isinstance(around, cst.Return) or (
        around is body.block.node and body.block.kind is BlockKind.LAMBDA
    )
    return is_given_back and any(isinstance(one, _ELEMENTS) for one in above)


def _is_for_fastapi(evaluator: Evaluator, block: Block, by: cst.BaseExpression) -> bool:
    """Whether FastAPI gets what a lambda takes out, for a function that does not end it.

    Which method of a class may end what its attribute gets is not asked.
    """
    if not isinstance(block.node, cst.Lambda) or block.node.body is not by:
        return False
    user = block.parent
    if user is None or user.kind is BlockKind.CLASS or not is_injected(evaluator, block):
        return False
    names = parameters_with(user, block.node)
    return not (_may_close_any(evaluator, user, names) or is_wrapped(evaluator, user))


def _may_close_any(evaluator: Evaluator, block: Block, names: list[str]) -> bool:
    """Whether a function may close what one of these variables holds."""
    body = Nodes(block) if names else None
    return body is not None and any(
        _may_close(evaluator, body, one) for name in names for one in body.variables(name)
    )


def _left(evaluator: Evaluator, body: Nodes, made: cst.Call, loop: cst.For) -> Iterator[Driven]:
    """The session that a loop takes out of a generator, and leaves there."""
    found = lent_to(evaluator, body.block, made, loop)
    left = None if found is None else _exit(evaluator, body, loop)
    if found is not None and left is not None:
        thing, lender = found
        is_taken = is_taken_along(body.block, loop, left)
        yield Driven(thing, made, loop, lender, left, is_taken=is_taken)
    wrapped = None if found else wrapped_by(evaluator, body, made, loop, is_async=True)
    if wrapped is None:
        return
    nodes = list(descend(loop.body, *SCOPES))
    first = next((node for node in nodes if _leaves(body, node, loop)), None)
    if first is not None and not any(isinstance(node, cst.Yield) for node in nodes):
        thing, lender = wrapped
        yield Driven(thing, made, loop, lender, first, is_wrapped=True)


def _is_stored(body: Nodes, by: cst.Call) -> bool:
    """Whether an attribute gets the session that a call takes out of a generator."""
    above = next(node for node in body.above(by) if not isinstance(node, cst.Await))
    if not isinstance(above, (cst.Assign, cst.AnnAssign)):
        return False
    return not all(isinstance(one, cst.Name) for one in targets_of(above))


def _loops(block: Block) -> Iterator[cst.For]:
    """The asynchronous loops of a block."""
    for bindings in block.near.names.values():
        for binding in bindings:
            match binding.node:
                case cst.For(target=cst.Name(), asynchronous=cst.Asynchronous()) as loop:
                    yield loop


def _is_left(
    evaluator: Evaluator, body: Nodes, holder: cst.CSTNode | None, around: cst.CSTNode | None
) -> bool:
    """Whether a session that `holder` gets from a generator is used, and nobody may close it."""
    block = body.block
    match holder:
        case cst.Return() | cst.WithItem():
            return True
        case cst.Arg(value=value) if isinstance(around, cst.Call):
            is_open = is_left_open(evaluator, body, around, holder)
            return is_open or is_left_to_others(evaluator, body, value)
        case cst.Element(value=value):
            return is_left_to_others(evaluator, body, value)
        case cst.Attribute(attr=cst.Name(value=method)):
            return method in DATABASE
        case cst.Assign(targets=[cst.AssignTarget(target=target)]) | cst.AnnAssign(target=target):
            name = dotted(target)
            if isinstance(target, cst.Name) and target.value not in block.declared:
                return is_used(evaluator, body, target.value)
            if name is None or not is_kept_open(block.home.reader.text, name):
                return False
            return not is_ended_elsewhere(evaluator, block, name)
    return False


def _exit(evaluator: Evaluator, body: Nodes, loop: cst.For) -> cst.CSTNode | None:
    """The first statement by which a loop is left before its generator ends.

    None if there is none, if the loop may close the session itself, or if it yields anything else.
    An error at a `yield` that lends the session on is none: nothing holds the generator then.
    """
    nodes = list(descend(loop.body, *SCOPES))
    assert isinstance(loop.target, cst.Name)
    spoken = [node for node in nodes if is_name(node, loop.target.value)]
    # `async for db in get_db(): break`, and what was taken is used behind.
    spoken = spoken or _spoken_behind(body, loop)
    yields = [node for node in nodes if isinstance(node, cst.Yield)]
    if not all(_lends_on(body.block, node, loop.target.value) for node in yields):
        return None
    is_idle = not yields and all(_is_idle(evaluator, body, node) for node in spoken)
    is_closed = any(_may_close(evaluator, body, node) for node in spoken)
    if is_idle or is_closed:
        return None
    return next((node for node in nodes if _leaves(body, node, loop)), None)


def _lends_on(block: Block, node: cst.Yield, name: str) -> bool:
    """Whether a `yield` lends the session, or something with it."""
    value = node.value if isinstance(node.value, cst.BaseExpression) else None
    return has(block, value, name) or is_made_of(value, name)


def _spoken_behind(body: Nodes, loop: cst.For) -> list[cst.CSTNode]:
    """Where the name of what a loop takes stands behind the loop."""
    assert isinstance(loop.target, cst.Name)
    inside = {id(node) for node in descend(loop)}
    behind = dropwhile(lambda node: node is not loop, body.nodes)
    return [node for node in behind if is_name(node, loop.target.value) and id(node) not in inside]


def _is_idle(evaluator: Evaluator, body: Nodes, name: cst.CSTNode) -> bool:
    """Whether a session takes no connection where its name stands, nor where its alias does."""
    match next(body.above(name), None):
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=alias))]):
            spoken = (node for node in body.nodes if is_name(node, alias))
            return all(use(evaluator, body, node) is Use.NONE for node in spoken)
        case cst.Comparison() | cst.Assert():
            return True
    return use(evaluator, body, name) is Use.NONE


def _may_close(evaluator: Evaluator, body: Nodes, name: cst.CSTNode) -> bool:
    """Whether a session is closed where its name stands, by its method or a function of ours."""
    holder, call = stands_in(body, name)
    match holder:
        case cst.Attribute(value=owner, attr=cst.Name(value=method)) if owner is name:
            return re.search(ENDING, method) is not None
        case cst.Arg() if isinstance(call, cst.Call):
            # What a function of the project keeps is no less left open by the loop.
            is_ours = isinstance(evaluator.value(call.func, body.block), FunctionValue)
            harmless = {Effect.LOAN, Effect.KEEPS} if is_ours else {Effect.LOAN}
            return effect(evaluator, call, holder, body.block) not in harmless
        case cst.WithItem():
            return True
    return False


def _leaves(body: Nodes, node: cst.CSTNode, loop: cst.For) -> bool:
    """Whether a statement in a loop leaves it, whatever handles errors in there."""
    if isinstance(node, cst.Break):
        return innermost(loop, node) is loop
    if isinstance(node, cst.Raise):
        inside = takewhile(lambda above: above is not loop, body.above(node))
        return not any(isinstance(above, (*TRIES, cst.With)) for above in inside)
    return isinstance(node, cst.Return)
