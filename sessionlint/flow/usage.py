"""What a function does with an engine or a pool: it connects, lends it, or gives it away."""

from __future__ import annotations

import re
from typing import Final

import libcst as cst

from sessionlint.facts.catalog import METHODS, How, Type
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.parameters import is_as_given, is_plain, parameter_of
from sessionlint.facts.receivers import Effect, effect
from sessionlint.facts.scopes import Block
from sessionlint.facts.syntax import bare, is_name, last_name
from sessionlint.facts.values import FunctionValue
from sessionlint.facts.worth import DATABASE
from sessionlint.flow.harmless import PANDAS
from sessionlint.flow.upkeep import ends, is_looked_after
from sessionlint.source.walk import descend

__all__ = ["connects", "is_given_away", "is_used_up", "loans", "takes_at_once"]

_HOPS: Final = 3
"""How many functions may hand an engine on to the one that connects."""


def connects(block: Block, of: Type, name: str) -> bool:
    """Whether the engine is connected to, inspected, or handed to a session or sessionmaker."""
    for node in descend(block.node):
        match node:
            case cst.Attribute(value=cst.Name(value=owner), attr=cst.Name(value=method)):
                if owner == name and _is_connecting(of, method):
                    return True
            case cst.Call(func=func, args=args):
                takes = any(is_name(arg.value, name) for arg in args)
                method = last_name(func)
                if takes and takes_at_once(method):
                    return True
                if takes and method == "configure" and _is_of_own_maker(block, func):
                    return True
    return False


def takes_at_once(name: str) -> bool:
    """Whether what is called by a name connects by the engine that it is given."""
    return name in PANDAS or re.search(r"(?i:session)|^inspect$", name) is not None


def _is_of_own_maker(block: Block, method: cst.BaseExpression) -> bool:
    """Whether a method is called on a session factory that the function makes itself."""
    owner = method.value if isinstance(method, cst.Attribute) else None
    bindings = block.bindings(owner.value) if isinstance(owner, cst.Name) else []
    made = [one.expression for one in bindings]
    return bool(made) and all(
        isinstance(one, cst.Call) and re.search(r"(?i:session)", last_name(one.func))
        for one in made
    )


def _is_connecting(of: Type, method: str) -> bool:
    """Whether a method takes a connection from the pool, be it for one statement."""
    gift = METHODS.get((of.name, method))
    return method in DATABASE if gift is None else gift.how is not How.ITSELF


def is_used_up(evaluator: Evaluator, block: Block, of: Type, call: cst.Call) -> bool:
    """Whether an engine without a name is of use to one statement, and then out of reach.

    What the session knows of it may end it: `session.get_bind().dispose()`.
    """
    if any(
        type(one) is cst.Attribute and one.attr.value == "dispose" for one in descend(block.node)
    ):
        return False
    taken = [(one, arg) for one in block.calls for arg in one.args if bare(arg.value) is call]
    is_lent = any(_is_loan(evaluator, block, of, one, arg, _HOPS) for one, arg in taken)
    return is_lent or _is_spent(block, of, call)


def _is_spent(block: Block, of: Type, call: cst.Call) -> bool:
    for node in descend(block.node):
        match node:
            case cst.WithItem(item=item) if (is_spent := _is_entered(of, item, call)) is not None:
                return is_spent
            case cst.Call(func=func, args=args):
                if last_name(func) in PANDAS and any(arg.value is call for arg in args):
                    return True
            case cst.Attribute(
                value=cst.Call(func=cst.Attribute(value=owner, attr=method)), attr=further
            ) if bare(owner) is call:
                # `create_engine(URL).execute(…).all()`, `create_engine(URL).connect().execute(…)`
                if _is_connecting(of, method.value):
                    return not DATABASE.isdisjoint((method.value, further.value))
            case cst.Return(value=cst.Call(func=cst.Attribute(value=owner, attr=method))):
                if bare(owner) is call and _is_connecting(of, method.value):
                    return True
            case cst.Assign(
                targets=[cst.AssignTarget(cst.Name(value=name))], value=cst.Call() as made
            ):
                if (is_spent := _is_assigned(block, of, name, made, call)) is not None:
                    return is_spent
    return False


