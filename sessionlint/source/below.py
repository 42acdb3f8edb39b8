"""What stands directly below a node, white space and punctuation included."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeGuard, cast

import libcst as cst

__all__ = ["below"]

_FIELDS: dict[type[cst.CSTNode], tuple[str, ...]] = {}
_ARE_NODES: dict[type, bool] = {}


def below(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Everything directly below a node; lists in their order. `children` gives the syntax alone."""
    kind = type(node)
    if kind not in _FIELDS:
        _FIELDS[kind] = tuple(kind.__dataclass_fields__)
    for field in _FIELDS[kind]:
        value: object = getattr(node, field)
        if _is_node(value):
            yield value
        elif isinstance(value, (list, tuple)):
            items = cast("Sequence[object]", value)  # a field may hold a list of anything
            yield from filter(_is_node, items)


def _is_node(value: object) -> TypeGuard[cst.CSTNode]:
    """Whether a value is a node: `isinstance` asks an abstract class, which takes far longer."""
    kind = type(value)
    known = _ARE_NODES.get(kind)
    if known is None:
        known = _ARE_NODES[kind] = issubclass(kind, cst.CSTNode)
    return known
