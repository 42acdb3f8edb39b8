"""What stands in a shield, so that a cancellation does not cut it off."""

from __future__ import annotations

import libcst as cst

from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.shields import is_protected, is_shield, is_shielding
from sessionlint.flow.leaving import is_method
from sessionlint.flow.nodes import Nodes
from sessionlint.flow.resource import Resource

__all__ = ["is_closed_in_shield", "is_in_shield"]


def is_in_shield(evaluator: Evaluator, nodes: Nodes, call: cst.Call) -> bool:
    """Whether a call of a function stands in a shield, or all of the function runs in one."""
    for above in nodes.above(call):
        if isinstance(above, cst.With) and is_shielding(evaluator, above, nodes.block):
            return True
        if isinstance(above, cst.Call) and is_shield(evaluator, above.func, nodes.block):
            return True
    return is_protected(evaluator, nodes.block)


def is_closed_in_shield(resource: Resource) -> bool:
    """Whether a resource is closed by hand on purpose, to protect that."""
    nodes = Nodes(resource.block)
    return any(
        is_method(resource, node)
        and resource.thing.type.is_release(node.func.attr.value)
        and is_in_shield(resource.evaluator, nodes, node)
        for node in nodes.nodes
        if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute)
    )
