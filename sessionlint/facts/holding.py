"""What may hold an object that a call is given."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import libcst as cst

from sessionlint.facts.calls import is_declaration
from sessionlint.facts.classes import member
from sessionlint.facts.parameters import is_plain, parameter_of
from sessionlint.facts.scopes import Block
from sessionlint.facts.syntax import is_name, last_name, names_in
from sessionlint.facts.values import ClassValue, FunctionValue, Value
from sessionlint.source.walk import descend

if TYPE_CHECKING:
    from sessionlint.facts.evaluate import Evaluator

__all__ = [
    "LEADING_BACK",
    "MAKING",
    "has",
    "is_adding",
    "is_made_of",
    "kept_as",
    "makes_of",
    "may_keep",
]

LEADING_BACK: Final = frozenset({"cursor", "begin", "begin_nested", "connection"})
"""Methods whose result knows the object.

Source: `cursor.connection` of PEP 249; `Transaction.connection`, `SessionTransaction.session`;
what `Session.connection` gives goes back to the pool at its own close.
"""

_PARTS: Final = LEADING_BACK | {"execution_options"}
"""Methods that give what belongs to the object, or the object itself."""

MAKING: Final = frozenset({"cls", "partial", "build", "compile"})
"""Functions that make an object of what they are given, in small letters."""

_ADDING: Final = (
    r"(?:add|append|attach|mount|push|put|register|set|subscribe)(?:_\w+|[A-Z][a-zA-Z]*)?"
)
_DEEPEST: Final = 3


def is_adding(call: cst.Call) -> bool:
    """Whether a method is called that by its name keeps what it is given: `admin.add_view(…)`."""
    is_method = type(call.func) is cst.Attribute
    return is_method and re.fullmatch(_ADDING, last_name(call.func)) is not None


def is_made_of(value: cst.CSTNode | None, name: str) -> bool:
    """Whether a value is a new object that is given what has a name: `ModelView(User, db)`."""
    if type(value) is not cst.Call or not last_name(value.func)[:1].isupper():
        return False
    return any(is_name(arg.value, name) or is_made_of(arg.value, name) for arg in value.args)


def _is_constructor(call: cst.Call, callee: Value) -> bool:
    """Whether a call makes an object that may keep what it is given."""
    if isinstance(callee, (FunctionValue, ClassValue)):
        return isinstance(callee, ClassValue) or bool(callee.block.yields)
    name = last_name(call.func).lstrip("_")
    return name[:1].isupper() or name in MAKING


def _takes_inside(block: Block, name: str) -> bool:
    """Whether a function or lambda in a function speaks of a parameter, or of what is made of it.

    Not `key=lambda row: row.rank`.
    """
    if not block.blocks:
        return False
    held, news = set[str](), {name}
    values = [
        (other, names_in(one.expression))
        for other, bindings in block.names.items()
        for one in bindings
        if one.expression is not None
    ]
    # `env.update(session=session)` puts it into another one.
    values += [
        (call.func.value.value, names_in(call))
        for call in block.calls
        if isinstance(call.func, cst.Attribute) and isinstance(call.func.value, cst.Name)
    ]
    while news:
        held |= news
        news = {other for other, spoken in values if spoken & held} - held
    return any(names_in(inner.node) & held for inner in block.blocks)


def makes_of(
    evaluator: Evaluator,
    call: cst.Call,
    argument: cst.Arg,
    block: Block,
    seen: frozenset[Block] = frozenset(),
) -> bool:
    """Whether a call gives an object that may keep an argument: `def wrap(c): return Session(c)`.

    That may be the argument itself: `def logged(c): log(c); return c`. `seen` are the functions on
    the way, which are not followed again.
    """
    callee = evaluator.value(call.func, block)
    if _is_constructor(call, callee):
        return True
    if not isinstance(callee, FunctionValue) or callee.block in seen or len(seen) >= _DEEPEST:
        return False
    name, inside = parameter_of(callee, call, argument), callee.block
    if name is None:
        return bool(inside.blocks)
    if _takes_inside(inside, name) or any(_is_it(one.value, name) for one in inside.returns):
        return True
    made = (made for one in inside.returns for made in _made(inside, one.value))
    return any(
        is_made_of(arg.value, name)
        or (is_name(arg.value, name) and makes_of(evaluator, one, arg, inside, seen | {inside}))
        for one in made
        for arg in one.args
    )


def _is_it(value: cst.BaseExpression | None, name: str) -> bool:
    """Whether the object of a name itself is given, alone, with others or under a condition."""
    match value:
        case cst.Tuple(elements=parts) | cst.List(elements=parts):
            return any(_is_it(part.value, name) for part in parts)
        case cst.IfExp(body=first, orelse=second):
            return _is_it(first, name) or _is_it(second, name)
        case cst.BooleanOperation(left=first, right=second):
            return _is_it(first, name) or _is_it(second, name)
    return value is not None and is_name(value, name)


def may_keep(evaluator: Evaluator, call: cst.Call, argument: cst.Arg, block: Block) -> bool:
    """Whether what a call gives may hold an argument; of a stranger's function, it may."""
    callee = evaluator.value(call.func, block)
    if not isinstance(callee, FunctionValue) or not is_plain(callee.block):
        return True
    name, inside = parameter_of(callee, call, argument), callee.block
    given = [one.value for one in inside.returns if one.value is not None]
    # A method that gives nothing is there to be overridden: somebody wants what it gives.
    is_open = not given and (inside.owner is not None or is_declaration(inside))
    if name is None or is_open or any(has(inside, one, name) for one in given):
        return True
    return makes_of(evaluator, call, argument, block)


