"""What a call does with an object it is given: borrow it, release it, or keep it."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, Final

import libcst as cst

from sessionlint.facts.collect import STORING
from sessionlint.facts.configured import is_named
from sessionlint.facts.scopes import Block, BlockKind
from sessionlint.facts.syntax import asked_by_name, is_name, last_name
from sessionlint.facts.values import ClassValue, FunctionValue, Symbol
from sessionlint.source.cleaning import CLOSING as _CLOSING
from sessionlint.source.threads import THREADED
from sessionlint.source.walk import descend

if TYPE_CHECKING:
    from sessionlint.facts.evaluate import Evaluator

__all__ = ["CLOSING", "LEADING_BACK", "Effect", "effect", "makes_of", "may_keep", "parameter_of"]


class Effect(Enum):
    """What becomes of an argument."""

    LOAN = "used during the call"
    RELEASES = "released by the call"
    KEEPS = "kept after the call"
    UNKNOWN = "not known"


CLOSING: Final = re.compile(_CLOSING, re.IGNORECASE)
"""Callees that, by their name, may end what they are given."""

_RELEASING: Final = frozenset({"release", "putconn", "close_session", "close_connection"})
_KEEPING: Final = STORING | frozenset(
    "enter_context enter_async_context push_async_callback push_async_exit callback addCleanup "
    "addfinalizer finalize create_task ensure_future submit start_soon spawn call_later call_soon "
    "add_task apply_async delay partial closing aclosing Thread run_coroutine_threadsafe "
    "with_resource register".split()
)
LEADING_BACK: Final = frozenset({"cursor", "begin", "begin_nested"})
"""Methods whose result knows the object.

Source: `cursor.connection` of PEP 249; `Transaction.connection`, `SessionTransaction.session`.
"""

_PARTS: Final = LEADING_BACK | {"connection", "execution_options"}
"""Methods that give what belongs to the object, or the object itself."""

_ENDS: Final = frozenset({"close", "aclose", "release", "invalidate"})
_DEEPEST: Final = 3


def _is_constructor(evaluator: Evaluator, call: cst.Call, block: Block) -> bool:
    """Whether a call makes an object that may keep what it is given."""
    callee = evaluator.value(call.func, block)
    if isinstance(callee, FunctionValue):
        return bool(callee.block.yields) or bool(callee.block.blocks)
    if isinstance(callee, ClassValue):
        return True
    name = last_name(call.func).lstrip("_")
    return name[:1].isupper() or name in {"cls", "partial"}


def makes_of(
    evaluator: Evaluator,
    call: cst.Call,
    argument: cst.Arg,
    block: Block,
    seen: frozenset[Block] = frozenset(),
) -> bool:
    """Whether a call gives an object that may keep an argument: `def wrap(c): return Session(c)`.

    `seen` are the functions on the way, which are not followed again.
    """
    if _is_constructor(evaluator, call, block):
        return True
    callee = evaluator.value(call.func, block)
    if not isinstance(callee, FunctionValue) or callee.block in seen or len(seen) >= _DEEPEST:
        return False
    name, inside = parameter_of(callee, call, argument), callee.block
    made = (made for one in inside.returns for made in _made(inside, one.value))
    return name is not None and any(
        makes_of(evaluator, one, arg, inside, seen | {inside})
        for one in made
        for arg in one.args
        if isinstance(arg.value, cst.Name) and arg.value.value == name
    )


def may_keep(evaluator: Evaluator, call: cst.Call, argument: cst.Arg, block: Block) -> bool:
    """Whether what a call gives may hold an argument; of a stranger's function, it may."""
    callee = evaluator.value(call.func, block)
    if not isinstance(callee, FunctionValue) or callee.block.decorators:
        return True
    name, inside = parameter_of(callee, call, argument), callee.block
    given = [one.value for one in inside.returns if one.value is not None]
    # What gives nothing is there to be overridden: somebody wants what it gives.
    if name is None or not given or any(_has(inside, one, name) for one in given):
        return True
    return makes_of(evaluator, call, argument, block)


def _has(block: Block, value: cst.BaseExpression | None, name: str, depth: int = 2) -> bool:
    """Whether the object of a name, or a part of it, is in a value of a function."""
    match value:
        case None | cst.BaseString() | cst.BaseNumber() | cst.Comparison():
            return False
        case cst.Name(value=other) if other != name:
            bound = [one.expression for one in block.bindings(other)]
            return not depth or any(_has(block, one, name, depth - 1) for one in bound)
        case cst.Call(func=cst.Attribute(value=owner, attr=method)):
            # What else the object gives, rows and statements, cannot close it.
            return method.value in _PARTS and name in _names(owner)
        case cst.Call():
            return False
        case cst.Await(expression=inner) | cst.Subscript(value=inner):
            return _has(block, inner, name, depth)
        case cst.Attribute(value=inner) if not is_name(inner, name):
            return _has(block, inner, name, depth)
        case cst.Tuple(elements=parts) | cst.List(elements=parts) | cst.Dict(elements=parts):
            return any(_has(block, part.value, name, depth) for part in parts)
    return name in _names(value)


def _made(block: Block, value: cst.BaseExpression | None) -> list[cst.Call]:
    """The calls that give what a function returns, be it under a name."""
    bindings = block.bindings(value.value) if isinstance(value, cst.Name) else []
    given = [value, *(one.expression for one in bindings)]
    return [one for one in given if isinstance(one, cst.Call)]


