"""What a function does only with a resource that it has opened itself.

    own = session is None
    if own:
        session = maker()
    …
    if own:
        session.close()

Whoever gives it a session gets that back open.
"""

from __future__ import annotations

from collections.abc import Iterable

import libcst as cst

from sessionlint.facts.scopes import Block, How
from sessionlint.facts.syntax import is_name, is_untold
from sessionlint.source.walk import descend

__all__ = ["only_owned"]


def only_owned(block: Block, nodes: Iterable[cst.CSTNode], name: str) -> frozenset[int]:
    """The ids of all nodes that are reached only where nothing was given under a name."""
    branches = [node for node in nodes if isinstance(node, cst.If)]
    untold = _inside(node for node in branches if is_untold(node.test, name))
    if not untold and not any(is_untold(one, name) for one in _values(block)):
        return frozenset()
    flags = {one for one in block.names if _is_flag(block, one, name, untold)}
    return untold | _inside(node for node in branches if _asks(node.test, flags))


def _inside(branches: Iterable[cst.If]) -> frozenset[int]:
    return frozenset(id(node) for one in branches for node in descend(one.body))


def _values(block: Block) -> list[cst.BaseExpression]:
    bindings = (one for bindings in block.names.values() for one in bindings)
    return [one.expression for one in bindings if one.expression is not None]


def _is_flag(block: Block, flag: str, name: str, untold: frozenset[int]) -> bool:
    """Whether a variable is true only where nothing was given."""
    bindings = block.bindings(flag)
    if any(one.how is How.PARAMETER for one in bindings):
        return False
    values = [one.expression for one in bindings]
    return any(not is_name(one, "False") for one in values) and all(
        value is not None
        and (
            is_name(value, "False")
            or is_untold(value, name)
            or (is_name(value, "True") and id(value) in untold)
        )
        for value in values
    )


def _asks(test: cst.BaseExpression, flags: set[str]) -> bool:
    """Whether a condition holds only where one of the flags is true."""
    match test:
        case cst.Name(value=name):
            return name in flags
        case cst.BooleanOperation(left=left, operator=cst.And(), right=right):
            return _asks(left, flags) or _asks(right, flags)
    return False
