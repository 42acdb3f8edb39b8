"""Functions of a module that do not fail in practice: they keep their errors, or do nothing.

Nobody expects `_warn(error)` to skip a close if all it does is to write a line to a log.
"""

from __future__ import annotations

from typing import Final

import libcst as cst

from sessionlint.facts.parameters import is_plain
from sessionlint.facts.scopes import Block
from sessionlint.facts.syntax import dotted, last_name
from sessionlint.facts.values import FunctionValue
from sessionlint.flow.handlers import Catch, caught
from sessionlint.flow.harmless import SAFE_CALLS, is_logging
from sessionlint.flow.resource import Resource
from sessionlint.flow.ways import Exit, Way
from sessionlint.source.below import is_expression
from sessionlint.source.walk import descend

__all__ = ["is_calm", "is_still", "is_unfailing", "may_store_in_vain"]

_ERROR: Final = Exit(Way.ERROR)
_ENDING: Final = frozenset({"close", "remove"})
"""Methods that end something else, which is not expected to fail: `registry.remove()`."""

_STILL: Final = (
    *(cst.Name, cst.Attribute, cst.BaseNumber, cst.BaseString, cst.List, cst.Dict, cst.Set),
    *(cst.Tuple, cst.BooleanOperation, cst.Comparison, cst.UnaryOperation, cst.IfExp),
)


def is_unfailing(call: cst.Call, resource: Resource) -> bool:
    """Whether a call is of a function of the project that cannot fail.

    It is one of this module or the same class, or one that is given the resource.
    """
    called = _called(call.func, resource.block) or _taking(call, resource)
    # To call a generator runs nothing of it.
    return called is not None and (is_calm(called) or _is_of_data(called))


def is_calm(function: Block) -> bool:
    """Whether a function cannot fail in practice, all that it does included."""
    if function.is_async or function.yields:
        return False
    return is_plain(function) and _is_calm(function.node)


def _is_of_data(called: Block) -> bool:
    return bool(called.yields) and is_plain(called) and not called.is_async


def _called(func: cst.BaseExpression, block: Block) -> Block | None:
    if type(func) is cst.Name:
        return None if block.bindings(func.value) else block.home.top.function(func.value)
    match func:
        case cst.Attribute(value=cst.Name(value="self" | "cls"), attr=cst.Name(value=name)):
            return block.owner.function(name) if block.owner else None
    return None


def _taking(call: cst.Call, resource: Resource) -> Block | None:
    """The function that is given a resource, wherever it stands."""
    if not resource.places(call.args):
        return None
    found = resource.evaluator.value(call.func, resource.block)
    return found.block if isinstance(found, FunctionValue) else None


def _is_calm(node: cst.CSTNode | None) -> bool:
    """Whether a suite, and all statements in it, or an expression, cannot fail in practice."""
    match node:
        case None | cst.Pass() | cst.Break() | cst.Continue():
            return True
        case cst.FunctionDef(body=body) | cst.Else(body=body) | cst.Finally(body=body):
            return _is_calm(body)
        case cst.IndentedBlock(body=lines) | cst.SimpleStatementSuite(body=lines):
            return all(_is_calm(line) for line in lines)
        case cst.SimpleStatementLine(body=statements):
            return all(_is_calm(one) for one in statements)
        case cst.If(test=test, body=body, orelse=orelse):
            return all(_is_calm(one) for one in (test, body, orelse))
        case cst.Try() | cst.TryStar():
            handlers, orelse, final = node.handlers, node.orelse, node.finalbody
            is_kept = any(caught(one, _ERROR) is Catch.ALWAYS for one in handlers)
            parts = [one.body for one in handlers]
            return is_kept and all(_is_calm(one) for one in (*parts, orelse, final))
        case cst.Expr(value=value) | cst.Return(value=value):
            return _is_calm(value)
        case cst.Assign(targets=targets, value=value):
            return all(_is_plain(one.target) for one in targets) and _is_calm(value)
    return is_expression(node) and is_still(node)


def _is_plain(target: cst.BaseExpression) -> bool:
    """Whether nothing fails where a value is put: `session.info["tenant"]` is a mapping."""
    if isinstance(target, cst.Subscript):
        return last_name(target.value) == "info" and not may_store_in_vain(target)
    return isinstance(target, (cst.Name, cst.Attribute))


def may_store_in_vain(target: cst.Subscript) -> bool:
    """Whether storing under a key may fail: a word is one of a mapping, which takes any."""
    match target.slice:
        case [cst.SubscriptElement(slice=cst.Index(value=cst.SimpleString()))]:
            return False
    return True


def is_still(value: cst.BaseExpression) -> bool:
    """Whether an expression only puts together what is there, or asks for it safely."""
    inside = (part for part in descend(value) if is_expression(part))
    return all(isinstance(part, _STILL) or _is_safe(part) for part in inside)


def _is_safe(expression: cst.BaseExpression) -> bool:
    if not isinstance(expression, cst.Call):
        return False
    func = expression.func
    if isinstance(func, cst.Attribute):
        method = func.attr.value
        if is_logging(func.value, method) or (method in _ENDING and not expression.args):
            return True
    return dotted(func) in SAFE_CALLS
