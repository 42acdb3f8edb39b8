"""Which values take a resource along to whoever gets them."""

from __future__ import annotations

from typing import Final

import libcst as cst

from sessionlint.facts.catalog import METHODS
from sessionlint.facts.catalog import How as Gives
from sessionlint.facts.receivers import is_constructor
from sessionlint.facts.scopes import How
from sessionlint.facts.syntax import bare, last_name
from sessionlint.flow.resource import Resource
from sessionlint.source.walk import descend

__all__ = ["gives_itself", "is_method", "leads_back", "leaves", "mentions"]

_LEADING_BACK: Final = frozenset({"cursor", "begin", "begin_nested"})
"""Methods whose result knows the resource.

Source: `cursor.connection` of PEP 249; `Transaction.connection`, `SessionTransaction.session`.
"""


def mentions(resource: Resource, node: cst.CSTNode) -> bool:
    """Whether a node speaks of the resource at all."""
    names = resource.names
    return any(type(part) is cst.Name and part.value in names for part in descend(node))


def leaves(resource: Resource, value: cst.BaseExpression | None) -> bool:
    """Whether the resource itself goes along with a value, be it inside of another object."""
    match value:
        case cst.Name(value=name):
            return name in resource.names
        case cst.Await(expression=inner) | cst.NamedExpr(value=inner):
            return leaves(resource, inner)
        case cst.Tuple(elements=parts) | cst.List(elements=parts) | cst.Set(elements=parts):
            return any(leaves(resource, part.value) for part in parts)
        case cst.Dict(elements=parts):
            return any(leaves(resource, part.value) for part in parts)
        case cst.IfExp(body=first, orelse=second):
            return leaves(resource, first) or leaves(resource, second)
        case cst.BooleanOperation(left=first, right=second):
            return leaves(resource, first) or leaves(resource, second)
        case cst.Lambda() | cst.GeneratorExp():
            return mentions(resource, value)
        case cst.Call(args=args):
            makes = is_constructor(resource.evaluator, value, resource.block)
            return makes and any(leaves(resource, arg.value) for arg in args)
    return False


def leads_back(resource: Resource, value: cst.BaseExpression | None) -> bool:
    """Whether whoever gets a value can reach the resource through it, and close both."""
    value = value and bare(value)
    if isinstance(value, cst.Name):
        bindings = resource.block.bindings(value.value)
        calls = [one.expression for one in bindings if one.how is How.VALUE]
        return any(isinstance(one, cst.Call) and leads_back(resource, one) for one in calls)
    if not isinstance(value, cst.Call) or not is_method(resource, value):
        return False
    return last_name(value.func) in _LEADING_BACK or gives_itself(resource, value)


def gives_itself(resource: Resource, value: cst.BaseExpression) -> bool:
    """`conn = conn.execution_options(…)`: the same object again."""
    if not (isinstance(value, cst.Call) and is_method(resource, value)):
        return False
    gift = METHODS.get((resource.thing.type.name, last_name(value.func)))
    return gift is not None and gift.how is Gives.ITSELF


def is_method(resource: Resource, call: cst.Call) -> bool:
    """Whether a method of the resource is called, or of one of a list of them."""
    if type(call.func) is not cst.Attribute:
        return False
    owner = call.func.value
    return type(owner) is cst.Name and (
        owner.value in resource.names or owner.value in resource.members
    )
