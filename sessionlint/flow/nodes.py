"""The nodes of one block: what stands in what, and where each name stands."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Final, TypeVar, cast

import libcst as cst

from sessionlint.facts.scopes import Block
from sessionlint.facts.syntax import is_name
from sessionlint.source.walk import children, descend

__all__ = ["SCOPES", "Nodes"]

_Node = TypeVar("_Node", bound=cst.CSTNode)

SCOPES: Final = (cst.FunctionDef, cst.ClassDef, cst.Lambda)
"""Functions and classes: what stands in one belongs to it, not to the block around."""


class Nodes:
    """The statements of a `block` with all that stands below them, gathered in one walk."""

    def __init__(self, block: Block) -> None:
        self.block = block
        self.nodes: list[cst.CSTNode] = []
        self._above: dict[int, cst.CSTNode] = {}
        above, nodes = self._above, self.nodes
        stack: list[cst.CSTNode] = [block.node]
        while stack:
            node = stack.pop()
            nodes.append(node)
            below = children(node)
            if below:
                for child in below:
                    above[id(child)] = node
                stack += below[::-1]

    def of(self, kind: type[_Node]) -> list[_Node]:
        """The nodes of one class, in the order of the text."""
        return cast("list[_Node]", self._by_class.get(kind, []))  # each stands under its class

    @cached_property
    def _by_class(self) -> dict[type[cst.CSTNode], list[cst.CSTNode]]:
        found: dict[type[cst.CSTNode], list[cst.CSTNode]] = {}
        for node in self.nodes:
            kind = node.__class__
            if kind in found:
                found[kind].append(node)
            else:
                found[kind] = [node]
        return found

    def above(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """What a node stands in, innermost first."""
        parent = self._above.get(id(node))
        while parent is not None:
            yield parent
            parent = self._above.get(id(parent))

    def around(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """What a node stands in below the block itself, innermost first."""
        return (one for one in self.above(node) if one is not self.block.node)

    def is_inside(self, node: cst.CSTNode) -> bool:
        """Whether a node belongs to a function or class inside of the block."""
        return any(isinstance(one, SCOPES) for one in self.around(node))

    def variables(self, name: str) -> Iterator[cst.Name]:
        """Where a name is that of a variable, and no attribute's, keyword's or the block's own."""
        for node in self.named.get(name, ()):
            parent = self._above.get(id(node))
            is_label = type(parent) is cst.Attribute and parent.attr is node
            is_keyword = type(parent) is cst.Arg and parent.keyword is node
            is_title = parent is self.block.node and getattr(parent, "name", None) is node
            if not (is_label or is_keyword or is_title):
                yield node

    def asked(self, name: str) -> list[cst.Name]:
        """Where a variable is asked for what it holds, in the order of the text."""
        found = self.variables(name)
        return [one for one in found if not isinstance(self._above.get(id(one)), cst.AssignTarget)]

    def chain(self, call: cst.Call) -> Iterator[cst.Attribute | cst.Call]:
        """What is called on what a call gives, and on what that gives, innermost first."""
        below: cst.CSTNode = call
        for above in self.above(call):
            if isinstance(above, cst.Attribute) or (
                isinstance(above, cst.Call) and above.func is below
            ):
                yield above
                below = above
            else:
                return

    def is_for_program(self, node: cst.CSTNode) -> bool:
        """Whether a node runs only where its module is the program itself, and never imported."""
        tests = (above.test for above in self.above(node) if isinstance(above, cst.If))
        return any(is_name(part, "__name__") for test in tests for part in descend(test))

    @cached_property
    def named(self) -> dict[str, list[cst.Name]]:
        """Where each name stands, in the order of the text."""
        found: dict[str, list[cst.Name]] = {}
        for node in self.of(cst.Name):
            found.setdefault(node.value, []).append(node)
        return found

    def speaking(self, names: frozenset[str]) -> frozenset[int]:
        """The ids of all nodes in which one of the names is spoken."""
        found: set[int] = set()
        for name in names:
            for node in self.named.get(name, ()):
                parent: cst.CSTNode | None = node
                while parent is not None and (key := id(parent)) not in found:
                    found.add(key)
                    parent = self._above.get(key)
        return frozenset(found)