def has(block: Block, value: cst.BaseExpression | None, name: str, depth: int = 2) -> bool:
    """Whether the object of a name, or a part of it, is in a value of a function."""
    match value:
        case None | cst.BaseString() | cst.BaseNumber() | cst.Comparison():
            return False
        case cst.Name(value=other) if other != name:
            bound = [one.expression for one in block.bindings(other)]
            return not depth or any(has(block, one, name, depth - 1) for one in bound)
        case cst.Call(func=func) if last_name(func) == "partial":
            return name in names_in(value)
        case cst.Call(func=cst.Attribute(value=owner, attr=method)):
            # What else the object gives, rows and statements, cannot close it.
            return method.value in _PARTS and name in names_in(owner)
        case cst.Call():
            return False
        case cst.Await(expression=inner) | cst.Subscript(value=inner):
            return has(block, inner, name, depth)
        case cst.Attribute(value=inner) if not is_name(inner, name):
            return has(block, inner, name, depth)
        case cst.Tuple(elements=parts) | cst.List(elements=parts) | cst.Dict(elements=parts):
            return any(has(block, part.value, name, depth) for part in parts)
    return name in names_in(value)


def _made(block: Block, value: cst.BaseExpression | None) -> list[cst.Call]:
    """The calls that give what a function returns, be it under a name."""
    bindings = block.bindings(value.value) if isinstance(value, cst.Name) else []
    given = [value, *(one.expression for one in bindings)]
    return [one for one in given if isinstance(one, cst.Call)]


def kept_as(evaluator: Evaluator, block: Block, made: cst.Call, given: cst.Arg) -> set[str]:
    """The attributes in which an object of the project keeps what it is made of."""
    of = evaluator.value(made.func, block)
    init = member(evaluator, of.block, "__init__") if isinstance(of, ClassValue) else None
    name = parameter_of(init, made, given) if isinstance(init, FunctionValue) else None
    if not isinstance(init, FunctionValue) or name is None:
        return set()
    return {
        one.target.attr.value
        for node in descend(init.block.node)
        if isinstance(node, cst.Assign) and is_name(node.value, name)
        for one in node.targets
        if isinstance(one.target, cst.Attribute)
    }
