"""What stands directly below a node, white space and punctuation included."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

import libcst as cst

__all__ = ["below"]

_FIELDS: dict[type[cst.CSTNode], tuple[str, ...]] = {}


def below(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Everything directly below a node; lists in their order. `children` gives the syntax alone."""
    kind = type(node)
    if kind not in _FIELDS:
        _FIELDS[kind] = tuple(kind.__dataclass_fields__)
    for field in _FIELDS[kind]:
        value: object = getattr(node, field)
        if isinstance(value, cst.CSTNode):
            yield value
        elif isinstance(value, (list, tuple)):
            items = cast("Sequence[object]", value)  # a field may hold a list of anything
            yield from (item for item in items if isinstance(item, cst.CSTNode))
