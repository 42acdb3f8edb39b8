"""What a method does with an attribute of its object, as if that were a variable."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import takewhile

import libcst as cst

from sessionlint.facts.scopes import Block
from sessionlint.facts.syntax import bare, dotted, is_idle, is_name

__all__ = ["Renamed", "shortcuts_of"]


def shortcuts_of(owner: Block, own: str) -> dict[str, cst.Call]:
    """The methods of a class that do nothing but one call: `def commit(self)`, of the session."""
    found: dict[str, cst.Call] = {}
    for name in owner.names:
        method = owner.function(name)
        if (
            method is None
            or method.decorators
            or [own] != [p.name.value for p in method.parameters]
        ):
            continue
        match _statements(method):
            case [cst.Expr(value=done)]:
                call = bare(done)
                if isinstance(call, cst.Call) and not call.args:
                    found[name] = call
    return found


def _statements(method: Block) -> list[cst.CSTNode]:
    """What a method does, line by line, up to a bare `return`; what it says of itself left out."""
    assert isinstance(method.node, cst.FunctionDef)
    lines = [
        part
        for line in method.node.body.body
        for part in (line.body if isinstance(line, cst.SimpleStatementLine) else [line])
    ]
    reached = takewhile(lambda one: not isinstance(one, cst.Return) or one.value, lines)
    return [one for one in reached if not is_idle(one)]


class Renamed(cst.CSTTransformer):
    """Makes an attribute of an object a variable, so that it can be followed like one.

    The object may be a part of another one, `request.state`, by its path. A call of one of its
    `shortcuts` becomes what that does. `origins` has what each new node stands for, by its id.
    """

    def __init__(self, owner: str, attribute: str, shortcuts: Mapping[str, cst.Call]) -> None:
        super().__init__()
        self._shortcuts = shortcuts
        self.variable = f"_{owner.replace('.', '_')}_of_{attribute}"
        self._owner = owner
        self._attribute = attribute
        self.origins: dict[int, cst.CSTNode] = {}
        self._kept: list[cst.CSTNode] = []

    def followed(self, block: Block, node: cst.CSTNode) -> tuple[Block, cst.FunctionDef]:
        """A function's block and tree with the attribute as a variable; `node` is its tree now."""
        tree = node.visit(self)
        assert isinstance(tree, cst.FunctionDef)
        inside = Block(block.kind, block.name, block.parent, block.home, block.place)
        inside.near, inside.head, inside.tree = block.whole, tree, tree
        return inside, tree

    def on_leave(  # type: ignore[override]
        self, original_node: cst.CSTNode, updated_node: cst.CSTNode
    ) -> cst.CSTNode:
        """The node in the new tree."""
        match updated_node:
            case cst.Attribute(value=owner, attr=cst.Name(value=word)):
                if word == self._attribute and dotted(owner) == self._owner:
                    updated_node = cst.Name(self.variable)
            case cst.Call(func=cst.Attribute(value=owner, attr=cst.Name(value=word)), args=()):
                if word in self._shortcuts and is_name(owner, self._owner):
                    updated_node = self._shortcut(word)
        self.origins[id(updated_node)] = original_node
        self._kept.append(updated_node)
        return updated_node

    def _shortcut(self, method: str) -> cst.CSTNode:
        """What a method does, in a tree of its own."""
        plain = Renamed(self._owner, self._attribute, {})
        done = self._shortcuts[method].deep_clone().visit(plain)
        assert isinstance(done, cst.Call)
        return done
