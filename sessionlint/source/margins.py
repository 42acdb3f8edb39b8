"""Lines that carry their own margin, moved along with the statements around them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, cast

import libcst as cst

from sessionlint.source.below import below

__all__ = ["with_margins"]

_CONTINUED: Final = re.compile(r"(\\\r?\n|\\\r)([ \t]*)")


def with_margins(new: cst.Module, old: cst.Module) -> cst.Module:
    """A tree in which nodes of an old one stand at another depth, with their lines in place.

    What follows a backslash keeps its distance from the statement, and an empty line of the
    module's own level stays empty.
    """
    before = {id(node): margin for node, margin in _placed(old)}
    if not before:
        return new
    swaps: dict[int, cst.CSTNode] = {}
    for node, margin in _placed(new):
        was = before.get(id(node), margin)
        if was != margin:
            swaps[id(node)] = _moved(node, was, margin)
    return new.visit(_Swap(swaps)) if swaps else new


def _placed(module: cst.Module) -> Iterator[tuple[cst.SimpleWhitespace | cst.EmptyLine, str]]:
    """Every piece that carries its own margin, with the margin of its block."""
    stack: list[tuple[cst.CSTNode, str]] = [(module, "")]
    while stack:
        node, margin = stack.pop()
        # Most nodes are none of these, which `isinstance` takes long to tell.
        if type(node) is cst.IndentedBlock:
            margin += module.default_indent if node.indent is None else node.indent
        elif type(node) is cst.SimpleWhitespace:
            if "\\" in node.value:
                yield node, margin
            continue
        elif type(node) is cst.EmptyLine:
            if node.comment is None and node.indent and not node.whitespace.value:
                yield node, margin
            continue
        stack.extend((child, margin) for child in below(node))


def _moved(
    node: cst.SimpleWhitespace | cst.EmptyLine, was: str, margin: str
) -> cst.SimpleWhitespace | cst.EmptyLine:
    if isinstance(node, cst.EmptyLine):
        return node if was else node.with_changes(indent=False)

    def line(match: re.Match[str]) -> str:
        space = match[2]
        if space.startswith(was):
            space = margin + space[len(was) :]
        elif margin.startswith(was):
            space = margin[len(was) :] + space
        return match[1] + space

    return node.with_changes(value=_CONTINUED.sub(line, node.value))


class _Swap(cst.CSTTransformer):
    def __init__(self, swaps: dict[int, cst.CSTNode]) -> None:
        super().__init__()
        self._swaps = swaps

    def on_leave(
        self, original_node: cst.CSTNodeT, updated_node: cst.CSTNodeT
    ) -> cst.CSTNodeT | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNodeT]:
        swapped = self._swaps.get(id(original_node), updated_node)
        return cast("cst.CSTNodeT", swapped)  # it is of the same type
