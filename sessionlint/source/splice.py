"""Edits to a new tree, made in one pass over the old one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from operator import attrgetter
from typing import cast

import libcst as cst

from sessionlint.errors import UnfitEdit
from sessionlint.model import (
    AddImport,
    Edit,
    Fix,
    RemoveImportIfUnused,
    Replace,
    ReplaceComment,
    Splice,
)
from sessionlint.source.below import below
from sessionlint.source.importing import with_import, without_import
from sessionlint.source.margins import with_margins
from sessionlint.source.parse import Tree
from sessionlint.source.positions import Positions

__all__ = ["Map", "apart", "applied"]

_Stretch = tuple[float, float]
"""When a walk over the tree enters and leaves a place."""


def applied(tree: Map, edits: Iterable[Edit]) -> cst.Module:
    """The module after all edits; imports are added and removed when all else is in place.

    Raises:
        UnfitEdit: an edit is about a node that is not there, two are about one place, or a name
            to import means something else already.
    """
    made = [tree.placed(edit) for edit in edits]
    pen = _Pen(tree, made)
    changed = with_margins(tree.module.visit(pen), tree.module)
    pen.finish()
    for edit in made:
        if isinstance(edit, AddImport):
            changed = with_import(changed, edit.module, edit.name)
    for edit in made:
        if isinstance(edit, RemoveImportIfUnused):
            changed = without_import(changed, edit.name)
    return changed


def apart(tree: Map, fixes: Sequence[Fix]) -> list[int]:
    """The indices of the fixes that can be made together, the first come first.

    Each is left out that touches a place inside, around or across one of a fix before it.
    """
    taken: list[_Stretch] = []
    chosen: list[int] = []
    for index, fix in enumerate(fixes):
        own = [stretch for edit in fix.edits for stretch in tree.stretches(edit)]
        if not any(_meet(one, other) for one in own for other in taken):
            taken += own
            chosen.append(index)
    return chosen


_NOTHING = cst.SimpleWhitespace("")

_Holder = cst.TrailingWhitespace | cst.EmptyLine


class Map:
    """Where the nodes of a module stand: when a walk enters and leaves each, and what holds it."""

    def __init__(self, module: cst.Module) -> None:
        self.module = module
        self._holders: list[_Holder] = []
        self._entered: dict[int, int] = {}
        self._left: dict[int, int] = {}
        self._above: dict[int, int] = {}
        stack: list[tuple[cst.CSTNode, bool]] = [(module, False)]
        time = 0
        # No recursion, so that an expression of any length is walked.
        while stack:
            node, is_leaving = stack.pop()
            time += 1
            if is_leaving:
                self._left[id(node)] = time
                continue
            self._entered[id(node)] = time
            stack.append((node, True))
            # `isinstance` takes long to tell of a node that it is neither.
            if type(node) is cst.TrailingWhitespace or type(node) is cst.EmptyLine:
                self._holders.append(node)
            for child in reversed(below(node)):
                self._above[id(child)] = id(node)
                stack.append((child, False))

    def holds(self, node: cst.CSTNode) -> bool:
        """Whether the node is part of the module."""
        return id(node) in self._entered

    def way_to(self, node: cst.CSTNode) -> Iterator[int]:
        """The ids of all that holds a node."""
        key = id(node)
        while key in self._above:
            key = self._above[key]
            yield key

    @cached_property
    def _comments(self) -> dict[tuple[int, int], _Holder]:
        """What holds each comment, by the line and column where that begins."""
        positions = Positions(self.module.code, [Tree(self.module, 0)])
        held = [(one.comment, one) for one in self._holders if one.comment is not None]
        places = ((positions.span(comment), holder) for comment, holder in held)
        return {(span.line, span.column): holder for span, holder in places}

    def placed(self, edit: Edit) -> Edit:
        """The edit of a comment as one of the node that holds it, any other as it is.

        Raises:
            UnfitEdit: no comment begins there.
        """
        if not isinstance(edit, ReplaceComment):
            return edit
        holder = self._comments.get((edit.line, edit.column))
        if holder is None:
            raise UnfitEdit("an edit is about a comment that is not in the file")
        if edit.text:
            return Replace(holder, holder.with_changes(comment=cst.Comment(edit.text)))
        if isinstance(holder, cst.EmptyLine):
            return Replace(holder, cst.RemoveFromParent())
        return Replace(holder, holder.with_changes(comment=None, whitespace=_NOTHING))

    def stretches(self, edit: Edit) -> Iterator[_Stretch]:
        """What an edit touches; nothing for an import or an edit that does not fit."""
        match edit:
            case ReplaceComment(line=line, column=column) if (line, column) in self._comments:
                holder = self._comments[line, column]
                yield self._stretch(holder, holder)
            case Replace(node=node) if self.holds(node):
                yield self._stretch(node, node)
            case Splice(block=block) if self.holds(block):
                yield self._spliced(edit)

    def _spliced(self, edit: Splice) -> _Stretch:
        body = edit.block.body
        if edit.start < edit.stop <= len(body):
            return self._stretch(body[edit.start], body[edit.stop - 1])
        # Have: nothing goes, so the place is the moment before the next statement or the end.
        is_last = edit.start >= len(body)
        after = self._left[id(edit.block)] if is_last else self._entered[id(body[edit.start])]
        return after - 0.5, after - 0.5

    def _stretch(self, first: cst.CSTNode, last: cst.CSTNode) -> _Stretch:
        return self._entered[id(first)], self._left[id(last)]


def _meet(one: _Stretch, other: _Stretch) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


class _Pen(cst.CSTTransformer):
    """Makes edits from the outside in, so that a moved node still gets its own."""

    def __init__(self, tree: Map, edits: Iterable[Edit]) -> None:
        super().__init__()
        self._tree = tree
        self._replaced: dict[int, Replace] = {}
        self._spliced: dict[int, list[Splice]] = {}
        self._on_the_way: set[int] = set()
        self._active: set[int] = set()
        self._unused: set[int] = set()
        for edit in edits:
            self._prepare(edit)

    def _prepare(self, edit: Edit) -> None:
        match edit:
            case Replace(node=node):
                if id(node) in self._replaced or id(node) in self._spliced:
                    raise UnfitEdit("two edits are about one place")
                self._replaced[id(node)] = edit
            case Splice(block=node):
                if id(node) in self._replaced:
                    raise UnfitEdit("two edits are about one place")
                self._spliced.setdefault(id(node), []).append(edit)
            case _:
                return
        if not self._tree.holds(node):
            raise UnfitEdit("an edit is about something that is not in the file")
        self._unused.add(id(node))
        self._on_the_way.update(self._tree.way_to(node))

    def finish(self) -> None:
        """Make sure that every edit was made.

        Raises:
            UnfitEdit: one stands in what another took away.
        """
        if self._unused:
            raise UnfitEdit("an edit is about something that another edit takes away")

    def on_visit(self, node: cst.CSTNode) -> bool:
        if self._is_edited(node):
            return False
        # Have: an untouched part of the old tree stays as it is; what is new may hold moved nodes.
        return id(node) in self._on_the_way or not self._tree.holds(node)

    def on_leave(
        self, original_node: cst.CSTNodeT, updated_node: cst.CSTNodeT
    ) -> cst.CSTNodeT | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNodeT]:
        if not self._is_edited(original_node):
            return updated_node
        key = id(original_node)
        # A new node may hold the one it stands for, which is then not to be edited again.
        self._active.add(key)
        self._unused.discard(key)
        if key in self._replaced:
            new = self._replaced[key].new
            made = new if isinstance(new, cst.RemovalSentinel) else new.visit(self)
        else:
            made = original_node.with_changes(body=self._body(self._spliced[key]))
        self._active.discard(key)
        return cast("cst.CSTNodeT", made)  # the text is parsed again, whatever was put where

    def _is_edited(self, node: cst.CSTNode) -> bool:
        key = id(node)
        return key not in self._active and (key in self._replaced or key in self._spliced)

    def _body(self, splices: Iterable[Splice]) -> list[cst.CSTNode]:
        """A block's statements with some of them replaced."""
        ordered = sorted(splices, key=attrgetter("start", "stop"))
        old: Sequence[cst.CSTNode] = ordered[0].block.body
        new: list[cst.CSTNode] = []
        at = 0
        for edit in ordered:
            if not at <= edit.start <= edit.stop <= len(old):
                raise UnfitEdit("two edits are about one place")
            new += (*old[at : edit.start], *edit.statements)
            at = edit.stop
        return list(self._visited([*new, *old[at:]]))

    def _visited(self, nodes: Iterable[cst.CSTNode]) -> Iterator[cst.CSTNode]:
        for node in nodes:
            seen = node.visit(self)
            if isinstance(seen, cst.FlattenSentinel):
                yield from seen
            elif not isinstance(seen, cst.RemovalSentinel):
                yield seen
