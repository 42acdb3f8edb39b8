"""What a function itself takes for None at times: that cannot be entered."""

from __future__ import annotations

import libcst as cst

from sessionlint.facts.syntax import JUMPS, is_name, is_untold
from sessionlint.flow.resource import Resource
from sessionlint.source.walk import descend

__all__ = ["is_expected_to_be_none"]


def is_expected_to_be_none(resource: Resource) -> bool:
    """Whether a function is ready for None instead, which cannot be entered.

    It leaves then, or works only where it has got something. That a close asks is mere care.
    """
    tests = [node for node in descend(resource.block.node) if isinstance(node, cst.If)]
    return any(
        (_is_none(resource, node.test) and any(isinstance(x, JUMPS) for x in descend(node.body)))
        or (_is_given(resource, node.test) and _works(resource, node.body))
        for node in tests
    )


def _is_none(resource: Resource, test: cst.BaseExpression) -> bool:
    """`session is None`, `not session`, `not session or not rows`."""
    match test:
        case cst.BooleanOperation(left=first, operator=cst.Or(), right=second):
            return _is_none(resource, first) or _is_none(resource, second)
    return is_untold(test, resource.name)


def _is_given(resource: Resource, test: cst.BaseExpression) -> bool:
    """`session is not None`, `session`, `session and rows`."""
    match test:
        case cst.BooleanOperation(left=first, operator=cst.And(), right=second):
            return _is_given(resource, first) or _is_given(resource, second)
        case cst.Comparison(
            left=asked,
            comparisons=[cst.ComparisonTarget(operator=cst.IsNot(), comparator=cst.Name("None"))],
        ):
            return is_name(asked, resource.name)
    return is_name(test, resource.name)


def _works(resource: Resource, suite: cst.BaseSuite) -> bool:
    """Whether statements do more with the resource than to end it."""
    return any(
        isinstance(node, cst.Attribute)
        and is_name(node.value, resource.name)
        and not resource.thing.type.is_release(node.attr.value)
        and node.attr.value not in {"commit", "rollback"}
        for node in descend(suite)
    )
