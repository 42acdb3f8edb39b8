"""Objects of a module that keep a session which all of its functions then share."""

from __future__ import annotations

import re

import libcst as cst

from sessionlint.facts.aside import is_test
from sessionlint.facts.classes import is_throughout, member
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.parameters import is_plain
from sessionlint.facts.scopes import Block, BlockKind
from sessionlint.facts.syntax import bare
from sessionlint.facts.values import FunctionValue, Thing
from sessionlint.flow.acquisitions import sure_session
from sessionlint.flow.keeping import Keeper, asked_of, asks_inside, inside
from sessionlint.flow.transactions import TAKING, leaves_open

__all__ = ["kept_inside"]


def kept_inside(
    evaluator: Evaluator, made: cst.BaseExpression, block: Block, name: str
) -> Thing | None:
    """The session in `users = Users(SessionLocal())` of a module, if the class only works with it.

    Its class keeps it and neither closes nor replaces it, nor enters anything. Nor does anybody
    else give the attribute of `name` another one.
    """
    if block.kind is not BlockKind.MODULE or not isinstance(made, cst.Call):
        return None
    if is_test(block.home.path, evaluator.tree.files.root):
        return None
    found = inside(
        evaluator, block, made, _call_of, lambda call: sure_session(evaluator, call, block)
    )
    if found is None:
        return None
    thing, keepers = found
    if not all(is_throughout(evaluator, one.of, _stores_once) for one in keepers):
        return None
    last = keepers[-1]
    is_asked = _works_with(evaluator, keepers[0]) and asks_inside(evaluator, keepers, last.of.names)
    is_replaced = any(_is_replaced(evaluator, name, one) for one in last.attributes)
    return thing if is_asked and not is_replaced else None


def _call_of(argument: cst.Arg) -> cst.Call | None:
    made = bare(argument.value)
    return made if isinstance(made, cst.Call) else None


def _works_with(evaluator: Evaluator, keeper: Keeper) -> bool:
    """Whether some method takes a connection by what a class keeps.

    A method that leaves a transaction open, and whose decorator does not end it either.
    """
    methods = (member(evaluator, keeper.of, name) for name in keeper.of.names)
    return any(
        isinstance(one, FunctionValue)
        and is_plain(one.block)
        and not TAKING.isdisjoint(asked_of(one.block, keeper.attributes))
        and leaves_open(one.block)
        for one in methods
    )


def _is_replaced(evaluator: Evaluator, called: str, attribute: str) -> bool:
    """Whether some file of the project gives the attribute of an object of that name a value."""
    given = rf"\b{re.escape(called)}\.{re.escape(attribute)}\s*=(?!=)"
    return evaluator.tree.has_any(attribute.encode(), re.compile(given.encode()))


def _stores_once(of: Block) -> bool:
    return all(
        len(found) == 1 and found[0].block.name == "__init__"
        for found in of.near.attributes.values()
    )
