"""Lists, sets and dictionaries that are made where they are, and nowhere bound to anything else."""

from __future__ import annotations

from typing import Final

import libcst as cst

from sessionlint.facts.scopes import Binding, How
from sessionlint.facts.syntax import dotted, is_name, last_name
from sessionlint.flow.harmless import EMPTY_CALLS
from sessionlint.flow.resource import Resource

__all__ = ["is_own_display", "takes_key"]

_MAPPINGS: Final = frozenset(
    "dict defaultdict OrderedDict Counter collections.defaultdict collections.OrderedDict "
    "collections.Counter".split()
)
_WORDS: Final = frozenset({"id", "str", "repr", "len"})
"""Functions that give a text or a number."""


def is_own_display(resource: Resource, owner: cst.BaseExpression) -> bool:
    """Whether something only ever holds a list, set or dictionary that is made where it is."""
    made = _made(resource, owner)
    return bool(made) and all(map(_is_container, made))


def takes_key(resource: Resource, target: cst.Subscript) -> bool:
    """Whether storing under a key cannot fail: a text or a number, in a dictionary made here."""
    match target.slice:
        case [cst.SubscriptElement(slice=cst.Index(value=key))]:
            made = _made(resource, target.value)
            return bool(made) and all(map(_is_mapping, made)) and _is_hashed(resource, key)
    return False


def _made(resource: Resource, owner: cst.BaseExpression) -> list[cst.BaseExpression | None]:
    """All that a variable is given, or an attribute of the object; None for what is not told."""
    told = [one for one in _bindings(resource, owner) if one.how is not How.ANNOTATION]
    return [one.expression if one.how is How.VALUE else None for one in told]


def _bindings(resource: Resource, owner: cst.BaseExpression) -> list[Binding]:
    """The ways in which a variable, or an attribute of the object, gets its values."""
    of = resource.block.owner
    match owner:
        case cst.Name(value=name):
            return resource.block.seen(name)
        case cst.Attribute(value=cst.Name(value="self"), attr=cst.Name(value=name)) if of:
            return [*of.attribute(name), *of.bindings(name)]
    return []


def _is_container(made: cst.BaseExpression | None) -> bool:
    """`{}`, an empty one by its name, `set()` or `deque()`, or a variable of a context."""
    if isinstance(made, cst.Call) and last_name(made.func) == "ContextVar":
        return True
    if isinstance(made, cst.Call):
        return not made.args and dotted(made.func) in EMPTY_CALLS
    return isinstance(made, (cst.List, cst.Set, cst.Dict))


def _is_mapping(made: cst.BaseExpression | None) -> bool:
    """`{}`, `dict()` or `defaultdict(list)`."""
    if isinstance(made, cst.Call):
        return dotted(made.func) in _MAPPINGS
    return isinstance(made, cst.Dict)


def _is_hashed(resource: Resource, key: cst.BaseExpression) -> bool:
    """Whether a key is a text or a number, or a variable that is nothing else."""
    if isinstance(key, cst.Name):
        bindings = resource.block.seen(key.value)
        return bool(bindings) and all(map(_is_of_word, bindings))
    return _is_word(key)


def _is_of_word(binding: Binding) -> bool:
    if binding.how is How.PARAMETER:
        return is_name(binding.annotation, "str") or is_name(binding.annotation, "int")
    return binding.how is How.VALUE and _is_word(binding.expression)


def _is_word(value: cst.BaseExpression | None) -> bool:
    if isinstance(value, cst.Call):
        return dotted(value.func) in _WORDS
    return isinstance(value, (cst.BaseString, cst.Integer, cst.Float))
