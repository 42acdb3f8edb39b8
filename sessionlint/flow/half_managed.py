"""Connections that stay open behind the `with` that opens them."""

from __future__ import annotations

import re
from typing import Final

import libcst as cst

from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.scopes import Binding, Block, How
from sessionlint.facts.values import Thing
from sessionlint.source.gate import HALF_MANAGED

__all__ = ["half_managed", "left_open"]

_TYPE: Final = f"{HALF_MANAGED}.connection"
_FACTORY: Final = "connection_factory"


def half_managed(evaluator: Evaluator, binding: Binding) -> Thing | None:
    """What a name gets from a `with` that opens it, and does not close it."""
    if binding.how is not How.WITH or not isinstance(binding.expression, cst.Call):
        return None
    return left_open(evaluator, binding.expression, binding.block)


def left_open(evaluator: Evaluator, call: cst.Call, block: Block) -> Thing | None:
    """The connection that a call surely opens, and that its own `with` does not close."""
    if HALF_MANAGED not in block.home.reader.text or not evaluator.may_acquire(call, block):
        return None
    value = evaluator.value(call, block)
    if not isinstance(value, Thing) or value.type.name != _TYPE or not value.is_fresh:
        return None
    return value if value.is_sure and not _has_own_class(evaluator) else None


def _has_own_class(evaluator: Evaluator) -> bool:
    """Whether connections of the project may be of a class of its own, whose exit may close."""
    return evaluator.tree.has(_FACTORY.encode(), re.compile(_FACTORY.encode()))
