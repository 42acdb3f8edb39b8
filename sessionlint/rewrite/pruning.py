"""A piece of syntax without some of its statements; their comments stay.

Those that only tell of the close that goes are gone with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import libcst as cst

from sessionlint.facts.syntax import Handler, Try
from sessionlint.rewrite.blanks import blanks_behind, with_blanks_behind
from sessionlint.rewrite.lists import lines_of, parts_of
from sessionlint.rewrite.remarks import comments, tells_of_close
from sessionlint.source.walk import descend

__all__ = ["pruned"]

_STILL = (
    cst.Name,
    cst.BaseNumber,
    cst.SimpleString,
    cst.Comparison,
    cst.BooleanOperation,
    cst.UnaryOperation,
)

_WHOLE: Final = frozenset({cst.BaseExpression, cst.BaseSmallStatement, cst.WithItem, cst.EmptyLine})

_Lines = list[cst.EmptyLine]
_Statements = cst.BaseStatement | cst.FlattenSentinel[cst.BaseStatement]


def pruned(
    statements: Sequence[cst.BaseStatement], removed: frozenset[int]
) -> tuple[cst.BaseStatement, ...]:
    """A list of statements without those whose ids are given, and what is left empty by that.

    The comments of what goes stay with the statement behind it, or at the end of its block, and as
    many empty lines stay at the end as there were.
    """
    block = cst.IndentedBlock(statements).visit(_Pruning(removed))
    assert isinstance(block, cst.IndentedBlock)
    *others, last = block.body
    suite = getattr(last, "body", None)
    if block.footer and isinstance(suite, cst.IndentedBlock):
        suite = suite.with_changes(footer=[*suite.footer, *block.footer])
        last = last.with_changes(body=suite)
    blanks = blanks_behind(statements[-1])
    if len(blanks) != len(blanks_behind(last)):
        last = with_blanks_behind(last, blanks)
    return (*others, last)


class _Pruning(cst.CSTTransformer):
    def __init__(self, removed: frozenset[int]) -> None:
        super().__init__()
        self._removed = removed
        self._holes: dict[int, cst.CSTNode] = {}
        self._empty: dict[int, cst.CSTNode] = {}

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Go below statements only; `with_margins` asks the rest to stay the nodes they are."""
        return _WHOLE.isdisjoint(type(node).__mro__)

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.BaseStatement:
        if id(original_node) in self._removed:
            return self._left(original_node, updated_node)
        body = self._kept(updated_node.body)
        if not body:
            said = _lines_of([updated_node.trailing_whitespace])
            return self._hole([*updated_node.leading_lines, *said])
        return updated_node.with_changes(body=body)

    def _kept(self, body: Sequence[cst.BaseSmallStatement]) -> Sequence[cst.BaseSmallStatement]:
        """The small statements of a line that stay, without a semicolon behind the last."""
        kept = [one for one in body if id(one) not in self._removed]
        if kept and len(kept) < len(body):
            kept[-1] = kept[-1].with_changes(semicolon=cst.MaybeSentinel.DEFAULT)
        return kept

    def leave_If(self, original_node: cst.If, updated_node: cst.If) -> cst.BaseStatement:
        if id(original_node) in self._removed:
            return self._left(original_node, updated_node)
        is_empty = id(updated_node.body) in self._empty
        lines = self._nothing_else(updated_node.orelse)
        if lines is not None:
            body = _with_footer(updated_node.body, lines)
            updated_node = updated_node.with_changes(orelse=None, body=body)
        if is_empty and updated_node.orelse is None and _is_still(updated_node.test):
            return self._hole([*updated_node.leading_lines, *_said(updated_node.body)])
        return updated_node

    def _nothing_else(self, orelse: cst.CSTNode | None) -> _Lines | None:
        """The comments of an `else` or `elif` that has nothing left, None where it has."""
        if isinstance(orelse, cst.Else) and id(orelse.body) in self._empty:
            return [*orelse.leading_lines, *_said(orelse.body)]
        if isinstance(orelse, cst.SimpleStatementLine):
            # Have: an `elif` became a hole, which is no branch that Python knows.
            return [*orelse.leading_lines]
        return None

    def leave_For(self, original_node: cst.For, updated_node: cst.For) -> cst.BaseStatement:
        return self._unended(updated_node)

    def leave_While(self, original_node: cst.While, updated_node: cst.While) -> cst.BaseStatement:
        return self._unended(updated_node)

    def _unended(self, node: cst.For | cst.While) -> cst.BaseStatement:
        """A loop without an `else` that has nothing left."""
        if node.orelse is None or id(node.orelse.body) not in self._empty:
            return node
        lines = [*node.orelse.leading_lines, *_said(node.orelse.body)]
        return node.with_changes(orelse=None, body=_with_footer(node.body, lines))

    def leave_SimpleStatementSuite(
        self, original_node: cst.SimpleStatementSuite, updated_node: cst.SimpleStatementSuite
    ) -> cst.BaseSuite:
        body = self._kept(updated_node.body)
        if body and id(original_node) not in self._removed:
            return updated_node.with_changes(body=body)
        suite = updated_node.with_changes(body=[cst.Pass()])
        self._empty[id(suite)] = suite
        return suite

    def leave_IndentedBlock(
        self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock
    ) -> cst.BaseSuite:
        kept, pending = self._filled(updated_node.body)
        has_lost = len(kept) < len(updated_node.body)
        footer = [*pending, *updated_node.footer]
        if kept:
            return updated_node.with_changes(body=kept, footer=footer)
        if not has_lost:
            return updated_node
        pass_ = cst.SimpleStatementLine([cst.Pass()])
        block = updated_node.with_changes(body=[pass_], footer=footer)
        self._empty[id(block)] = block
        return block

    def leave_Try(self, original_node: cst.Try, updated_node: cst.Try) -> _Statements:
        return self._tried(original_node, updated_node)

    def leave_TryStar(self, original_node: cst.TryStar, updated_node: cst.TryStar) -> _Statements:
        return self._tried(original_node, updated_node)

    def _tried(self, original_node: Try, updated_node: Try) -> _Statements:
        """A `try` without the parts that have nothing left."""
        after: _Lines = []
        handlers, orelse, final = updated_node.handlers, updated_node.orelse, updated_node.finalbody
        if orelse is not None and id(orelse.body) in self._empty:
            after += [*orelse.leading_lines, *_said(orelse.body)]
            orelse = None
        is_idle = orelse is None and all(map(_only_raises, handlers))
        if is_idle and any(map(self._has_lost, original_node.handlers)):
            after += _lines_of(handlers)
            handlers = ()
        if final is not None and id(final.body) in self._empty:
            after += [*final.leading_lines, *_said(final.body)]
            final = None
        if (handlers, orelse, final) == (
            updated_node.handlers,
            updated_node.orelse,
            updated_node.finalbody,
        ):
            return updated_node
        if not handlers and final is None:
            return cst.FlattenSentinel(self._dissolved(updated_node, _spoken(after)))
        left = updated_node.with_changes(handlers=handlers, orelse=orelse, finalbody=final)
        return cst.FlattenSentinel([left, self._hole(_spoken(after))])

    def _dissolved(self, node: Try, after: _Lines) -> list[cst.BaseStatement]:
        """The statements of a `try` that has nothing else."""
        first = [*node.leading_lines, *_header(node.body)]
        if isinstance(node.body, cst.SimpleStatementSuite):
            line = cst.SimpleStatementLine(node.body.body, leading_lines=first)
            return [line, self._hole(after)]
        if id(node.body) in self._empty:
            return [self._hole([*first, *_said(node.body), *after])]
        assert isinstance(node.body, cst.IndentedBlock)
        statements = list(node.body.body)
        statements[0] = _led(statements[0], first)
        return [*statements, self._hole([*_spoken(node.body.footer), *after])]

    def _has_lost(self, handler: Handler) -> bool:
        lines = lines_of(handler.body)
        parts = (part for one in lines for part in parts_of(one, self._removed))
        return any(id(part) in self._removed for part in parts)

    def _left(
        self, original: cst.CSTNode, updated: cst.SimpleStatementLine | cst.If
    ) -> cst.BaseStatement:
        if id(original) not in self._removed:
            return updated
        before = [*updated.leading_lines]
        return self._hole([*before, *_lines_of([updated.with_changes(leading_lines=[])])])

    def _hole(self, lines: Iterable[cst.EmptyLine]) -> cst.SimpleStatementLine:
        """A place where a statement was; its comments wait for the next one."""
        kept = [one for one in lines if not (one.comment and tells_of_close(one.comment.value))]
        hole = cst.SimpleStatementLine([cst.Pass()], leading_lines=kept)
        self._holes[id(hole)] = hole
        return hole

    def _filled(self, body: Sequence[cst.CSTNode]) -> tuple[list[cst.BaseStatement], _Lines]:
        """The statements without holes, and the comments after the last of them."""
        kept: list[cst.BaseStatement] = []
        pending: _Lines = []
        for statement in body:
            assert isinstance(statement, (cst.BaseStatement))
            if id(statement) in self._holes:
                assert isinstance(statement, cst.SimpleStatementLine)
                pending += statement.leading_lines
                continue
            kept.append(_led(statement, pending) if pending else statement)
            pending = []
        return kept, _without_last_blanks(pending)


