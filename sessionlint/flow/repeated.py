"""Attributes that are read once more: what could be read before can be read again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import libcst as cst

from sessionlint.facts.parameters import is_as_given
from sessionlint.flow.nodes import Nodes

__all__ = ["read_again"]

_WHOLE: Final = frozenset(
    {cst.Attribute, cst.Call, cst.Arg, cst.FormattedString, cst.FormattedStringExpression}
    | {cst.Comparison, cst.ComparisonTarget, cst.BinaryOperation, cst.UnaryOperation, cst.Await}
    | {cst.Subscript, cst.SubscriptElement, cst.Index, cst.Expr, cst.Assign, cst.AnnAssign}
    | {cst.Tuple, cst.List, cst.Dict, cst.Element, cst.DictElement, cst.SimpleStatementLine}
)
"""What evaluates all that stands directly below it."""


def read_again(nodes: Nodes) -> Iterator[cst.Attribute]:
    """The attributes of parameters that were read before, whichever way led there.

    A parameter counts that is never bound anew, and of which nothing but attributes is asked: a
    session that was given the object may have expired it.
    """
    for parameter in nodes.block.parameters:
        reads: dict[str, list[cst.Attribute]] = {}
        for read in _attributes(nodes, parameter) or ():
            before = reads.setdefault(read.attr.value, [])
            if any(_is_sure_before(nodes, one, read) for one in before):
                yield read
            before.append(read)


def _attributes(nodes: Nodes, parameter: cst.Param) -> list[cst.Attribute] | None:
    """The attributes of a parameter, in the order of the text; None if it is used otherwise."""
    name = parameter.name.value
    if not is_as_given(nodes.block, name):
        return None
    around = [next(nodes.above(one)) for one in nodes.variables(name)]
    found = [one for one in around if isinstance(one, cst.Attribute)]
    others = [one for one in around if not isinstance(one, cst.Attribute)]
    return found if others == [parameter] else None


def _is_sure_before(nodes: Nodes, first: cst.CSTNode, second: cst.CSTNode) -> bool:
    """Whether `second` is never reached but behind `first`, which stands before it in the text."""
    around = {id(one) for one in nodes.above(second)}
    below = first
    for above in nodes.above(first):
        is_test = isinstance(above, (cst.If, cst.While)) and below is above.test
        if id(above) in around:
            return is_test or isinstance(above, cst.IndentedBlock)
        if not is_test and type(above) not in _WHOLE:
            return False
        below = above
    return False
