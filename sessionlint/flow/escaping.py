"""Sessions that go to a task which is still at work when their owner closes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import Final, NamedTuple

import libcst as cst

from sessionlint.facts.annotations import injected
from sessionlint.facts.catalog import Kind
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.scopes import Binding, Block, BlockKind, How
from sessionlint.facts.syntax import last_name
from sessionlint.facts.values import FunctionValue, Thing
from sessionlint.flow import lenders
from sessionlint.flow.acquisitions import has_mocks
from sessionlint.flow.circumstances import is_aside
from sessionlint.flow.generators import lent_by
from sessionlint.flow.harmless import SETTLING
from sessionlint.flow.keeping import is_wrapped
from sessionlint.flow.lasting import is_long_request, may_be_through, until_close
from sessionlint.flow.letting import User, let_go, user_of
from sessionlint.flow.nodes import Nodes
from sessionlint.source.background import BACKGROUND, LETTING_GO
from sessionlint.source.fanning import is_session_name

__all__ = ["Escaped", "Owner", "When", "escaped"]

_HELD: Final = frozenset({Kind.SESSION, Kind.CONNECTION})
_EARLY: Final = ((0, 106), (0, 118))
"""The releases of FastAPI that end dependencies before background tasks run.

Source: measured by tests/bench/background_tasks.py; the release notes of 0.106.0 and 0.118.0.
"""


class When(Enum):
    """When a session is closed that a task still uses, for the end of a sentence."""

    REQUEST = "when the request ends"
    WITH = "at the end of its `with`"
    FINALLY = "in the `finally`"


class Owner(NamedTuple):
    """What is closed, and when.

    Where a `release` of FastAPI is told, it does so before background tasks begin.
    """

    thing: Thing
    when: When = When.REQUEST
    release: str | None = None


class Escaped(NamedTuple):
    """A session that `call` hands to what it lets run, `runs`, and that its owner closes meanwhile.

    `is_behind` the response is what it lets run. `is_ended`: that itself gives the connection back.
    """

    owner: Owner
    name: str
    call: cst.Call
    runs: cst.BaseExpression
    is_behind: bool
    is_ended: bool


def escaped(evaluator: Evaluator, block: Block) -> Iterator[Escaped]:
    """The sessions of a function that tasks go on using which it does not wait for."""
    calls = [call for call in block.near.calls if last_name(call.func) in LETTING_GO]
    if block.kind is not BlockKind.FUNCTION or not calls:
        return
    if is_aside(evaluator, block) or has_mocks(block):
        return
    nodes = Nodes(block)
    for call in calls:
        run = let_go(evaluator, nodes, call)
        for argument in () if run is None else run.args:
            owner = _owner(evaluator, nodes, call, argument)
            user = user_of(evaluator, block, run, argument) if run and owner else None
            if run and owner and user and _gets_it(evaluator, call, user):
                name = last_name(argument.value)
                is_behind = last_name(call.func) == BACKGROUND
                is_ended = any(last_name(one.func) in SETTLING for one in user.block.calls)
                yield Escaped(owner, name, call, run.func, is_behind, is_ended)


def _gets_it(evaluator: Evaluator, call: cst.Call, user: User) -> bool:
    """Whether a function is run at all, and no decorator may give it another session."""
    return user.is_run_by(call) and not is_wrapped(evaluator, user.block)


def _owner(evaluator: Evaluator, nodes: Nodes, call: cst.Call, argument: cst.Arg) -> Owner | None:
    """Who closes what an argument of a task holds, if that is soon after the call."""
    name = argument.value.value if isinstance(argument.value, cst.Name) else ""
    bindings = nodes.block.bindings(name) if is_session_name(name) else []
    if len(bindings) != 1 or name in nodes.block.declared:
        return None
    [binding] = bindings
    if binding.how is How.WITH or binding.how is How.VALUE:
        return _own(evaluator, nodes, call, name, binding)
    lent = _given_by_fastapi(evaluator, binding)
    if lent is None:
        return None
    if last_name(call.func) != BACKGROUND:
        return None if is_long_request(evaluator, nodes, call) else Owner(lent)
    release = evaluator.tree.locked(nodes.block.home.path.parent, "fastapi")
    return Owner(lent, release=release) if release and _is_early(release) else None


def _own(
    evaluator: Evaluator, nodes: Nodes, call: cst.Call, name: str, binding: Binding
) -> Owner | None:
    """The session that a `with` or a `try` around a call closes soon under a name."""
    around = (until_close(one, call, name, binding) for one in nodes.above(call))
    until = next((one for one in around if one is not None), None)
    if until is None or may_be_through(nodes, call, until):
        return None
    thing = evaluator.lookup(name, nodes.block)
    if not isinstance(thing, Thing) or thing.is_guess or thing.type.kind not in _HELD:
        return None
    return Owner(thing, When.WITH if binding.how is How.WITH else When.FINALLY)


def _given_by_fastapi(evaluator: Evaluator, binding: Binding) -> Thing | None:
    """The session that `db = Depends(get_db)` gets, if that closes it when the request ends."""
    if binding.how is not How.PARAMETER:
        return None
    for call, block in injected(evaluator, binding):
        if last_name(call.func) == "Depends" and call.args:
            return _lent(evaluator, call.args[0].value, block)
    return None


def _lent(evaluator: Evaluator, dependency: cst.BaseExpression, block: Block) -> Thing | None:
    outer = block.parent or block.home.top
    function = evaluator.value(dependency, outer)
    if not isinstance(function, FunctionValue):
        return None
    is_async = function.block.is_async
    found = lent_by(evaluator, outer, cst.Call(dependency), is_async=is_async)
    if found is None or not lenders.closes(evaluator, found[1]):
        return None
    return found[0]


def _is_early(release: str) -> bool:
    numbers = tuple(int(one) for one in re.findall(r"\d+", release)[:2])
    first, last = _EARLY
    return first <= numbers < last