def _led(statement: cst.BaseStatement, lines: Sequence[cst.EmptyLine]) -> cst.BaseStatement:
    """A statement with more lines before it, but no more empty ones than there were."""
    own: Sequence[cst.EmptyLine] = getattr(statement, "leading_lines", ())
    if own and own[0].comment is None:
        lines = _without_last_blanks(lines)
    return statement.with_changes(leading_lines=[*lines, *own])


def _without_last_blanks(lines: Sequence[cst.EmptyLine]) -> _Lines:
    spoken = [index for index, line in enumerate(lines) if line.comment is not None]
    return list(lines[: spoken[-1] + 1]) if spoken else []


def _is_still(test: cst.BaseExpression) -> bool:
    """Whether nothing is lost when a condition is not asked: it calls and looks up nothing."""
    parts = (part for part in descend(test) if isinstance(part, cst.BaseExpression))
    return all(isinstance(part, _STILL) for part in parts)


def _only_raises(handler: Handler) -> bool:
    """Whether all would be the same without a handler: `except*` makes a group of an error."""
    match handler, handler.body.body:
        case cst.ExceptHandler(), [cst.SimpleStatementLine(body=[cst.Raise(exc=None)])]:
            return True
    return False


def _with_footer(suite: cst.BaseSuite, lines: _Lines) -> cst.BaseSuite:
    if not isinstance(suite, cst.IndentedBlock):
        return suite
    return suite.with_changes(footer=[*suite.footer, *_spoken(lines)])


def _said(suite: cst.BaseSuite) -> _Lines:
    """The comments of a suite that goes."""
    return _lines_of([suite])


def _header(suite: cst.BaseSuite) -> _Lines:
    if isinstance(suite, cst.IndentedBlock) and suite.header.comment is not None:
        return [cst.EmptyLine(comment=suite.header.comment)]
    return []


def _lines_of(nodes: Iterable[cst.CSTNode]) -> _Lines:
    return [cst.EmptyLine(comment=cst.Comment(text)) for text in comments(nodes)]


def _spoken(lines: Iterable[cst.EmptyLine]) -> _Lines:
    """The lines that hold a comment."""
    return [line for line in lines if line.comment is not None]
