"""Loops that build something anew in each of their turns, as far as anybody can tell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile
from typing import Final

import libcst as cst

from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.scopes import Block, How
from sessionlint.facts.syntax import dotted, is_name, last_name
from sessionlint.flow.harmless import EXITS
from sessionlint.flow.loops import innermost, takes_one_turn
from sessionlint.flow.nodes import Nodes
from sessionlint.flow.usage import takes_at_once
from sessionlint.source.walk import descend

__all__ = ["is_anew", "is_only_used"]

_CHOICES: Final = (cst.If, cst.While, cst.Match, cst.IfExp, cst.BooleanOperation)
_LEAVING: Final = (cst.Break, cst.Return, cst.Yield, cst.Raise)
_WRITTEN: Final = (cst.Tuple, cst.List, cst.Set, cst.Dict)
_SAME: Final = frozenset("enumerate zip sorted reversed list tuple set range".split())
"""Functions that give what they are given, one after the other."""

_PARTS: Final = frozenset({"items", "keys", "values"})
_REPLACING: Final = r"exec[lv]\w*"
"""Functions of `os` that let another program run in the process."""

_TRYING: Final = re.compile(r"(?i)retry|attempt|tries")


def is_anew(evaluator: Evaluator, nodes: Nodes, call: cst.Call) -> bool:
    """Whether a call runs again and again in a loop through what is not known beforehand.

    Nothing in the loop leaves it or decides about the call, and it tries nothing over, as a
    `while True` may.
    """
    block = nodes.block
    loop = innermost(block.node, call)
    if not isinstance(loop, cst.For) or takes_one_turn(evaluator, block, loop):
        return False
    inside = list(takewhile(lambda above: above is not loop, nodes.above(call)))
    if any(isinstance(above, _CHOICES) for above in inside):
        return False
    parts = list(descend(loop))
    if any(isinstance(one, _LEAVING) or _is_exit(one) for one in parts):
        return False
    return not (_is_known(block, loop.iter) or _tries(loop, parts))


def _is_exit(node: cst.CSTNode) -> bool:
    if not isinstance(node, cst.Call):
        return False
    return dotted(node.func) in EXITS or re.fullmatch(_REPLACING, last_name(node.func)) is not None


def _is_known(block: Block, source: cst.BaseExpression) -> bool:
    """Whether all that a loop goes through is written out, be it somewhere else."""
    match source:
        case cst.Name(value=name):
            given = [one.expression for one in block.seen(name) if one.how is How.VALUE]
            return any(isinstance(one, _WRITTEN) for one in given)
        case cst.Call(func=cst.Name(value=name), args=args) if name in _SAME:
            return all(_is_known(block, arg.value) for arg in args) or name == "range"
        case cst.Call(func=cst.Attribute(value=owner, attr=cst.Name(value=part))):
            return part in _PARTS and _is_known(block, owner)
    return isinstance(source, _WRITTEN)


def _tries(loop: cst.For, parts: Sequence[cst.CSTNode]) -> bool:
    """Whether a loop does one thing until it succeeds: `for one in Retrying(…): with one:`."""
    if any(isinstance(one, cst.Name) and _TRYING.search(one.value) for one in descend(loop.iter)):
        return True
    entered = [one.item for one in parts if isinstance(one, cst.WithItem)]
    return any(is_name(loop.target, item.value) for item in entered if isinstance(item, cst.Name))


def is_only_used(nodes: Nodes, name: str, lent: frozenset[int]) -> bool:
    """Whether an engine goes nowhere: its methods are called, or what connects by it at once.

    `lent` are the calls (by id) that give nothing back of what they are lent.
    """
    return all(_is_use(nodes, one, lent) for one in nodes.variables(name))


def _is_use(nodes: Nodes, name: cst.Name, lent: frozenset[int]) -> bool:
    above = nodes.above(name)
    holder, around = next(above), next(above)
    match holder:
        case cst.AssignTarget():
            return True
        case cst.Attribute():
            return isinstance(around, cst.Call)
        case cst.Arg() if isinstance(around, cst.Call):
            return takes_at_once(last_name(around.func)) or id(around) in lent
    return False
