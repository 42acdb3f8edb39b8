"""Members of the project's classes, through their bases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import libcst as cst

from sessionlint.facts import calls
from sessionlint.facts.catalog import ANNOTATIONS, TYPES
from sessionlint.facts.scopes import Block
from sessionlint.facts.syntax import decorator_name
from sessionlint.facts.values import (
    NONE,
    UNKNOWN,
    ClassValue,
    FunctionValue,
    Instance,
    Method,
    Pending,
    Symbol,
    Thing,
    Value,
    borrowed,
    joined,
)

if TYPE_CHECKING:
    from sessionlint.facts.evaluate import Evaluator

__all__ = ["as_thing", "bases", "entered", "is_throughout", "member"]

_ENTRANCES = frozenset("__enter__ __exit__ __aenter__ __aexit__ close aclose".split())
_PLAIN_BASES = frozenset({"object", "Generic", "ABC", "Protocol"})
_PROPERTIES = frozenset({"property", "cached_property", "hybrid_property"})


def bases(evaluator: Evaluator, block: Block) -> list[Value]:
    """What a class inherits from, in order."""
    head, outer = block.definition, block.parent
    assert isinstance(head, cst.ClassDef)
    assert outer is not None
    return [evaluator.value(arg.value, outer) for arg in head.bases]


def is_throughout(
    evaluator: Evaluator, block: Block, is_so: Callable[[Block], bool], depth: int = 4
) -> bool:
    """Whether something is so of a class and of all that it inherits from.

    Nobody knows of what has a metaclass, a decorator, or a base from elsewhere that does anything.
    """
    head = block.definition
    if not isinstance(head, cst.ClassDef) or head.keywords or block.decorators or not depth:
        return False
    return is_so(block) and all(
        is_throughout(evaluator, base.block, is_so, depth - 1)
        if isinstance(base, ClassValue)
        else isinstance(base, Symbol) and base.name.rpartition(".")[2] in _PLAIN_BASES
        for base in bases(evaluator, block)
    )


def as_thing(evaluator: Evaluator, block: Block, depth: int = 8) -> Thing | None:
    """The catalogue's object that instances of a class are, when it derives from such a class."""
    for base in bases(evaluator, block) if depth else ():
        thing: Thing | None = None
        if isinstance(base, Symbol) and base.name in ANNOTATIONS:
            thing = Thing(TYPES[ANNOTATIONS[base.name]])
        elif isinstance(base, ClassValue) and base.block is not block:
            thing = as_thing(evaluator, base.block, depth - 1)
        if thing is not None:
            is_own = thing.is_own or any(block.bindings(name) for name in _ENTRANCES)
            return replace(thing, is_own=is_own)
    return None


def member(evaluator: Evaluator, block: Block, name: str, depth: int = 8) -> Value:
    """What `self.name` is in a class: its own member, else the first base's that has one."""
    found = [*block.bindings(name), *block.attribute(name)]
    if found:
        return _own(evaluator, evaluator.bound(found))
    for base in bases(evaluator, block) if depth else ():
        if isinstance(base, ClassValue) and base.block is not block:
            inherited = member(evaluator, base.block, name, depth - 1)
            if inherited != UNKNOWN:
                return inherited
        if isinstance(base, Symbol) and base.name in ANNOTATIONS:
            return Method(Thing(TYPES[ANNOTATIONS[base.name]]), name)
    return UNKNOWN


def entered(evaluator: Evaluator, block: Block) -> Value:
    """What a `with` lends that enters an object of a class."""
    entrances = [member(evaluator, block, name) for name in ("__enter__", "__aenter__")]
    return joined([_lent(evaluator, one, block) for one in entrances if one != UNKNOWN])


def _lent(evaluator: Evaluator, entrance: Value, block: Block) -> Value:
    if not isinstance(entrance, FunctionValue):
        return UNKNOWN
    found = calls.called(evaluator, entrance)
    lent = found.result if isinstance(found, Pending) else found
    # Of a class that inherits its entrance, it is an object all the same.
    is_itself = entrance.owner is not None and lent == Instance(entrance.owner)
    return Instance(block) if is_itself else borrowed(lent)


def _own(evaluator: Evaluator, value: Value) -> Value:
    if value == NONE:
        # `session = None` in the class, and filled from outside: nothing is known.
        return UNKNOWN
    if isinstance(value, FunctionValue):
        marks = {decorator_name(mark) for mark in value.block.decorators}
        if marks & _PROPERTIES:
            return borrowed(calls.called(evaluator, value))
        return value
    return borrowed(value)
