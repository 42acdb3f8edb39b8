"""What it does to a resource to call a nested function that speaks of it."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from sessionlint.facts.scopes import Block, BlockKind
from sessionlint.facts.syntax import dotted, is_only_called, last_name
from sessionlint.flow.acts import Act
from sessionlint.flow.harmless import BUILDING, IDLE
from sessionlint.flow.leaving import is_method, mentions
from sessionlint.flow.resource import Resource
from sessionlint.flow.safe import is_safe_call
from sessionlint.source.walk import descend

__all__ = ["closes", "inner"]


def inner(nodes: Sequence[cst.CSTNode], resource: Resource) -> dict[str, tuple[Act, ...]]:
    """The nested functions that are only ever called, with what a call of each does."""
    return {
        block.name: _acts(block, resource)
        for block in resource.block.blocks
        if block.kind is BlockKind.FUNCTION
        and not block.decorators
        and mentions(resource, block.node)
        and is_only_called(nodes, block.name)
    }


def closes(node: cst.CSTNode, resource: Resource) -> bool:
    """Whether a node is a method that releases it: `db.close`."""
    return (
        type(node) is cst.Attribute
        and _name_in(node.value, resource.names)
        and resource.thing.type.is_release(node.attr.value)
    )


def _acts(block: Block, resource: Resource) -> tuple[Act, ...]:
    nodes = list(descend(block.node))
    if any(closes(one, resource) or _enters(one, resource) for one in nodes):
        # To call a generator runs nothing of it: whoever gets that comes to the close.
        return (Act.HAND_OVER,) if block.yields else (Act.RELEASE,)
    is_run = not block.yields and not block.is_async
    if is_run and any(isinstance(one, cst.Call) and _may_fail(one, resource) for one in nodes):
        return Act.USE, Act.RISK
    return (Act.USE,)


def _may_fail(call: cst.Call, resource: Resource) -> bool:
    if is_method(resource, call) and last_name(call.func) in BUILDING | IDLE:
        return False
    return not is_safe_call(resource, call, dotted(call.func) or "")


def _enters(node: cst.CSTNode, resource: Resource) -> bool:
    """Whether a `with` manages the resource, be it by `closing`."""
    if type(node) is not cst.WithItem:
        return False
    entered = node.item
    if type(entered) is not cst.Call:
        return resource.thing.type.ends_with and _name_in(entered, resource.names)
    is_closing = last_name(entered.func) in {"closing", "aclosing"}
    return is_closing and any(_name_in(arg.value, resource.names) for arg in entered.args)


def _name_in(node: cst.CSTNode, names: frozenset[str]) -> bool:
    return type(node) is cst.Name and node.value in names
