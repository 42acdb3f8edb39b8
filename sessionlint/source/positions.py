"""Where nodes stand in the text, worked out only for the nodes somebody asks about.

Printing the module and noting the token at which a wanted node begins and ends costs about a
fifth of a parse; LibCST's PositionProvider costs two, and gives the same places.
"""

from bisect import bisect_right
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager, suppress

import libcst as cst
from libcst._nodes.internal import CodegenState

from sessionlint.model import Span
from sessionlint.source.parse import Tree
from sessionlint.source.text import line_starts

__all__ = ["Positions"]


class Positions:
    """The spans of the nodes of some trees of one text.

    Ask for many nodes with `want` before the first `span`: they are then found in one pass.
    """

    def __init__(self, text: str, trees: Sequence[Tree]) -> None:
        self._text = text
        self._trees = trees
        self._wanted: dict[int, cst.CSTNode] = {}
        self._spans: dict[int, Span] = {}

    def want(self, nodes: Iterable[cst.CSTNode]) -> None:
        """Name nodes whose spans will be asked for."""
        for node in nodes:
            if id(node) not in self._spans:
                self._wanted[id(node)] = node

    def span(self, node: cst.CSTNode) -> Span:
        """Where a node stands: lines from 1, columns from 0 in code points.

        Raises:
            KeyError: the node is part of none of the trees.
        Source: LibCST PositionProvider gives the same places (checked in tests/test_source.py).
        """
        if id(node) not in self._spans:
            self.want([node])
            for tree in self._trees:
                found = _spans(tree.module, self._wanted)
                self._spans.update(self._moved(found, tree))
                for key in found:
                    del self._wanted[key]
                if not self._wanted:
                    break
            self._wanted.clear()
        return self._spans[id(node)]

    def _moved(self, found: dict[int, Span], tree: Tree) -> dict[int, Span]:
        """The spans in the text of those in a tree."""
        lines = self._text.count("\n", 0, tree.start) - tree.lines_more if found else 0
        if not lines:
            return found
        return {
            key: span._replace(line=span.line + lines, end_line=span.end_line + lines)
            for key, span in found.items()
        }


class _EnoughError(Exception):
    """Every wanted node has been printed."""


class _Recorder(CodegenState):
    """Notes the token indices between which each wanted node is printed."""

    def __init__(self, module: cst.Module, wanted: dict[int, cst.CSTNode]) -> None:
        super().__init__(module.default_indent, module.default_newline)
        self.ranges: dict[int, tuple[int, int]] = {}
        self._open: list[int] = []
        self._missing = set(wanted)

    def before_codegen(self, node: cst.CSTNode) -> None:
        self._open.append(len(self.tokens))

    def after_codegen(self, node: cst.CSTNode) -> None:
        start = self._open.pop()
        self.ranges.setdefault(id(node), (start, len(self.tokens)))
        if self._missing:
            self._missing.discard(id(node))
            if not self._missing:
                raise _EnoughError

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


def _spans(module: cst.Module, wanted: dict[int, cst.CSTNode]) -> dict[int, Span]:
    """The spans of those wanted nodes that the module has."""
    recorder = _Recorder(module, wanted)
    with suppress(_EnoughError):
        module._codegen(recorder)
    seen = wanted.keys() & recorder.ranges.keys()
    if not seen:
        return {}
    offsets = [0]
    for token in recorder.tokens:
        offsets.append(offsets[-1] + len(token))
    starts = line_starts("".join(recorder.tokens))
    found: dict[int, Span] = {}
    for key in seen:
        first, last = recorder.ranges[key]
        found[key] = Span(*_place(starts, offsets[first]), *_place(starts, offsets[last]))
    return found


def _place(starts: list[int], offset: int) -> tuple[int, int]:
    line = bisect_right(starts, offset)
    return line, offset - starts[line - 1]
