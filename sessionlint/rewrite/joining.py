"""A `with` that is all that another holds, joined with it into one."""

from __future__ import annotations

from typing import Final

import libcst as cst

from sessionlint.facts.syntax import index_of
from sessionlint.facts.values import Managed, Thing
from sessionlint.flow.nodes import Nodes
from sessionlint.flow.resource import Resource
from sessionlint.model import Splice
from sessionlint.rewrite.blanks import blanks_behind, with_blanks_behind
from sessionlint.rewrite.remarks import comments

__all__ = ["joined"]

_WIDTH: Final = 88
"""How long a joined line may get. Source: black and ruff wrap at 88 unless told otherwise."""


def joined(splice: Splice, body: Nodes, resource: Resource) -> Splice:
    """The same edit, or one of the `with` around where that holds resources and nothing else."""
    outer = next(body.above(splice.block), None)
    is_whole = splice.start == 0 and splice.stop == len(splice.block.body)
    if not isinstance(outer, cst.With) or not is_whole or len(splice.statements) != 1:
        return splice
    holder = next(body.above(outer), None)
    [inner] = splice.statements
    if not isinstance(inner, cst.With) or not isinstance(holder, (cst.IndentedBlock, cst.Module)):
        return splice
    if not _is_alike(outer, inner) or not _has_resources(outer, resource):
        return splice
    suite = inner.body.with_changes(**_header_of(outer))
    whole = outer.with_changes(items=[*outer.items, *inner.items], body=suite)
    depth = sum(isinstance(one, cst.IndentedBlock) for one in body.above(outer))
    if _width(whole) + 4 * depth > _WIDTH:
        return splice
    start = index_of(holder.body, outer)
    new = with_blanks_behind(whole, blanks_behind(outer))
    return Splice(holder, start, start + 1, (new,))


def _header_of(node: cst.With) -> dict[str, cst.TrailingWhitespace]:
    return {"header": node.body.header} if isinstance(node.body, cst.IndentedBlock) else {}


def _is_alike(outer: cst.With, inner: cst.With) -> bool:
    """Whether both are written in the same way, with no comment that would lose its place."""
    between = [*inner.leading_lines, *_header_of(inner).values()]
    if isinstance(outer.body, cst.IndentedBlock):
        between += outer.body.footer
    is_plain = all(isinstance(one.lpar, cst.MaybeSentinel) for one in (outer, inner))
    is_same = (outer.asynchronous is None) == (inner.asynchronous is None)
    return is_plain and is_same and not comments(between)


def _has_resources(outer: cst.With, resource: Resource) -> bool:
    values = (resource.evaluator.value(one.item, resource.block) for one in outer.items)
    return all(isinstance(value, (Thing, Managed)) for value in values)


def _width(node: cst.With) -> int:
    text = cst.Module([]).code_for_node(node.with_changes(leading_lines=()))
    return len(text.partition("\n")[0])
