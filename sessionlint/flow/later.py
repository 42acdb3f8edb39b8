"""Resources that a function leaves to what goes on without it, which closes none."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import dropwhile, takewhile
from typing import TYPE_CHECKING, Final, NamedTuple

import libcst as cst

from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.scopes import Block
from sessionlint.facts.syntax import last_name
from sessionlint.flow.acts import Act
from sessionlint.flow.letting import let_go, user_of
from sessionlint.flow.nodes import Nodes
from sessionlint.flow.open_ends import leaves_it_open
from sessionlint.flow.transactions import ends_transactions
from sessionlint.source.background import LETTING_GO

if TYPE_CHECKING:
    from sessionlint.flow.body import Body
    from sessionlint.flow.resource import Resource

__all__ = ["Later", "is_left_to_others", "left_to", "outlasted"]

_CARRYING: Final = (cst.Call, cst.Lambda, cst.Tuple, cst.List, cst.Dict)


class Later(NamedTuple):
    """What `runs` later with a resource that `carrier` takes there, and the acts of that."""

    runs: cst.BaseExpression
    carrier: cst.CSTNode
    acts: tuple[Act, ...]


def left_to(resource: Resource, body: Body) -> list[Later]:
    """What goes on with a resource which nobody closes."""
    if LETTING_GO.isdisjoint(body.named) or body.closes(resource):
        return []
    calls = [call for call in body.of(cst.Call) if _may_let_go(call) and not body.is_inside(call)]
    return [one for call in calls for one in _taking(resource, body, call)]


def outlasted(later: Collection[Later], body: Body) -> frozenset[int]:
    """The ids of what may end a transaction of the function before something else begins one."""
    using = {id(one.carrier) for one in later if Act.COMMIT not in one.acts}
    behind = dropwhile(lambda node: id(node) not in using, body.nodes) if using else ()
    return frozenset(id(node) for node in behind if isinstance(node, (cst.Call, cst.Await)))


def is_left_to_others(evaluator: Evaluator, nodes: Nodes, value: cst.BaseExpression) -> bool:
    """Whether a value goes only to what runs later, uses it, and leaves it open."""
    around = (one for one in nodes.above(value) if isinstance(one, cst.Call))
    call = next(filter(_may_let_go, around), None)
    run = None if call is None else let_go(evaluator, nodes, call)
    if call is None or run is None:
        return False
    given = (one for one in run.args if one.value is value)
    return any(_user(evaluator, nodes.block, call, run, one) for one in given)


def _may_let_go(call: cst.Call) -> bool:
    return last_name(call.func) in LETTING_GO


def _taking(resource: Resource, body: Body, call: cst.Call) -> Iterator[Later]:
    run = let_go(resource.evaluator, body, call)
    for argument in () if run is None else run.args:
        is_it = resource.is_it(argument.value)
        user = _user(resource.evaluator, body.block, call, run, argument) if run and is_it else None
        if run and user:
            acts = (Act.USE, Act.COMMIT) if ends_transactions(user) else (Act.USE,)
            yield Later(run.func, _carrier(body, call, argument.value), acts)


def _user(
    evaluator: Evaluator, block: Block, call: cst.Call, run: cst.Call, argument: cst.Arg
) -> Block | None:
    """What uses an argument later, comes to an end, and surely leaves it open."""
    user = user_of(evaluator, block, run, argument)
    if user is None or not user.is_run_by(call):
        return None
    return user.block if leaves_it_open(evaluator, user.block, user.name) else None


def _carrier(body: Body, call: cst.Call, name: cst.CSTNode) -> cst.CSTNode:
    """The outermost of what takes a name into a call: a list of arguments, a lambda, the call."""
    inside = takewhile(lambda node: node is not call, body.above(name))
    carrying = [node for node in inside if isinstance(node, _CARRYING)]
    return carrying[-1] if carrying else call
