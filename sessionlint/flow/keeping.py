"""Objects that keep what they are given, and what is asked of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Final, NamedTuple, TypeVar

import libcst as cst

from sessionlint.facts.classes import is_throughout, member
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.parameters import is_plain, parameter_of
from sessionlint.facts.promised import ENDS
from sessionlint.facts.receivers import CLOSING
from sessionlint.facts.scopes import Block
from sessionlint.facts.syntax import is_name, last_name
from sessionlint.facts.values import ClassValue, FunctionValue
from sessionlint.flow.nodes import Nodes
from sessionlint.flow.transactions import leaves_open
from sessionlint.source.walk import descend

__all__ = [
    "Keeper",
    "asked_of",
    "asks_inside",
    "closes_nothing",
    "inside",
    "is_asked",
    "is_kept_open",
    "is_worked_with",
    "is_wrapped",
    "keeper_of",
    "may_close_inside",
    "methods",
]

_Opened = TypeVar("_Opened")

_LEAVING: Final = frozenset({"__enter__", "__aenter__", "__exit__", "__aexit__", "__del__"})
_DEEPEST: Final = 3
"""How many objects are followed that stand in each other."""


class Keeper(NamedTuple):
    """A class whose objects keep something, and by which of their attributes."""

    of: Block
    attributes: frozenset[str]


def is_kept_open(evaluator: Evaluator, of: Block, call: cst.Call, argument: cst.Arg) -> bool:
    """Whether a class keeps what it is given, and neither it nor a base may close anything."""
    init = member(evaluator, of, "__init__")
    if not isinstance(init, FunctionValue):
        return False
    name = parameter_of(init, call, argument)
    is_kept = name is not None and name in init.block.kept
    return is_kept and is_throughout(evaluator, of, closes_nothing)


def is_worked_with(evaluator: Evaluator, nodes: Nodes, call: cst.Call, argument: cst.Arg) -> bool:
    """Whether an object keeps what its call is given, and takes a connection by it.

    Be it for another one that keeps it: `Service(Repository(session)).load()`.
    """
    keepers: list[Keeper] = []
    while len(keepers) < _DEEPEST:
        keeper = keeper_of(evaluator, nodes.block, call, argument)
        if keeper is None:
            return False
        keepers.append(keeper)
        if called := methods(nodes, call):
            return asks_inside(evaluator, keepers, called)
        taken = _taken_by(nodes, call)
        if taken is None:
            return False
        call, argument = taken
    return False


def inside(
    evaluator: Evaluator,
    block: Block,
    made: cst.Call,
    call_of: Callable[[cst.Arg], cst.Call | None],
    opened: Callable[[cst.Call], _Opened | None],
    depth: int = _DEEPEST,
) -> tuple[_Opened, list[Keeper]] | None:
    """What is `opened` for an object, or for one in it, and what keeps it, innermost first.

    `call_of` gives the call that makes an argument.
    """
    for argument in made.args if depth else ():
        call = call_of(argument)
        if call is None:
            continue
        first = opened(call)
        found = (first, list[Keeper]()) if first is not None else None
        found = found or inside(evaluator, block, call, call_of, opened, depth - 1)
        keeper = keeper_of(evaluator, block, made, argument) if found is not None else None
        if found is not None and keeper is not None:
            return found[0], [*found[1], keeper]
    return None


def keeper_of(
    evaluator: Evaluator, block: Block, call: cst.Call, argument: cst.Arg
) -> Keeper | None:
    """The class whose object a call makes, if that keeps an argument and closes nothing."""
    match evaluator.value(call.func, block):
        case ClassValue(block=of) if is_kept_open(evaluator, of, call, argument):
            return Keeper(of, _attributes_of(evaluator, of, call, argument))
    return None


def _attributes_of(
    evaluator: Evaluator, of: Block, call: cst.Call, argument: cst.Arg
) -> frozenset[str]:
    """The attributes in which the objects of a class keep an argument of the call."""
    init = member(evaluator, of, "__init__")
    if not isinstance(init, FunctionValue) or init.block.owner is None:
        return frozenset()
    given = parameter_of(init, call, argument)
    found = init.block.owner.near.attributes.items()
    return frozenset(name for name, ways in found if given and is_name(ways[0].expression, given))


def asks_inside(evaluator: Evaluator, keepers: list[Keeper], called: Iterable[str]) -> bool:
    """Whether methods of the last of some objects, which stand in each other, take a connection.

    By the first one, which has the session; each calls methods of the one that it keeps.
    """
    *inner, last = keepers
    if not inner:
        return is_asked(evaluator, last.of, called)
    found = [member(evaluator, last.of, name) for name in called]
    plain = [one.block for one in found if isinstance(one, FunctionValue) and is_plain(one.block)]
    return any(asks_inside(evaluator, inner, asked_of(one, last.attributes)) for one in plain)


def may_close_inside(evaluator: Evaluator, nodes: Nodes, call: cst.Call) -> bool:
    """Whether the object that a call makes closes something in a method that is called here."""
    made = evaluator.value(call.func, nodes.block)
    if not isinstance(made, ClassValue):
        return False
    return any(_ends(evaluator, made.block, one, _DEEPEST) for one in methods(nodes, call))


def _ends(evaluator: Evaluator, of: Block, name: str, hops: int) -> bool:
    """Whether a method may close what its object keeps, or calls one that does."""
    method = member(evaluator, of, name)
    if not isinstance(method, FunctionValue) or not method.block.parameters or not hops:
        return False
    block, own = method.block, method.block.parameters[0].name.value
    for node in descend(block.node):
        match node:
            case cst.Attribute(value=owner, attr=cst.Name(value=word)) if word in ENDS:
                if _is_kept(block, owner, own):
                    return True
            case cst.WithItem(item=entered):
                if _is_kept(block, entered, own):
                    return True
            case cst.Call(func=cst.Attribute(value=owner, attr=cst.Name(value=other))) if is_name(
                owner, own
            ):
                if _ends(evaluator, of, other, hops - 1):
                    return True
            case cst.Call(func=closer, args=args) if CLOSING.search(last_name(closer)):
                if any(_is_kept(block, arg.value, own) for arg in args):
                    return True
    return False


def _is_kept(method: Block, value: cst.BaseExpression, own: str) -> bool:
    """Whether a value is an attribute of the object, or a variable that holds one."""
    if isinstance(value, cst.Name):
        given = (one.expression for one in method.bindings(value.value))
        return any(isinstance(one, cst.Attribute) and is_name(one.value, own) for one in given)
    return isinstance(value, cst.Attribute) and is_name(value.value, own)


def asked_of(method: Block, attributes: frozenset[str]) -> set[str]:
    """The methods that one method of an object calls on what it keeps."""
    own = method.parameters[0].name.value if method.parameters else ""
    found: set[str] = set()
    for call in method.calls:
        match call.func:
            case cst.Attribute(
                value=cst.Attribute(value=cst.Name(value=of), attr=cst.Name(value=name)),
                attr=cst.Name(value=asked),
            ) if of == own and name in attributes:
                found.add(asked)
    return found


def _taken_by(nodes: Nodes, call: cst.Call) -> tuple[cst.Call, cst.Arg] | None:
    """The one call that takes an object, in place or by the one name that it has."""
    match [call, *islice(nodes.above(call), 2)]:
        case [_, cst.Arg() as argument, cst.Call() as taker]:
            return taker, argument
        case [_, cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))]), _]:
            pass
        case _:
            return None
    asked = nodes.asked(name)
    if len(nodes.block.bindings(name)) > 1 or name in nodes.block.declared or len(asked) != 1:
        return None
    match list(islice(nodes.above(asked[0]), 2)):
        case [cst.Arg() as argument, cst.Call() as taker]:
            return taker, argument
    return None


def closes_nothing(of: Block) -> bool:
    """Whether no node of a class or function closes anything by its name."""
    return not any(map(_may_close, descend(of.node)))


def _may_close(node: cst.CSTNode) -> bool:
    """Whether a node of a class enters or closes something, or says that the class does."""
    match node:
        case cst.Attribute(attr=cst.Name(value=word)) | cst.FunctionDef(name=cst.Name(value=word)):
            return word in _LEAVING or CLOSING.search(word) is not None
    return isinstance(node, cst.With)


def methods(nodes: Nodes, call: cst.CSTNode) -> frozenset[str]:
    """What is called on the object that a call makes; empty where the object may go elsewhere.

    A loop makes one in each turn.
    """
    match [call, *islice(nodes.above(call), 2)]:
        case [_, cst.Attribute(attr=method) as owner, cst.Call(func=func)] if func is owner:
            return frozenset({method.value})
        case [cst.For(target=cst.Name(value=name)), *_]:
            pass
        case [_, cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))]), _]:
            pass
        case _:
            return frozenset()
    if len(nodes.block.bindings(name)) > 1 or name in nodes.block.declared:
        return frozenset()
    found: set[str] = set()
    for one in nodes.variables(name):
        match list(islice(nodes.above(one), 2)):
            case [cst.Attribute(attr=method) as owner, cst.Call(func=func)] if func is owner:
                found.add(method.value)
            case [cst.AssignTarget(), _]:
                pass
            case [cst.For(target=target), _] if target is one:
                pass
            case _:
                return frozenset()
    return frozenset(found)


def is_asked(evaluator: Evaluator, of: Block, called: Iterable[str]) -> bool:
    """Whether one of the methods of a class takes a connection and does not give it back."""
    found = [member(evaluator, of, name) for name in called]
    return any(isinstance(one, FunctionValue) and leaves_open(one.block) for one in found)


def is_wrapped(evaluator: Evaluator, function: Block) -> bool:
    """Whether a decorator of the project may close what a function is given."""
    marks = (one.func if isinstance(one, cst.Call) else one for one in function.decorators)
    where = function.parent or function
    found = (evaluator.value(one, where) for one in marks)
    own = (one.block for one in found if isinstance(one, (FunctionValue, ClassValue)))
    return not all(map(closes_nothing, own))
