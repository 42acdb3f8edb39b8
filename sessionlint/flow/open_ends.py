"""Functions that come to an end, and surely leave open what they are given."""

from __future__ import annotations

import re
from itertools import islice
from typing import Final

import libcst as cst

from sessionlint.facts.calls import is_declaration
from sessionlint.facts.classes import is_throughout
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.holding import MAKING, has
from sessionlint.facts.parameters import is_plain, parameter_of, position_of
from sessionlint.facts.receivers import CLOSING
from sessionlint.facts.scopes import Block
from sessionlint.facts.syntax import last_name, names_in
from sessionlint.facts.values import ClassValue, Foreign, FunctionValue, Symbol
from sessionlint.flow.deferred import deferred
from sessionlint.flow.keeping import closes_nothing
from sessionlint.flow.nodes import Nodes
from sessionlint.source.walk import descend

__all__ = ["leaves_it_open"]

_HOPS: Final = 5
"""How many functions may pass on what they are given; behind them nobody knows."""

_ENDING: Final = frozenset("__exit__ __aexit__ __del__ invalidate reset terminate".split())
_ENDLESS: Final = re.compile(
    r"(?i)\w*(?:forever|polling|listen|consum|subscri|watch)\w*|iter|cycle"
)
"""What goes on for as long as the program, by its name."""


def leaves_it_open(evaluator: Evaluator, block: Block, name: str, hops: int = _HOPS) -> bool:
    """Whether a function ends, and neither it nor what it calls may close what a parameter gets."""
    if not hops or not is_plain(block) or block.yields or is_declaration(block):
        return False
    if any(_may_close(node) or _is_endless(node, name) for node in descend(block.node)):
        return False
    if any(has(block, one.value, name) for one in block.returns):
        return False
    nodes = Nodes(block)
    return all(_is_left(evaluator, nodes, one, hops) for one in nodes.variables(name))


def _may_close(node: cst.CSTNode) -> bool:
    """Whether something is called that closes by its name, or is handed on to be called."""
    match node:
        case cst.Call(func=cst.Attribute(attr=cst.Name(value="remove")), args=[]):
            return True
        case cst.Call(func=cst.Name(value=word)) | cst.Attribute(attr=cst.Name(value=word)):
            return _is_ending(word)
    return False


def _is_ending(word: str) -> bool:
    return word in _ENDING or CLOSING.search(word) is not None


def _is_endless(node: cst.CSTNode, name: str = "") -> bool:
    """Whether a loop, or a call that is one, may last; rows of a session come to an end."""
    match node:
        case cst.While():
            return True
        case cst.For(asynchronous=cst.Asynchronous(), iter=source):
            return name not in names_in(source)
        case cst.Call(func=func) | cst.For(iter=func):
            return _ENDLESS.fullmatch(last_name(func)) is not None
    return False


def _is_left(evaluator: Evaluator, nodes: Nodes, name: cst.Name, hops: int) -> bool:
    """Whether nothing closes a parameter where its name stands, nor takes it elsewhere."""
    match list(islice(nodes.above(name), 2)):
        case [cst.Param(), *_] | [cst.Attribute(), *_] | [cst.Comparison(), *_]:
            return True
        case [cst.Arg() as argument, cst.Call() as call]:
            return _is_left_by(evaluator, nodes.block, call, argument, hops)
    return False


def _is_left_by(
    evaluator: Evaluator, block: Block, call: cst.Call, argument: cst.Arg, hops: int
) -> bool:
    later = deferred(call)
    if later is not None and any(one is argument for one in later.args):
        call = later
    match evaluator.value(call.func, block):
        case FunctionValue() as function:
            name = parameter_of(function, call, argument)
            return name is not None and leaves_it_open(evaluator, function.block, name, hops - 1)
        case ClassValue(block=of):
            return is_throughout(evaluator, of, _ends_without_closing)
        case Symbol(name=name) | Foreign(name=name):
            is_asked = name != "builtins.getattr" or position_of(call, argument) > 0
            word = last_name(call.func)
            return is_asked and word not in MAKING and not word[:1].isupper()
    return False


def _ends_without_closing(of: Block) -> bool:
    """Whether no method of a class closes or enters anything, nor goes on for long."""
    return closes_nothing(of) and not any(
        _may_close(node) or _is_endless(node) for node in descend(of.node)
    )
