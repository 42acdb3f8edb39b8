"""What stands directly below a node, white space and punctuation included."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeGuard, cast

import libcst as cst

__all__ = ["below", "is_expression", "is_node"]

_FIELDS: dict[type[cst.CSTNode], tuple[str, ...]] = {}


def below(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Everything directly below a node; lists in their order. `children` gives the syntax alone."""
    kind = type(node)
    if kind not in _FIELDS:
        _FIELDS[kind] = tuple(kind.__dataclass_fields__)
    for field in _FIELDS[kind]:
        value: object = getattr(node, field)
        if is_node(value):
            yield value
        elif isinstance(value, (list, tuple)):
            items = cast("Sequence[object]", value)  # a field may hold a list of anything
            yield from filter(is_node, items)


def is_node(value: object) -> TypeGuard[cst.CSTNode]:
    """Whether a value is a node.

    `isinstance` of a base class of LibCST asks all classes below it about each class that is none,
    and every one of them remembers that.
    """
    return cst.CSTNode in value.__class__.__mro__


def is_expression(value: object) -> TypeGuard[cst.BaseExpression]:
    """Whether a value is an expression, asked in the same way."""
    return cst.BaseExpression in value.__class__.__mro__
