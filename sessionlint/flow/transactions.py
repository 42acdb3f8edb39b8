"""Whether a function takes a connection, and gives it back by ending its transaction."""

from __future__ import annotations

from typing import Final

import libcst as cst

from sessionlint.facts.scopes import Block
from sessionlint.facts.syntax import TRIES, dotted, is_name, last_name
from sessionlint.flow.harmless import SETTLING, STATED
from sessionlint.flow.nodes import Nodes
from sessionlint.source.walk import children, descend

__all__ = [
    "TAKING",
    "ends_transactions",
    "keeps_connection",
    "leaves_open",
    "outside_of_transactions",
    "takes",
]

TAKING: Final = frozenset("execute scalar scalars query exec merge flush cursor refresh".split())
"""Methods that need a connection, and are hardly those of anything else."""


_RUNNING: Final = frozenset("all first one one_or_none scalar count get delete update".split())
"""Methods that run a query."""

_SUITES: Final = (cst.IndentedBlock, cst.SimpleStatementSuite, cst.Module)


def leaves_open(function: Block) -> bool:
    """Whether a function takes a connection, and never gives it back by ending a transaction."""
    return takes(function) and not ends_transactions(function)


def keeps_connection(function: Block, name: str) -> bool:
    """Whether a function takes a connection by what has a name, and ends no transaction after."""
    asked = (one for one in _methods_called(function) if _is_taking(one))
    owners = (one.func.value for one in asked if isinstance(one.func, cst.Attribute))
    return any(is_name(owner, name) for owner in owners) and not ends_transactions(function)


def takes(function: Block) -> bool:
    """Whether a function asks anything in it for what needs a connection."""
    return any(map(_is_taking, _methods_called(function)))


def ends_transactions(function: Block) -> bool:
    """Whether a function ends a transaction, and takes no connection after that."""
    called = _methods_called(function)
    ends = [place for place, one in enumerate(called) if last_name(one.func) in SETTLING]
    behind = called[ends[-1] + 1 :] if ends else ()
    if not ends or any(map(_is_taking, behind)):
        return False
    return not _is_left_before(function, called[: ends[0]], called[ends[0]])


def _is_left_before(function: Block, called: list[cst.Call], end: cst.Call) -> bool:
    """Whether a `return` follows what takes a connection, before anything ends the transaction.

    A `finally` may end it all the same, and so may what a `with` enters.
    """
    if not function.returns or not any(map(_is_taking, called)):
        return False
    body = Nodes(function)
    order = {id(node): place for place, node in enumerate(body.nodes)}
    taken = [call for call in called if _is_taking(call) and id(call) in order]
    last = order.get(id(end), 0)
    for left in function.returns:
        is_early = order.get(id(left), last) < last
        if not is_early or any(isinstance(one, (cst.With, *TRIES)) for one in body.around(left)):
            continue
        stop = order[id(left)] + sum(1 for _ in descend(left))
        before = [one for one in function.calls if order.get(id(one), last) < stop]
        for call in taken:
            between = (one for one in before if order.get(id(one), last) > order[id(call)])
            is_left = _follows(body, left, call) and _runs(body, call)
            if is_left and not any(_may_settle(one, call) for one in between):
                return True
    return False


def _follows(body: Nodes, left: cst.Return, call: cst.Call) -> bool:
    """Whether a `return` stands behind a call in the same block, or in what the call decides."""
    path, around = [left, *body.above(left)], [call, *body.above(call)]
    place = next((at for at, one in enumerate(around) if isinstance(one, _SUITES)), 0)
    if not place:
        return False
    statement, suite = around[place - 1], around[place]
    if statement in path:
        return isinstance(statement, cst.If) and statement.test in around
    if suite not in path:
        return False
    lines = list(children(suite))
    return lines.index(statement) < lines.index(path[path.index(suite) - 1])


def _runs(body: Nodes, call: cst.Call) -> bool:
    """Whether a call asks the database at once, as a query does by a method at the end of it."""
    if last_name(call.func) != "query":
        return True
    names = {one.attr.value for one in body.chain(call) if isinstance(one, cst.Attribute)}
    return not names.isdisjoint(_RUNNING) and names.isdisjoint(STATED)


def _may_settle(call: cst.Call, taking: cst.Call) -> bool:
    """Whether a call is given what takes a connection, or is one of the object that has it."""
    owner = dotted(taking.func.value) if isinstance(taking.func, cst.Attribute) else None
    if owner is None:
        return True
    root, asked = owner.partition(".")[0], dotted(call.func) or ""
    is_given = any((dotted(arg.value) or "").partition(".")[0] == root for arg in call.args)
    is_beside = asked.startswith(f"{root}.") and not asked.startswith(f"{owner}.")
    return is_given or is_beside


def _methods_called(function: Block) -> list[cst.Call]:
    calls = outside_of_transactions(function)
    return [one for one in calls if isinstance(one.func, cst.Attribute)]


def outside_of_transactions(function: Block) -> list[cst.Call]:
    """The calls of a function, but those in `with db.begin():`, which gives the connection back."""
    if not any(map(_is_beginning, function.calls)):
        return function.calls
    around = (node for node in descend(function.node) if isinstance(node, cst.With))
    begun = [one for one in around if any(_is_beginning(item.item) for item in one.items)]
    inside = {id(node) for one in begun for node in descend(one.body)}
    return [one for one in function.calls if id(one) not in inside]


def _is_beginning(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Call) and last_name(node.func) == "begin"


def _is_taking(call: cst.Call) -> bool:
    """Whether a method is called that needs a connection; `get(User, 1)` asks for a row."""
    method = last_name(call.func)
    is_of_class = len(call.args) > 1 and last_name(call.args[0].value)[:1].isupper()
    return method in TAKING or (method == "get" and is_of_class)
