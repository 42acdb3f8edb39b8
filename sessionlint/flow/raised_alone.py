"""Errors that nothing in a `try` brings about but a `raise` written there."""

from __future__ import annotations

import builtins
import sys
from typing import Final

import libcst as cst

from sessionlint.facts.catalog import LIBRARIES, OTHER_CONNECTS
from sessionlint.facts.scopes import Binding, How
from sessionlint.facts.syntax import Handler, bare, dotted, last_name
from sessionlint.facts.values import ClassValue, Symbol
from sessionlint.flow.handlers import listed, type_of
from sessionlint.flow.nodes import SCOPES
from sessionlint.flow.resource import Resource
from sessionlint.flow.safe import is_safe_call
from sessionlint.source.walk import descend

__all__ = ["is_raised_alone"]

_DRIVERS: Final = LIBRARIES.union({"aiopg"}, (name.split(".")[0] for name in OTHER_CONNECTS))
"""Libraries whose errors a resource raises."""

_RUNNING: Final = frozenset({"run_sync"})
"""Methods of a resource that call a function of the program."""

_STANDARD: Final = frozenset(
    "sqlalchemy sqlmodel datetime json logging math random time uuid".split()
)
"""Libraries that call nothing of the program's."""

_WAITING: Final = frozenset({"asyncio.sleep", "asyncio.get_event_loop", "asyncio.get_running_loop"})
_RESULTS: Final = frozenset(
    "all fetchall fetchmany fetchone first mappings one one_or_none partitions scalar scalar_one "
    "scalar_one_or_none scalars time unique".split()
)
"""Methods of results and of event loops; an object that was loaded has others, of the program."""


def is_raised_alone(resource: Resource, handler: Handler, body: cst.BaseSuite) -> bool:
    """Whether a handler takes nothing of a body but what is raised there by name.

    That is so for a class of the program, or of a library that is none of databases, where all
    that is called is the resource and what cannot know of that class.
    """
    kinds = [] if handler.type is None else listed(handler.type)
    nodes = list(descend(body, *SCOPES))
    raised = [type_of(node.exc) for node in nodes if isinstance(node, cst.Raise) and node.exc]
    if not kinds or not {dotted(kind) for kind in kinds} <= {dotted(one) for one in raised}:
        return False
    if not all(_is_unknown_to_drivers(resource, kind) for kind in kinds):
        return False
    if any(isinstance(node, (cst.Yield, *SCOPES)) for node in nodes):
        return False
    made = {id(one) for one in raised}
    calls = (node for node in nodes if isinstance(node, cst.Call) and id(node.func) not in made)
    awaited = (node.expression for node in nodes if isinstance(node, cst.Await))
    return all(isinstance(one, cst.Call) for one in awaited) and all(
        _is_of_a_library(resource, call, frozenset()) for call in calls
    )


def _is_unknown_to_drivers(resource: Resource, kind: cst.BaseExpression) -> bool:
    """Whether a type is known, and none that a library of databases or Python's own raises."""
    if hasattr(builtins, last_name(kind)):
        return False
    match resource.evaluator.value(kind, resource.block):
        case ClassValue():
            return True
        case Symbol(name=name):
            first = name.partition(".")[0]
            return first not in _DRIVERS and first not in sys.stdlib_module_names
    return False


def _is_of_a_library(resource: Resource, call: cst.Call, seen: frozenset[str]) -> bool:
    """Whether a call asks the resource, a result of it, or a library that calls nothing back."""
    match call.func:
        case cst.Attribute(value=cst.Name(value=owner), attr=cst.Name(value=method)) if (
            owner in resource.names
        ):
            return method not in _RUNNING
        case cst.Attribute(value=owner, attr=cst.Name(value=method)) if method in _RESULTS:
            return _is_result(resource, bare(owner), seen)
    if is_safe_call(resource, call, dotted(call.func) or ""):
        return True
    value = resource.evaluator.value(call.func, resource.block)
    name = value.name if isinstance(value, Symbol) else ""
    return name in _WAITING or name.partition(".")[0] in _STANDARD


def _is_result(resource: Resource, owner: cst.BaseExpression, seen: frozenset[str]) -> bool:
    """Whether such a call gave an object, which may have a name."""
    if isinstance(owner, cst.Call):
        return _is_of_a_library(resource, owner, seen)
    if not isinstance(owner, cst.Name) or owner.value in seen:
        return False
    bindings = resource.block.bindings(owner.value)
    within = seen | {owner.value}
    return bool(bindings) and all(_is_given(resource, one, within) for one in bindings)


def _is_given(resource: Resource, binding: Binding, seen: frozenset[str]) -> bool:
    match binding:
        case Binding(how=How.VALUE, expression=cst.BaseExpression() as value):
            made = bare(value)
            return isinstance(made, cst.Call) and _is_of_a_library(resource, made, seen)
    return False
