"""Names that several branches open by hand, each for itself."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import libcst as cst

from sessionlint.facts.scopes import Binding, How
from sessionlint.flow.acquisitions import acquired
from sessionlint.flow.nodes import Nodes
from sessionlint.flow.resource import Resource

__all__ = ["branch_of"]

_BRANCHING: Final = (cst.If, cst.Match)


def branch_of(resource: Resource, nodes: Nodes) -> cst.CSTNode | None:
    """The branch that alone has to do with what a resource's name holds in it.

    None where the name may hold something that nobody opens, or be spoken behind the branches;
    and where nothing but this gives it a value.
    """
    others = [one for one in resource.others if not one.is_none]
    opened = [one.node for one in (resource.binding, *others) if one.node is not None]
    if not others or not all(_is_opened(resource, one) for one in others):
        return None
    choices = [next(_branches(nodes, one), None) for one in opened]
    inside = {id(choice[1]) for choice in choices if choice is not None}
    is_apart = all(
        any(id(above) in inside for above in nodes.above(one))
        for one in nodes.variables(resource.name)
    )
    return choices[0][0] if is_apart and choices[0] is not None else None


def _branches(nodes: Nodes, node: cst.CSTNode) -> Iterator[tuple[cst.CSTNode, cst.If | cst.Match]]:
    """The branches that a node stands in, innermost first, each with the whole statement."""
    for below, above in pairwise(nodes.above(node)):
        if isinstance(above, _BRANCHING):
            yield below, above


def _is_opened(resource: Resource, binding: Binding) -> bool:
    """Whether a branch opens what it gives the name, by hand or by a `with`."""
    return binding.how is How.WITH or acquired(resource.evaluator, binding) is not None
