"""Objects that FastAPI gets from a function for each request, with a session nobody closes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import libcst as cst

from sessionlint.facts.depending import depended_on
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.parameters import is_as_given
from sessionlint.facts.scopes import Block
from sessionlint.facts.syntax import bare
from sessionlint.facts.values import Thing
from sessionlint.flow.acquisitions import has_mocks, sure_session
from sessionlint.flow.generators import is_drawn, taken_out
from sessionlint.flow.handed import (
    Handed,
    alone,
    gets,
    handed,
    lent_call,
    may_be_closed_elsewhere,
    returned_call,
    users_of,
)
from sessionlint.flow.keeping import Keeper, asks_inside, inside
from sessionlint.flow.nodes import Nodes

__all__ = ["handed_by"]


def handed_by(evaluator: Evaluator, block: Block) -> Iterator[Handed]:
    """The sessions that a function opens for FastAPI in what it returns, or in its `yield`."""
    if not block.near.returns and not block.near.yields:
        return
    is_lent = bool(block.yields)
    made = lent_call(block) if is_lent else returned_call(block)
    if made is not None:
        found = (*handed(evaluator, block, made), *_handed_inside(evaluator, block, made))
        yield from (one._replace(is_lent=is_lent) for one in found)


def _handed_inside(evaluator: Evaluator, block: Block, made: cst.Call) -> Iterator[Handed]:
    """The session that a function opens for an object, which it makes for FastAPI.

    `made` is the call that the function returns, or lends.
    """
    if has_mocks(block):
        return
    found = inside(
        evaluator,
        block,
        made,
        lambda argument: _acquired(block, argument),
        lambda call: _opened(evaluator, block, call),
    )
    # All of the project is searched for who depends on it, so that it is asked last.
    if found is not None and block.name in depended_on(evaluator):
        # Have: an object that holds a session and closes none. Who gets it is looked for now.
        (thing, acquired), keepers = found
        users = _users(evaluator, block, keepers)
        yield from (Handed(thing, acquired, user.name) for user in islice(users, 1))


def _opened(evaluator: Evaluator, block: Block, call: cst.Call) -> tuple[Thing, cst.Call] | None:
    thing = _session(evaluator, call, block) if _may_open(evaluator, call, block) else None
    return None if thing is None else (thing, call)


def _acquired(block: Block, argument: cst.Arg) -> cst.Call | None:
    """The call that makes an argument, be it the value of a variable that is nothing else."""
    value = alone(block, bare(argument.value))
    made = None if value is None else bare(value)
    return made if isinstance(made, cst.Call) else None


def _may_open(evaluator: Evaluator, call: cst.Call, block: Block) -> bool:
    return evaluator.may_acquire(call, block) or is_drawn(block, call)


def _session(evaluator: Evaluator, acquired: cst.Call, block: Block) -> Thing | None:
    # What a generator gave that is dropped opens again when it is used.
    return sure_session(evaluator, acquired, block) or taken_out(evaluator, acquired, block)


def _users(evaluator: Evaluator, block: Block, keepers: list[Keeper]) -> Iterator[Block]:
    """Each function that gets the object and has it take a connection."""
    users = users_of(evaluator, block)
    if not users or may_be_closed_elsewhere(evaluator, block):
        return
    called = [(user, name, _methods(user, name)) for user, name in users]
    if any(methods is None for _, _, methods in called):
        return
    for user, name, methods in called:
        is_sure = gets(evaluator, block, user, name)
        if is_sure and methods and asks_inside(evaluator, keepers, methods):
            yield user


def _methods(block: Block, name: str) -> frozenset[str] | None:
    """What a function calls on what a parameter gets, None where it does anything else with it."""
    if not is_as_given(block, name):
        return None
    body = Nodes(block)
    found: set[str] = set()
    for one in body.variables(name):
        match list(islice(body.above(one), 2)):
            case [cst.Attribute(attr=method) as owner, cst.Call(func=func)] if func is owner:
                found.add(method.value)
            case [cst.Param(), *_]:
                continue
            case _:
                return None
    return frozenset(found)
