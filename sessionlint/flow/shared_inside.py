"""Objects of a module that keep a session which all of its functions then share."""

from __future__ import annotations

import re

import libcst as cst

from sessionlint.facts.aside import is_test
from sessionlint.facts.classes import is_throughout, member
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.parameters import is_plain, parameter_of
from sessionlint.facts.scopes import Block, BlockKind
from sessionlint.facts.syntax import bare, is_name
from sessionlint.facts.values import ClassValue, FunctionValue, Thing
from sessionlint.flow.acquisitions import sure_session
from sessionlint.flow.keeping import is_kept_open
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
    opened = [(arg, arg.value) for arg in made.args if isinstance(bare(arg.value), cst.Call)]
    found = [(arg, value) for arg, value in opened if evaluator.may_acquire(value, block)]
    callee = evaluator.value(made.func, block) if found else None
    if not isinstance(callee, ClassValue):
        return None
    for argument, value in found:
        thing = sure_session(evaluator, value, block)
        if thing is not None and _works_with(evaluator, callee.block, made, argument, name):
            return thing
    return None


def _works_with(
    evaluator: Evaluator, of: Block, made: cst.Call, argument: cst.Arg, called: str
) -> bool:
    """Whether a class keeps what it is given, and some method takes a connection by that.

    A method that leaves a transaction open, and whose decorator does not end it either; and
    `__init__` alone stores anything. `called` is the name of the object.
    """
    init = member(evaluator, of, "__init__")
    if not isinstance(init, FunctionValue) or init.block.owner is None:
        return False
    if not is_kept_open(evaluator, of, made, argument):
        return False
    if not is_throughout(evaluator, of, _stores_once):
        return False
    given = parameter_of(init, made, argument)
    attributes = init.block.owner.near.attributes.items()
    kept = {name for name, found in attributes if given and is_name(found[0].expression, given)}
    methods = (member(evaluator, of, name) for name in of.names)
    asking = (
        isinstance(one, FunctionValue)
        and is_plain(one.block)
        and _asks(one.block, kept)
        and leaves_open(one.block)
        for one in methods
    )
    return any(asking) and not any(_is_replaced(evaluator, called, one) for one in kept)


def _is_replaced(evaluator: Evaluator, called: str, attribute: str) -> bool:
    """Whether some file of the project gives the attribute of an object of that name a value."""
    given = rf"\b{re.escape(called)}\.{re.escape(attribute)}\s*=(?!=)"
    return evaluator.tree.has_any(attribute.encode(), re.compile(given.encode()))


def _asks(method: Block, kept: set[str]) -> bool:
    """Whether a method of an object asks the database by one of its attributes."""
    own = method.parameters[0].name.value if method.parameters else ""
    for call in method.calls:
        match call.func:
            case cst.Attribute(
                value=cst.Attribute(value=cst.Name(value=of), attr=cst.Name(value=name)),
                attr=cst.Name(value=asked),
            ) if of == own and name in kept and asked in TAKING:
                return True
    return False


def _stores_once(of: Block) -> bool:
    return all(
        len(found) == 1 and found[0].block.name == "__init__"
        for found in of.near.attributes.values()
    )
