"""An exit that closes only when all goes well, rewritten so that a `finally` closes."""

from __future__ import annotations

import libcst as cst

from sessionlint.facts.syntax import text_of
from sessionlint.flow.exits import LeakyExit
from sessionlint.model import Fix, Safety, Splice
from sessionlint.rewrite.lists import empty_lines, tried
from sessionlint.source.walk import descend

__all__ = ["ended"]


def ended(one: LeakyExit) -> Fix | None:
    """The fix that puts what stands before the close into a `try`.

    None where the close is not one line of its own among those of the exit, or is awaited: that
    has to be shielded as well.
    """
    node = one.exit.node
    assert isinstance(node, cst.FunctionDef)
    block = node.body
    if one.skipping is None or one.exit.is_async or not isinstance(block, cst.IndentedBlock):
        return None
    closing = [at for at, line in enumerate(block.body) if _is_close(line, one.name)]
    start = 1 if node.get_docstring() is not None else 0
    if len(closing) != 1 or closing[0] <= start:
        return None
    first, *rest = block.body[start : closing[0]]
    if any(isinstance(one, cst.Return) for line in (first, *rest) for one in descend(line)):
        # Who returns before the close may have found nothing to close.
        return None
    guarded = tried([first, *rest], [_close(block, closing[0])], block, empty_lines(first))
    edit = Splice(block, start, closing[0] + 1, (guarded,))
    return Fix(f"close `{one.name}` in a `finally`", Safety.SAFE, (edit,))


def _close(block: cst.IndentedBlock, at: int) -> cst.BaseStatement:
    """The line that closes, with the comments above it."""
    line = block.body[at]
    above = getattr(line, "leading_lines", ())
    return line.with_changes(leading_lines=[one for one in above if one.comment is not None])


def _is_close(line: cst.BaseStatement, name: str) -> bool:
    match line:
        case cst.SimpleStatementLine(
            body=[cst.Expr(value=cst.Call(func=cst.Attribute() as method, args=[]))]
        ):
            return method.attr.value == "close" and text_of(method.value) == name
    return False
