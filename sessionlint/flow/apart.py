"""Names that several branches open by hand, each for itself."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import libcst as cst

from sessionlint.facts.scopes import Binding, How
from sessionlint.flow.acquisitions import opened
from sessionlint.flow.nodes import Nodes
from sessionlint.flow.resource import Resource

__all__ = ["branch_of", "is_first", "is_opened"]

_BRANCHING: Final = (cst.If, cst.Match)


def branch_of(resource: Resource, nodes: Nodes) -> cst.CSTNode | None:
    """The branch in which a resource lives, while others open its name for themselves.

    None where no other branch does; where the name may hold what nobody opens; where it is spoken
    out of these branches, or in one of them before that opens it.
    """
    others = [one for one in resource.others if not one.is_none]
    openings = [one.node for one in (resource.binding, *others) if one.node is not None]
    if not others or not all(is_opened(resource, one) for one in others):
        return None
    branches = [next(_branches(nodes, one), None) for one in openings]
    own, *rest = branches
    inside = set(map(id, branches))
    is_apart = len(inside) == len(branches) and all(
        len(inside & set(map(id, _branches(nodes, one)))) == 1
        for one in nodes.variables(resource.name)
    )
    pairs = zip(branches, openings, strict=True)
    is_begun = all(is_first(nodes, resource.name, *pair) for pair in pairs)
    return own if is_apart and all(rest) and is_begun else None


def is_first(nodes: Nodes, name: str, part: cst.CSTNode | None, opening: cst.CSTNode) -> bool:
    """Whether a part begins with the opening of a name, as far as it speaks of that."""
    for one in nodes.variables(name):
        around = list(nodes.above(one))
        if part in around:
            return opening in around
    return False


def _branches(nodes: Nodes, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The branches of an `if` or `match` that a node stands in, innermost first."""
    return (below for below, above in pairwise(nodes.above(node)) if isinstance(above, _BRANCHING))


def is_opened(resource: Resource, binding: Binding) -> bool:
    """Whether a function opens what it gives the name, by hand or by a `with`."""
    return binding.how is How.WITH or opened(resource.evaluator, binding) is not None
