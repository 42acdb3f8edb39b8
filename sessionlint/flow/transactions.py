"""Whether a function takes a connection, and gives it back by ending its transaction."""

from __future__ import annotations

from typing import Final

import libcst as cst

from sessionlint.facts.scopes import Block
from sessionlint.facts.syntax import is_name, last_name
from sessionlint.flow.harmless import SETTLING
from sessionlint.source.walk import descend

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
    return bool(ends) and not any(map(_is_taking, behind))


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