def effect(evaluator: Evaluator, call: cst.Call, argument: cst.Arg, block: Block) -> Effect:
    """What a call does with one of its arguments."""
    name = last_name(call.func)
    configured = evaluator.names
    if name in _RELEASING or is_named(evaluator, call.func, block, configured.closers):
        return Effect.RELEASES
    if is_named(evaluator, call.func, block, configured.owners):
        return Effect.KEEPS
    if name in _KEEPING and not _is_ours(evaluator, call, block):
        return Effect.KEEPS
    callee_node, index = call.func, _position(call, argument)
    if name in THREADED and index:
        callee_node, index = call.args[0].value, index - 1
    callee = evaluator.value(callee_node, block)
    if isinstance(callee, FunctionValue):
        return _of_function(evaluator, callee, argument, index, _DEEPEST)
    if isinstance(callee, Symbol) and callee.name.startswith("builtins."):
        return Effect.LOAN
    return Effect.UNKNOWN if CLOSING.search(last_name(callee_node)) else Effect.LOAN


def _is_ours(evaluator: Evaluator, call: cst.Call, block: Block) -> bool:
    """Whether a function of the project is called, be its name that of a list's method."""
    is_plain = type(call.func) is cst.Name
    return is_plain and isinstance(evaluator.value(call.func, block), FunctionValue)


def parameter_of(function: FunctionValue, call: cst.Call, argument: cst.Arg) -> str | None:
    """The parameter that gets an argument of a call, None where that cannot be told."""
    return _parameter(function, argument, _position(call, argument))


def _position(call: cst.Call, argument: cst.Arg) -> int:
    return next(index for index, arg in enumerate(call.args) if arg is argument)


def _of_function(
    evaluator: Evaluator, function: FunctionValue, argument: cst.Arg, index: int, depth: int
) -> Effect:
    name = _parameter(function, argument, index)
    if name is None:
        return Effect.UNKNOWN
    block = function.block
    return evaluator.once(
        (block, name, depth), lambda: _of_parameter(evaluator, block, name, depth)
    )


def _of_parameter(evaluator: Evaluator, block: Block, name: str, depth: int) -> Effect:
    """What a function does with one of its parameters."""
    if name in block.kept:
        return Effect.KEEPS
    # What a loop takes out of a parameter may be the object, too: `def close_all(*sessions)`.
    nodes = list(descend(block.node))
    held = {name, *(each for node in nodes if (each := _each(node, name)))}
    for node in nodes:
        if any(_ends(node, one) for one in held):
            return Effect.RELEASES
        if depth and isinstance(node, cst.Call):
            below = _passed_on(evaluator, node, name, block, depth)
            if below is not None:
                return below
    if any(_takes_along(inner, name, nodes) for inner in block.blocks):
        return Effect.KEEPS
    return Effect.LOAN


def _takes_along(inner: Block, name: str, nodes: list[cst.CSTNode]) -> bool:
    """Whether a scope in a function may use a variable of it after the function has returned."""
    if name not in _names(inner.node):
        return False
    if inner.kind is not BlockKind.FUNCTION or inner.decorators or inner.yields or inner.blocks:
        return True
    called = sum(type(node) is cst.Call and is_name(node.func, inner.name) for node in nodes)
    # The definition itself speaks of its name once.
    is_only_called = called + 1 == sum(is_name(node, inner.name) for node in nodes)
    is_given = any(_has(inner, one.value, name) for one in inner.returns)
    return not is_only_called or name in inner.kept or is_given


def _passed_on(
    evaluator: Evaluator, call: cst.Call, name: str, block: Block, depth: int
) -> Effect | None:
    for index, arg in enumerate(call.args):
        if not (isinstance(arg.value, cst.Name) and arg.value.value == name):
            continue
        callee = evaluator.value(call.func, block)
        if isinstance(callee, FunctionValue) and callee.block is not block:
            found = _of_function(evaluator, callee, arg, index, depth - 1)
            return None if found is Effect.LOAN else found
        name_called = last_name(call.func)
        if name_called in _RELEASING or name_called in {"closing", "aclosing"}:
            return Effect.RELEASES
        if CLOSING.search(name_called):
            return Effect.UNKNOWN
    return None


def _each(node: cst.CSTNode, name: str) -> str:
    """The name that a loop gives to what it takes out of another, or out of its values."""
    if (
        not (type(node) is cst.For or type(node) is cst.CompFor)
        or type(node.target) is not cst.Name
    ):
        return ""
    source = node.iter
    if type(source) is cst.Call and type(source.func) is cst.Attribute:
        source = source.func.value if last_name(source.func) == "values" else source
    return node.target.value if is_name(source, name) else ""


def _ends(node: cst.CSTNode, name: str) -> bool:
    """Whether a node closes, or enters as a context manager, the object of that name."""
    if type(node) is cst.WithItem:
        return is_name(node.item, name)
    if type(node) is cst.Attribute:
        return is_name(node.value, name) and node.attr.value in _ENDS
    owner, method = asked_by_name(node)
    return owner is not None and is_name(owner, name) and method in _ENDS


def _parameter(function: FunctionValue, argument: cst.Arg, index: int) -> str | None:
    """The parameter that gets an argument: by its keyword, its place, or with all the others."""
    stars = {one.star: one.name.value for one in function.block.parameters if one.star}
    names = [one.name.value for one in function.block.parameters if not one.star]
    if argument.keyword is not None:
        keyword = argument.keyword.value
        return keyword if keyword in names else stars.get("**")
    marks = {last_name(decorator) for decorator in function.block.decorators}
    is_bound = function.owner is not None and "staticmethod" not in marks
    position = index + 1 if is_bound else index
    return names[position] if position < len(names) else stars.get("*")


def _names(node: cst.CSTNode) -> set[str]:
    return {below.value for below in descend(node) if isinstance(below, cst.Name)}
