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
from sessionlint.facts.values import ClassValue, Thing
from sessionlint.flow.acquisitions import has_mocks, sure_session
from sessionlint.flow.generators import is_drawn, taken_out
from sessionlint.flow.handed import (
    Handed,
    alone,
    gets,
    may_be_closed_elsewhere,
    users_of,
)
from sessionlint.flow.keeping import is_asked, is_kept_open
from sessionlint.flow.nodes import Nodes

__all__ = ["handed_inside"]


def handed_inside(evaluator: Evaluator, block: Block, made: cst.Call) -> Iterator[Handed]:
    """The session that a function opens for an object, which it makes for FastAPI.

    `made` is the call that the function returns.
    """
    if has_mocks(block):
        return
    given = ((argument, _acquired(block, argument)) for argument in made.args)
    opened = [(one, call) for one, call in given if call and _may_open(evaluator, call, block)]
    callee = evaluator.value(made.func, block) if opened else None
    if not isinstance(callee, ClassValue):
        return
    for argument, acquired in opened:
        thing = _session(evaluator, acquired, block)
        # All of the project is searched for who depends on it, so that it is asked last.
        if (
            thing is not None
            and is_kept_open(evaluator, callee.block, made, argument)
            and block.name in depended_on(evaluator)
        ):
            # Have: an object that holds a session and closes none. Who gets it is looked for now.
            yield from islice(_for_users(evaluator, block, callee.block, thing, acquired), 1)


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


def _for_users(
    evaluator: Evaluator, block: Block, of: Block, thing: Thing, acquired: cst.Call
) -> Iterator[Handed]:
    """The session with each function that gets the object and has it take a connection."""
    users = users_of(evaluator, block)
    if not users or may_be_closed_elsewhere(evaluator, block):
        return
    called = [(user, name, _methods(user, name)) for user, name in users]
    if any(methods is None for _, _, methods in called):
        return
    for user, name, methods in called:
        is_sure = gets(evaluator, block, user, name)
        if is_sure and methods and is_asked(evaluator, of, methods):
            yield Handed(thing, acquired, user.name)


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