def _is_entered(of: Type, item: cst.BaseExpression, call: cst.Call) -> bool | None:
    """Whether what a `with` enters is all that an engine is for; None where it is not its."""
    match item:
        case cst.Call(func=cst.Attribute(value=owner, attr=method)):
            if bare(owner) is call and _is_connecting(of, method.value):
                return True
        case cst.Call(func=cst.Call(func=func, args=args)):
            # `with sessionmaker(create_engine(URL))() as session`
            if any(arg.value is call for arg in args):
                return last_name(func).endswith("sessionmaker")
        case cst.Call(func=func, args=[cst.Arg(value=given)]):
            if given is call and last_name(func).endswith("Session"):
                return True
    return None


def _is_assigned(block: Block, of: Type, name: str, made: cst.Call, call: cst.Call) -> bool | None:
    """The same of what is made on an engine and gets a name."""
    match made.func:
        case cst.Attribute(value=owner, attr=method) if bare(owner) is call:
            is_connecting = _is_connecting(of, method.value)
            return name not in block.kept | block.declared if is_connecting else None
        case cst.Call(func=func, args=args) if any(arg.value is call for arg in args):
            # `session = sessionmaker(create_engine(URL))()`
            return last_name(func).endswith("sessionmaker") and not _leaves(block, name)
    if any(arg.value is call for arg in made.args):
        # `Maker = sessionmaker(create_engine(URL))`
        is_maker = re.search(r"(?i)session", last_name(made.func)) is not None
        return is_maker and not is_looked_after(block, name)
    return None


def _leaves(block: Block, name: str) -> bool:
    """Whether a function keeps what has a name somewhere, or returns it."""
    if name in block.kept | block.declared:
        return True
    given = [node.value for node in block.returns]
    parts = [one.value for node in given if isinstance(node, cst.Tuple) for one in node.elements]
    return any(is_name(one, name) for one in (*given, *parts))


def loans(
    evaluator: Evaluator, block: Block, of: Type, name: str, hops: int = _HOPS
) -> frozenset[int]:
    """The ids of the calls that lend the engine to a function which connects and lets it go."""
    return frozenset(
        id(call)
        for call in block.calls
        for arg in call.args
        if is_name(arg.value, name) and _is_loan(evaluator, block, of, call, arg, hops)
    )


def _is_loan(
    evaluator: Evaluator, block: Block, of: Type, call: cst.Call, given: cst.Arg, hops: int
) -> bool:
    callee = evaluator.value(call.func, block)
    if not hops or not isinstance(callee, FunctionValue) or callee.owner is not None:
        return False
    inside, name = callee.block, parameter_of(callee, call, given)
    if name is None or given.star or inside.yields or not is_plain(inside):
        return False
    # Have: what is written in a function of the project runs with the engine under that name.
    if not is_as_given(inside, name) or ends(inside, name):
        return False
    if is_given_away(evaluator, inside, name):
        return False
    further = loans(evaluator, inside, of, name, hops - 1)
    is_at_work = bool(further) or connects(inside, of, name)
    return is_at_work and not is_looked_after(inside, name, further)


def is_given_away(evaluator: Evaluator, block: Block, name: str) -> bool:
    """Whether something is given an engine that keeps it, or may dispose of it."""
    return any(
        is_name(arg.value, name) and _is_keeping(evaluator, block, call, arg)
        for call in block.calls
        for arg in call.args
    )


def _is_keeping(evaluator: Evaluator, block: Block, call: cst.Call, given: cst.Arg) -> bool:
    if effect(evaluator, call, given, block) is not Effect.LOAN:
        return True
    callee = evaluator.value(call.func, block)
    if not isinstance(callee, FunctionValue) or callee.owner is not None:
        return False
    inside = parameter_of(callee, call, given)
    return inside is not None and (
        _is_put_away(callee.block, inside) or bool(ends(callee.block, inside))
    )


def _is_put_away(function: Block, name: str) -> bool:
    """Whether a function puts what has a name into an attribute of something."""
    return any(
        isinstance(node, cst.Assign)
        and is_name(node.value, name)
        and any(isinstance(one.target, cst.Attribute) for one in node.targets)
        for node in descend(function.node)
    )
