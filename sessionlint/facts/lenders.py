"""Functions of the project that may give what others keep, whatever custom says of their names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from sessionlint.facts import calls
from sessionlint.facts.aside import is_aside
from sessionlint.facts.custom import is_customary
from sessionlint.facts.scopes import Block, BlockKind, How
from sessionlint.facts.syntax import last_name
from sessionlint.facts.values import OTHER, UNKNOWN, FunctionValue, Pending, Thing, Value

if TYPE_CHECKING:
    from sessionlint.facts.evaluate import Evaluator

__all__ = ["lends"]


def lends(evaluator: Evaluator, callee: Value, call: cst.Call) -> bool:
    """Whether what an unresolved call gives may belong to somebody else, as its function shows.

    The method of an object whose class is unknown is any of that name in the project.
    """
    if isinstance(callee, FunctionValue):
        return _is_lending(evaluator, callee)
    name = last_name(call.func)
    if callee != UNKNOWN or not isinstance(call.func, cst.Attribute) or not is_customary(name):
        return False
    return evaluator.named(None, f"def {name}", lambda: _of_methods(evaluator, name)) == OTHER


def _of_methods(evaluator: Evaluator, name: str) -> Value:
    """OTHER if a method of that name lends."""
    word = re.escape(name.encode())
    defined = re.compile(word + rb"(?<=\bdef " + word + rb")\s*\(")
    tree = evaluator.tree
    for path, _ in tree.searched(name.encode(), defined):
        # What stands in for an object in a test says nothing of the object.
        module = None if is_aside(path, tree.files.root) else tree.module(path)
        for binding in [] if module is None else module.assigning(name):
            target = binding.target
            if binding.how is not How.DEFINITION or target is None:
                continue
            if target.kind is BlockKind.FUNCTION:
                function = FunctionValue(target, binding.block)
                if _is_lent(calls.called(evaluator, function)) or _is_lending(evaluator, function):
                    return OTHER
    return UNKNOWN


def _is_lending(evaluator: Evaluator, function: FunctionValue) -> bool:
    """Whether a function may return what it was handed, or what is not opened for its caller."""
    block = function.block
    return any(
        _is_parameter(expression, block) or _is_lent(evaluator.value(expression, block))
        for node in block.returns
        if node.value is not None
        for expression in _alternatives(node.value)
    )


def _alternatives(expression: cst.BaseExpression) -> Iterator[cst.BaseExpression]:
    """The expressions one of which a conditional one gives."""
    match expression:
        case cst.IfExp(body=first, orelse=second):
            yield from (*_alternatives(first), *_alternatives(second))
        case cst.BooleanOperation(left=first, right=second):
            yield from (*_alternatives(first), *_alternatives(second))
        case _:
            yield expression


def _is_parameter(expression: cst.BaseExpression, block: Block) -> bool:
    if not isinstance(expression, cst.Name):
        return False
    return any(one.how is How.PARAMETER for one in block.bindings(expression.value))


def _is_lent(value: Value) -> bool:
    known = value.result if isinstance(value, Pending) else value
    return known == OTHER or (isinstance(known, Thing) and not known.is_fresh)
