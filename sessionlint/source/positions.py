"""Where nodes stand in the text, worked out only for the nodes somebody asks about.

Printing a tree and noting the tokens at which nodes begin and end costs about a fifth of a parse;
LibCST's PositionProvider costs two, and gives the same places.
"""

from bisect import bisect_right
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import accumulate

import libcst as cst
from libcst._nodes.internal import CodegenState

from sessionlint.model import Span
from sessionlint.source.parse import Tree
from sessionlint.source.text import line_starts
from sessionlint.source.walk import descend

__all__ = ["Positions"]


class Positions:
    """The spans of the nodes of some trees of one text; more trees may be added to those given."""

    def __init__(self, text: str, trees: Sequence[Tree]) -> None:
        self._text = text
        self._trees = trees
        self._prints: list[_Print] = []
        self._homes: dict[int, _Print] = {}
        self._walked = 0

    def span(self, node: cst.CSTNode) -> Span:
        """Where a node stands: lines from 1, columns from 0 in code points.

        Raises:
            KeyError: the node is part of none of the trees.
            RecursionError: it stands in, or behind, what is nested too deep to print.
        Source: LibCST PositionProvider gives the same places (checked in tests/test_source.py).
        """
        for printed in self._likely(node):
            span = printed.span(node)
            if span is not None:
                return span
        raise KeyError(node)

    def _likely(self, node: cst.CSTNode) -> "Sequence[_Print]":
        """The tree that has a node; all of them for white space, which no walk comes by."""
        self._prints += [_Print(one, self._text) for one in self._trees[len(self._prints) :]]
        if len(self._prints) == 1:
            return self._prints
        # A walk takes a fraction of the time of a print.
        while id(node) not in self._homes and self._walked < len(self._prints):
            printed = self._prints[self._walked]
            self._homes.update((id(one), printed) for one in descend(printed.tree.module))
            self._walked += 1
        home = self._homes.get(id(node))
        return self._prints if home is None else [home]


class _Print:
    """A tree in print, which is made when the first place in it is asked for."""

    def __init__(self, tree: Tree, text: str) -> None:
        self.tree = tree
        self._text = text
        self._too_deep: RecursionError | None = None

    def span(self, node: cst.CSTNode) -> Span | None:
        """Where a node stands in the text, None when the tree has no such node.

        Raises:
            RecursionError: the node stands in, or behind, what is nested too deep to print.
        """
        tokens = self._recorder.ranges.get(id(node))
        if tokens is None:
            if self._too_deep is not None:
                raise self._too_deep
            return None
        (line, column), (end_line, end_column) = map(self._place, tokens)
        return Span(line + self._lines, column, end_line + self._lines, end_column)

    def _place(self, token: int) -> tuple[int, int]:
        """The line from 1, and the column from 0, at which a token of the print begins."""
        offset = self._offsets[token]
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1]

    @cached_property
    def _recorder(self) -> "_Recorder":
        recorder = _Recorder(self.tree.module)
        try:
            self.tree.module._codegen(recorder)
        except RecursionError as error:
            self._too_deep = error
        return recorder

    @cached_property
    def _offsets(self) -> list[int]:
        return [0, *accumulate(map(len, self._recorder.tokens))]

    @cached_property
    def _starts(self) -> list[int]:
        return line_starts("".join(self._recorder.tokens))

    @cached_property
    def _lines(self) -> int:
        """How many lines of the text stand before the tree."""
        return self._text.count("\n", 0, self.tree.start) - self.tree.lines_more


class _Recorder(CodegenState):
    """Notes the token indices between which each node is printed."""

    def __init__(self, module: cst.Module) -> None:
        super().__init__(module.default_indent, module.default_newline)
        self.ranges: dict[int, tuple[int, int]] = {}
        self._open: list[int] = []

    def before_codegen(self, node: cst.CSTNode) -> None:
        self._open.append(len(self.tokens))

    def after_codegen(self, node: cst.CSTNode) -> None:
        start = self._open.pop()
        self.ranges.setdefault(id(node), (start, len(self.tokens)))

    def pop_trailing_newline(self) -> None:
        """Keep the newline that the text does not end with: the last statement ends behind it."""

    @contextmanager
    def record_syntactic_position(
        self,
        node: cst.CSTNode,
        *,
        start_node: cst.CSTNode | None = None,
        end_node: cst.CSTNode | None = None,
    ) -> Generator[None, None, None]:
        start = len(self.tokens)
        yield
        end = len(self.tokens)
        if start_node is not None:
            start = self.ranges[id(start_node)][0]
        if end_node is not None:
            end = self.ranges[id(end_node)][1]
        self.ranges[id(node)] = (start, end)
