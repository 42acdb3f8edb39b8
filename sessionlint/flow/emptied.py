"""Registries whose session is closed before they are removed, which then waits for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import libcst as cst

from sessionlint.facts.scopes import Binding
from sessionlint.facts.syntax import index_of, text_of
from sessionlint.flow.nodes import Nodes
from sessionlint.source.walk import descend

__all__ = ["is_emptied"]


def is_emptied(body: Nodes, removal: cst.CSTNode, registry: str) -> bool:
    """Whether a removal finds the session of a registry closed, by its `close` or by a `with`."""
    closed = _closed_before(body, removal)
    return any(_is_given_by(body, registry, one) for one in closed) or _is_left(
        body, removal, registry
    )


def _closed_before(body: Nodes, removal: cst.CSTNode) -> Iterator[cst.BaseExpression]:
    """What the statements before a removal close, in the same list of statements."""
    line, suite = removal, next(body.above(removal), None)
    while suite is not None and not isinstance(suite, cst.IndentedBlock):
        line, suite = suite, next(body.above(suite), None)
    for one in () if suite is None else suite.body[: index_of(suite.body, line)]:
        for call in descend(one):
            match call:
                case cst.Call(func=cst.Attribute(value=owner, attr=cst.Name(value="close"))):
                    yield owner


def _is_given_by(body: Nodes, registry: str, owner: cst.BaseExpression) -> bool:
    match body.block.bindings(owner.value) if isinstance(owner, cst.Name) else []:
        case [Binding(expression=cst.Call(func=giver))]:
            return text_of(giver) == registry
    return False


def _is_left(body: Nodes, removal: cst.CSTNode, registry: str) -> bool:
    """Whether each session that a function has of a registry is that of a `with` it has left."""
    around = {id(one) for one in body.above(removal)}
    entered = 0
    for one in body.nodes:
        if not _is_spelled(one, registry):
            continue
        match list(islice(body.above(one), 3)):
            case [cst.Attribute(attr=cst.Name(value="remove")), *_]:
                continue
            case [cst.Call(func=giver), cst.WithItem(), cst.With() as block] if giver is one:
                if id(block) in around:
                    return False
                entered += 1
            case _:
                return False
    return entered > 0


def _is_spelled(node: cst.CSTNode, text: str) -> bool:
    """Whether a node is a name or an attribute that is written so."""
    match node:
        case cst.Name(value=name):
            return name == text
        case cst.Attribute(attr=cst.Name(value=name)):
            return name == text.rpartition(".")[2] and text_of(node) == text
    return False
