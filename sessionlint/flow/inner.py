"""What it does to a resource to call a nested function that speaks of it."""

from __future__ import annotations

from typing import Final

import libcst as cst

from sessionlint.facts.scopes import BlockKind
from sessionlint.facts.syntax import HANDLERS, dotted, is_only_called, last_name
from sessionlint.flow.acts import Act
from sessionlint.flow.handlers import Catch
from sessionlint.flow.harmless import BUILDING, IDLE
from sessionlint.flow.leaving import is_method, mentions
from sessionlint.flow.nodes import Nodes
from sessionlint.flow.resource import Resource
from sessionlint.flow.safe import is_safe_call
from sessionlint.flow.swallowed import kept, swallowed
from sessionlint.flow.ways import Exit, Way

__all__ = ["closes", "inner"]

_CONDITIONAL: Final = (cst.If, cst.For, cst.While, *HANDLERS, cst.MatchCase, cst.FunctionDef)
"""What is around a statement that may not run."""

_ERROR: Final = Exit(Way.ERROR)


def inner(body: Nodes, resource: Resource) -> dict[str, tuple[Act, ...]]:
    """The nested functions that are only ever called, with what a call of each does."""
    return {
        block.name: _acts(Nodes(block), resource)
        for block in resource.block.blocks
        if block.kind is BlockKind.FUNCTION
        and not block.decorators
        and mentions(resource, block.node)
        and is_only_called(body.nodes, block.name)
    }


def closes(node: cst.CSTNode, resource: Resource) -> bool:
    """Whether a node is a method that releases it: `db.close`."""
    return (
        type(node) is cst.Attribute
        and resource.is_it(node.value)
        and resource.thing.type.is_release(node.attr.value)
    )


def _acts(body: Nodes, resource: Resource) -> tuple[Act, ...]:
    block = body.block
    closing = [one for one in body.nodes if closes(one, resource) or _enters(one, resource)]
    if closing and block.yields:
        # To call one runs nothing of it: whoever gets the generator comes to the close.
        return (Act.HAND_OVER,)
    if closing:
        is_sure = any(_is_reached(body, one, resource) for one in closing)
        return (Act.RELEASE if is_sure else Act.DOUBT,)
    is_run = not block.yields and not block.is_async
    if is_run and any(_may_fail(body, one, resource) for one in body.of(cst.Call)):
        return Act.USE, Act.RISK
    return (Act.USE,)


def _is_reached(body: Nodes, node: cst.CSTNode, resource: Resource) -> bool:
    """Whether a function comes to a node whatever it is called with, unless it fails."""
    conditions = (one for one in body.around(node) if isinstance(one, _CONDITIONAL))
    return all(type(one) is cst.If and mentions(resource, one.test) for one in conditions)


def _may_fail(body: Nodes, call: cst.Call, resource: Resource) -> bool:
    """Whether a call may fail, and the function with it."""
    if is_method(resource, call) and last_name(call.func) in BUILDING | IDLE | {"rollback"}:
        return False
    if is_safe_call(resource, call, dotted(call.func) or ""):
        return False
    return not _is_kept(body, call, resource)


def _is_kept(body: Nodes, call: cst.Call, resource: Resource) -> bool:
    """Whether an error of a call stays in the function: it is handled, or a `with` keeps it."""
    if kept(body, call, _ERROR) is Catch.ALWAYS:
        return True
    items = (one.items for one in body.around(call) if isinstance(one, cst.With))
    return any(
        swallowed(resource, item.item, _ERROR) is Catch.ALWAYS for each in items for item in each
    )


def _enters(node: cst.CSTNode, resource: Resource) -> bool:
    """Whether a `with` manages the resource, be it by `closing`."""
    if type(node) is not cst.WithItem:
        return False
    entered = node.item
    if type(entered) is not cst.Call:
        return resource.thing.type.ends_with and resource.is_it(entered)
    is_closing = last_name(entered.func) in {"closing", "aclosing"}
    return is_closing and any(resource.is_it(arg.value) for arg in entered.args)
