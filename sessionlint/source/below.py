"""What stands directly below a node, white space and punctuation included."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, TypeGuard

import libcst as cst

__all__ = ["below", "is_expression", "is_node"]

_FIELDS: dict[type[cst.CSTNode], tuple[str, ...]] = {}


def below(node: cst.CSTNode) -> list[cst.CSTNode]:
    """Everything directly below a node; lists in their order. `children` gives the syntax alone."""
    names = _FIELDS.get(node.__class__)
    if names is None:
        names = _FIELDS[node.__class__] = _holding(node.__class__)
    found: list[cst.CSTNode] = []
    value: Any  # A node, several of them, or what says something else, such as a sentinel.
    for name in names:
        value = getattr(node, name)
        if is_node(value):
            found.append(value)
        elif value.__class__ is list or value.__class__ is tuple:
            found += filter(is_node, value)
    return found


def _holding(kind: type[cst.CSTNode]) -> tuple[str, ...]:
    """The fields of a class that may hold nodes: half of all nodes have none but for text."""
    return tuple(field.name for field in fields(kind) if field.type not in {str, bool})


def is_node(value: object) -> TypeGuard[cst.CSTNode]:
    """Whether a value is a node.

    `isinstance` of a base class of LibCST asks all classes below it about each class that is none,
    and every one of them remembers that.
    """
    return cst.CSTNode in value.__class__.__mro__


def is_expression(value: object) -> TypeGuard[cst.BaseExpression]:
    """Whether a value is an expression, asked in the same way."""
    return cst.BaseExpression in value.__class__.__mro__
