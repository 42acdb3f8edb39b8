"""A walk over syntax that calls ordinary LibCST visitors and rebuilds nothing.

`Module.visit` rebuilds every node and steps through all white space; this walk calls the same
`visit_X` and `leave_X` methods in the same order at about 2 % of that cost.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

import libcst as cst

from sessionlint.source.children import CHILDREN

__all__ = ["children", "descend", "visited", "walk"]

# Any: one table holds the hooks of every visitor and node class; LibCST types them one by one.
_Hook = Callable[[Any, Any], bool | None]
_Hooks = dict[type[cst.CSTNode], tuple[_Hook | None, _Hook | None]]

_HOOKS: dict[type[cst.CSTVisitor], _Hooks] = {}

# Looked up for every node. An older LibCST has not all of these classes.
_FIELDS: Final = {
    getattr(cst, name): fields for name, fields in CHILDREN.items() if hasattr(cst, name)
}
_ABSENT: Final = cst.MaybeSentinel


def children(node: cst.CSTNode) -> list[cst.CSTNode]:
    """The syntax directly below a node, in the order LibCST visits it."""
    below: list[cst.CSTNode] = []
    fields = _FIELDS.get(node.__class__)
    if fields is None:
        return below
    value: Any  # One of them, or several; LibCST types the fields of each class.
    for field in fields:
        value = getattr(node, field, None)
        # isinstance on LibCST's abstract classes is most of the cost of a walk: compare classes.
        kind = value.__class__
        if kind is list or kind is tuple:
            below += value
        elif value is not None and kind is not _ABSENT:
            below.append(value)
    return below


def walk(root: cst.CSTNode, visitor: cst.CSTVisitor) -> None:
    """Show a tree to a visitor: `visit_X` on the way in, `leave_X` on the way out.

    Returning False from `visit_X` skips what is below that node, as in LibCST. Depth costs no
    Python stack, so nesting of any depth is walked.
    """
    hooks = _HOOKS.setdefault(type(visitor), {})
    # A node to enter, or one to leave with the hook for it.
    stack: list[cst.CSTNode | tuple[_Hook, cst.CSTNode]] = [root]
    while stack:
        item = stack.pop()
        if isinstance(item, tuple):
            hook, node = item
            hook(visitor, node)
            continue
        kind = item.__class__
        known = hooks.get(kind)
        if known is None:
            known = hooks[kind] = _hook(visitor, "visit_", kind), _hook(visitor, "leave_", kind)
        enter, leave = known
        is_skipped = enter is not None and enter(visitor, item) is False
        if leave is not None:
            stack.append((leave, item))
        if not is_skipped:
            stack += children(item)[::-1]


def visited(root: cst.CSTNode, visitor: cst.CSTVisitor) -> None:
    """The same by LibCST's own `visit`, to compare with."""
    root.visit(visitor)


def descend(root: cst.CSTNode, *stop: type[cst.CSTNode]) -> Iterator[cst.CSTNode]:
    """Every node from `root` down, parents first; nothing below a node of a `stop` class.

    `root` itself is always entered.
    """
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        if node is root or node.__class__ not in stop:
            stack += children(node)[::-1]


def _hook(visitor: cst.CSTVisitor, prefix: str, kind: type[cst.CSTNode]) -> _Hook | None:
    name = prefix + kind.__name__
    own: _Hook | None = getattr(type(visitor), name, None)
    return None if own is getattr(cst.CSTVisitor, name, None) else own
