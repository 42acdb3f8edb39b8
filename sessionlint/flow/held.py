"""The sessions that a call gets at through an object: by its attributes, or in its methods."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import libcst as cst

from sessionlint.facts.classes import bases
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.holding import kept_as
from sessionlint.facts.scopes import Binding, Block, How
from sessionlint.facts.syntax import dotted, is_name
from sessionlint.facts.values import ClassValue, FunctionValue, Instance, Thing
from sessionlint.flow.contended import is_awaiting, waited_attributes
from sessionlint.source.fanning import is_session_name

__all__ = ["Held", "held"]

_DEEPEST: Final = 4
"""How many classes a class may inherit an attribute through."""


class Held(NamedTuple):
    """A session by the path that leads to it, `self.users.session`.

    `source` is alike for all paths to the same one: that of objects made of one session is the
    same.
    """

    thing: Thing
    name: str
    source: str


class _Spoken(NamedTuple):
    """An attribute as a function of `block` speaks of it, and its path for the caller."""

    node: cst.Attribute
    block: Block
    name: str
    source: str


def held(evaluator: Evaluator, block: Block, call: cst.Call) -> Iterator[Held]:
    """The sessions of objects that a call is given, or asks, or that the method asks it calls."""
    for node, inside, name, source in _spoken(evaluator, block, call):
        # What a property gives may be another one each time.
        is_method = inside.owner is not None and inside.owner.function(node.attr.value) is not None
        if is_session_name(node.attr.value) and not is_method:
            thing = evaluator.value(node, inside)
            if isinstance(thing, Thing):
                yield Held(thing, name, source)


def _spoken(evaluator: Evaluator, block: Block, call: cst.Call) -> Iterator[_Spoken]:
    for arg in call.args:
        match arg.value:
            case cst.Attribute(value=cst.Name(value="self")) as given:
                if is_awaiting(evaluator, block, call, arg):
                    name = f"self.{given.attr.value}"
                    yield _Spoken(given, block, name, name)
    match call.func:
        case cst.Attribute(value=owner) if _is_lasting(evaluator, block, owner):
            pass
        case _:
            return
    path = dotted(owner)
    assert path is not None
    if isinstance(owner, cst.Attribute):
        yield _Spoken(owner, block, path, path)
    method = evaluator.value(call.func, block)
    if not isinstance(method, FunctionValue) or _class_of(evaluator, owner, block) is None:
        return
    for one in waited_attributes(evaluator, method.block):
        if is_name(one.value, "self"):
            word = one.attr.value
            source = _source(evaluator, block, owner, word)
            name = f"{path}.{word}"
            yield _Spoken(one, method.block, name, source or name)


def _is_lasting(evaluator: Evaluator, block: Block, owner: cst.BaseExpression) -> bool:
    """Whether an expression gives the same object each time: `self`, a variable, a part of one.

    Of a variable that holds what a call gives, only a part: it is asked for itself elsewhere.
    """
    match owner:
        case cst.Name():
            return _is_same(block, owner, How.PARAMETER, How.WITH)
        case cst.Attribute(value=cst.Name() as first, attr=cst.Name(value=word)):
            # What a property gives may be another one each time.
            given = _bindings(evaluator, _class_of(evaluator, first, block), word)
            is_part = all(one.how is not How.DEFINITION for one in given)
            return is_part and _is_same(block, first, How.PARAMETER, How.WITH, How.VALUE)
    return False


def _is_same(block: Block, name: cst.Name, *hows: How) -> bool:
    bindings = block.bindings(name.value)
    return name.value == "self" or (len(bindings) == 1 and bindings[0].how in hows)


def _class_of(evaluator: Evaluator, owner: cst.BaseExpression, block: Block) -> Block | None:
    found = evaluator.value(owner, block)
    return found.block if isinstance(found, Instance) else None


def _bindings(
    evaluator: Evaluator, of: Block | None, word: str, depth: int = _DEEPEST
) -> list[Binding]:
    """The ways in which an attribute gets its value, in the first class that gives it one."""
    if of is None or not depth:
        return []
    found = [*of.bindings(word), *of.attribute(word)]
    for base in [] if found else bases(evaluator, of):
        if isinstance(base, ClassValue):
            found = found or _bindings(evaluator, base.block, word, depth - 1)
    return found


def _source(evaluator: Evaluator, block: Block, owner: cst.BaseExpression, kept: str) -> str | None:
    """What an object, a part of another one, is made of and keeps under a name.

    `self.session` of `self.users = Users(self.session)`, or of `Users(session)` where the same
    method keeps that as `self.session`.
    """
    if not isinstance(owner, cst.Attribute):
        return None
    match _bindings(evaluator, _class_of(evaluator, owner.value, block), owner.attr.value):
        case [Binding(how=How.VALUE, expression=cst.Call() as made) as binding]:
            pass
        case _:
            return None
    for arg in made.args:
        given = dotted(arg.value)
        if given is not None and kept in kept_as(evaluator, binding.block, made, arg):
            return f"{dotted(owner.value)}.{_attribute(binding.block, given)}"
    return None


def _attribute(method: Block, given: str) -> str:
    """The name by which an object keeps what its method was given, if it does."""
    if "." in given or method.owner is None:
        return given.removeprefix("self.")
    kept = [
        word
        for word, bindings in method.owner.near.attributes.items()
        if any(one.block is method and is_name(one.expression, given) for one in bindings)
    ]
    return next((word for word in kept if len(method.owner.attribute(word)) == 1), given)
