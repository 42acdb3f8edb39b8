"""The part of a function in which a name holds one resource, where others have it before or after.

Such a part is a branch, or what follows an opening in a list of statements, up to the next one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import libcst as cst

from sessionlint.facts.syntax import TRIES, index_of
from sessionlint.flow.apart import branch_of, is_first, is_opened
from sessionlint.flow.nodes import Nodes
from sessionlint.flow.resource import Resource
from sessionlint.source.walk import descend

__all__ = ["Section", "section_of"]

_Lines = cst.IndentedBlock | cst.Module


class Section(NamedTuple):
    """The statements, or the branch, in which a resource has its name for itself.

    `may_go_on`: where the next opening fails, what is around that may still find the resource.
    """

    parts: Sequence[cst.CSTNode]
    may_go_on: bool = False

    def holds(self, nodes: Nodes, node: cst.CSTNode) -> bool:
        """Whether a node stands in it."""
        return _stands_in(nodes, node, self.parts)


def section_of(resource: Resource, nodes: Nodes) -> Section | None:
    """The section of a resource, None where it is the whole function, or none is known."""
    branch = branch_of(resource, nodes) if resource.branches else None
    return Section([branch]) if branch is not None else _between(resource, nodes)


def _between(resource: Resource, nodes: Nodes) -> Section | None:
    """The statements from an opening to the next one, where all stand in one list."""
    if not resource.others or not all(is_opened(resource, one) for one in resource.others):
        return None
    bindings = [resource.binding, *resource.others]
    opened = [one.node for one in bindings if one.node is not None]
    block = next(_lists_around(nodes, opened), None)
    if block is None:
        return None
    lines = [_line_in(nodes, block, one) for one in opened]
    places = [index_of(block.body, one) for one in lines]
    if len(set(places)) < len(places) or not _is_within(nodes, resource.name, block, min(places)):
        return None
    starts = sorted(places)
    ends = dict(pairwise([*starts, len(block.body)]))
    sections = [list(block.body[place : ends[place]]) for place in places]
    pairs = zip(sections, opened, strict=True)
    if not all(_is_own(nodes, resource.name, *pair) for pair in pairs):
        return None
    # In a loop the first one comes behind the last.
    following = block.body[next((one for one in starts if one > places[0]), starts[0])]
    return Section(sections[0], may_go_on=not isinstance(following, cst.SimpleStatementLine))


def _is_own(nodes: Nodes, name: str, section: Sequence[cst.CSTNode], opening: cst.CSTNode) -> bool:
    """Whether all that speaks of a name in a section means what is opened there."""
    line = section[0]
    if not is_first(nodes, name, line, opening):
        return False
    if isinstance(line, (cst.SimpleStatementLine, *TRIES, cst.With)):
        return True
    # Have: it may be skipped, so that what stands beside or behind it means another.
    around = list(nodes.above(opening))
    suite = around[around.index(line) - 1]
    spoken = [one for one in nodes.variables(name) if _stands_in(nodes, one, section)]
    return all(_stands_in(nodes, one, [suite]) for one in spoken)


def _lists_around(nodes: Nodes, opened: Sequence[cst.CSTNode]) -> Iterator[_Lines]:
    """The lists of statements in which all of these nodes stand, innermost first."""
    first, *rest = opened
    for one in nodes.above(first):
        if isinstance(one, _Lines) and all(one in nodes.above(other) for other in rest):
            yield one


def _line_in(nodes: Nodes, block: _Lines, node: cst.CSTNode) -> cst.CSTNode:
    """The statement of a list in which a node stands."""
    return next(below for below, above in pairwise([node, *nodes.above(node)]) if above is block)


def _stands_in(nodes: Nodes, node: cst.CSTNode, parts: Sequence[cst.CSTNode]) -> bool:
    return any(above is part for above in nodes.above(node) for part in parts)


def _is_within(nodes: Nodes, name: str, block: _Lines, start: int) -> bool:
    """Whether a variable is spoken of from there on in a list, and in no function inside."""
    inside = {id(node) for line in block.body[start:] for node in descend(line)}
    return all(id(one) in inside and not nodes.is_inside(one) for one in nodes.variables(name))
