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
    branches = [next(_branches(nodes, one), None) for one in opened]
    own, *rest = branches
    inside = set(map(id, branches))
    is_apart = len(inside) == len(branches) and all(
        len(inside & set(map(id, _branches(nodes, one)))) == 1
        for one in nodes.variables(resource.name)
    )
    return own if is_apart and all(rest) else None


def _branches(nodes: Nodes, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The branches of an `if` or `match` that a node stands in, innermost first."""
    return (below for below, above in pairwise(nodes.above(node)) if isinstance(above, _BRANCHING))


def _is_opened(resource: Resource, binding: Binding) -> bool:
    """Whether a branch opens what it gives the name, by hand or by a `with`."""
    return binding.how is How.WITH or acquired(resource.evaluator, binding) is not None
