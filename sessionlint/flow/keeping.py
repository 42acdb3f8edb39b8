"""Objects that keep what they are given, and what is asked of them."""

from __future__ import annotations

from itertools import islice
from typing import Final

import libcst as cst

from sessionlint.facts.classes import is_throughout, member
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.parameters import parameter_of
from sessionlint.facts.receivers import CLOSING
from sessionlint.facts.scopes import Block
from sessionlint.facts.values import ClassValue, FunctionValue
from sessionlint.flow.nodes import Nodes
from sessionlint.flow.transactions import leaves_open
from sessionlint.source.walk import descend

__all__ = ["is_asked", "is_kept_open", "is_wrapped", "methods"]

_LEAVING: Final = frozenset({"__enter__", "__aenter__", "__exit__", "__aexit__", "__del__"})


def is_kept_open(evaluator: Evaluator, of: Block, call: cst.Call, argument: cst.Arg) -> bool:
    """Whether a class keeps what it is given, and neither it nor a base may close anything."""
    init = member(evaluator, of, "__init__")
    if not isinstance(init, FunctionValue):
        return False
    name = parameter_of(init, call, argument)
    is_kept = name is not None and name in init.block.kept
    return is_kept and is_throughout(evaluator, of, _closes_nothing)


def _closes_nothing(of: Block) -> bool:
    """Whether no node of a class or function closes anything by its name."""
    return not any(map(_may_close, descend(of.node)))


def _may_close(node: cst.CSTNode) -> bool:
    """Whether a node of a class enters or closes something, or says that the class does."""
    match node:
        case cst.Attribute(attr=cst.Name(value=word)) | cst.FunctionDef(name=cst.Name(value=word)):
            return word in _LEAVING or CLOSING.search(word) is not None
    return isinstance(node, cst.With)


def methods(nodes: Nodes, call: cst.CSTNode) -> frozenset[str]:
    """What is called on the object that a call makes; empty where the object may go elsewhere.

    A loop makes one in each turn.
    """
    match [call, *islice(nodes.above(call), 2)]:
        case [_, cst.Attribute(attr=method) as owner, cst.Call(func=func)] if func is owner:
            return frozenset({method.value})
        case [cst.For(target=cst.Name(value=name)), *_]:
            pass
        case [_, cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))]), _]:
            pass
        case _:
            return frozenset()
    if len(nodes.block.bindings(name)) > 1 or name in nodes.block.declared:
        return frozenset()
    found: set[str] = set()
    for one in nodes.variables(name):
        match list(islice(nodes.above(one), 2)):
            case [cst.Attribute(attr=method) as owner, cst.Call(func=func)] if func is owner:
                found.add(method.value)
            case [cst.AssignTarget(), _]:
                pass
            case [cst.For(target=target), _] if target is one:
                pass
            case _:
                return frozenset()
    return frozenset(found)


def is_asked(evaluator: Evaluator, of: Block, called: frozenset[str]) -> bool:
    """Whether one of the methods of a class takes a connection and does not give it back."""
    found = [member(evaluator, of, name) for name in called]
    return any(isinstance(one, FunctionValue) and leaves_open(one.block) for one in found)


def is_wrapped(evaluator: Evaluator, function: Block) -> bool:
    """Whether a decorator of the project may close what a function is given."""
    marks = (one.func if isinstance(one, cst.Call) else one for one in function.decorators)
    where = function.parent or function
    found = (evaluator.value(one, where) for one in marks)
    own = (one.block for one in found if isinstance(one, (FunctionValue, ClassValue)))
    return not all(map(_closes_nothing, own))
