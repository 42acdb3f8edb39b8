"""Functions of the project that may give what others keep, whatever custom says of their names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeGuard

import libcst as cst

from sessionlint.facts import calls
from sessionlint.facts.aside import is_aside
from sessionlint.facts.parameters import parameter_of
from sessionlint.facts.promised import is_promised
from sessionlint.facts.scopes import Block, BlockKind, How
from sessionlint.facts.syntax import last_name
from sessionlint.facts.values import (
    NONE,
    OTHER,
    UNKNOWN,
    Foreign,
    FunctionValue,
    Pending,
    Symbol,
    Thing,
    Value,
)
from sessionlint.source.custom import is_customary

if TYPE_CHECKING:
    from sessionlint.facts.evaluate import Evaluator

__all__ = ["lends"]

_KEEPERS = frozenset({"g", "state", "current_app", "request", "local", "ctx", "context"})
"""Objects of libraries to which a project gives attributes of its own."""

_USES = (
    b"query add add_all commit rollback flush execute scalar scalars delete merge remove".split()
)

_KEEPING = r"get|\w*(?:scoped|current|registry)\w*"
"""Methods that give what is kept: `_current.get()`, `current_app.scoped_session()`."""


def lends(evaluator: Evaluator, callee: Value, call: cst.Call) -> bool:
    """Whether what an unresolved call gives may belong to somebody else, as its function shows.

    The method of an object whose class is unknown is any of that name in the project.
    """
    name = last_name(call.func)
    if isinstance(callee, FunctionValue):
        if not _is_declared(callee):
            return _is_lending(evaluator, callee, call)
        # Whoever fills it in may give what is its own: `return self.session`.
        return _given_by_any(evaluator, name) != NONE
    if not is_customary(name):
        return False
    if _is_registry(evaluator, name):
        return True
    if not isinstance(call.func, cst.Attribute) or not _is_of_any(callee, call.func.value):
        return False
    return _given_by_any(evaluator, name) == OTHER


def _is_of_any(callee: Value, owner: cst.BaseExpression) -> bool:
    """Whether a method may be one of the project: of what is kept in a library's `tools.db`."""
    is_kept = isinstance(callee, (Symbol, Foreign)) and isinstance(owner, cst.Attribute)
    return callee == UNKNOWN or is_kept


def _is_registry(evaluator: Evaluator, name: str) -> bool:
    """Whether the project uses something of that name as a session: `DBSession.query(User)`.

    Calling such a registry gives the session of the thread, which is its own to close.
    """
    word = re.escape(name.encode())
    used = re.compile(rb"\b" + word + rb"\.(?:" + b"|".join(_USES) + rb")\(")

    def work_out() -> Value:
        return OTHER if evaluator.tree.has(name.encode(), used) else UNKNOWN

    return evaluator.named(None, f"registry {name}", work_out) == OTHER


def _is_declared(function: FunctionValue) -> bool:
    """Whether a function only says what others are to give."""
    block = function.block
    gives = block.yields or any(node.value is not None for node in block.returns)
    return not gives and calls.is_declaration(block)


def _given_by_any(evaluator: Evaluator, name: str) -> Value:
    """The same of a name that was asked about before, without another search."""
    return evaluator.named(None, f"def {name}", lambda: _of_methods(evaluator, name))


def _of_methods(evaluator: Evaluator, name: str) -> Value:
    """OTHER if a method of that name lends, None if there are some and none does."""
    word = re.escape(name.encode())
    defined = re.compile(word + rb"(?<=\bdef " + word + rb")\s*\(")
    tree, found = evaluator.tree, UNKNOWN
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
                found = found if _is_declared(function) else NONE
    return found


def _is_lending(
    evaluator: Evaluator, function: FunctionValue, call: cst.Call | None = None
) -> bool:
    """Whether a function may return what a call hands it, or what is not opened for its caller."""
    block = function.block
    return any(
        (call is not None and _is_handed(expression, function, call))
        or _is_lent(evaluator.value(expression, block))
        or _is_kept(expression, block)
        or (
            (_is_looked_up(expression) or _is_of_outside(expression, block))
            and _is_unknown(evaluator.value(expression, block))
        )
        for node in block.returns
        if node.value is not None
        for expression in _alternatives(node.value, block)
    )


def _alternatives(expression: cst.BaseExpression, block: Block) -> Iterator[cst.BaseExpression]:
    """The expressions one of which a conditional one gives, or a variable."""
    match expression:
        case cst.IfExp(body=first, orelse=second):
            yield from (*_alternatives(first, block), *_alternatives(second, block))
        case cst.BooleanOperation(left=first, right=second):
            yield from (*_alternatives(first, block), *_alternatives(second, block))
        case _:
            yield expression
            bindings = block.bindings(expression.value) if isinstance(expression, cst.Name) else []
            yield from (one.expression for one in bindings if _is_looked_up(one.expression))


def _is_looked_up(expression: cst.BaseExpression | None) -> TypeGuard[cst.BaseExpression]:
    """Whether an expression takes something from where it is kept: `request.state.db`."""
    if isinstance(expression, cst.Call):
        is_method = isinstance(expression.func, cst.Attribute)
        return is_method and re.fullmatch(_KEEPING, last_name(expression.func)) is not None
    return isinstance(expression, (cst.Attribute, cst.Subscript))


def _is_of_outside(expression: cst.BaseExpression, block: Block) -> bool:
    """Whether an expression is a variable of what a function stands in, its module for instance."""
    return isinstance(expression, cst.Name) and not block.bindings(expression.value)


def _is_kept(expression: cst.BaseExpression, block: Block) -> bool:
    """Whether a function keeps what a variable holds, or has it ended by somebody."""
    name = expression.value if isinstance(expression, cst.Name) else None
    return name is not None and (name in block.kept or is_promised(block, name))


def _is_handed(expression: cst.BaseExpression, function: FunctionValue, call: cst.Call) -> bool:
    """Whether an expression is a parameter for which a call has an argument."""
    if not isinstance(expression, cst.Name):
        return False
    name = expression.value
    if all(one.how is not How.PARAMETER for one in function.block.bindings(name)):
        return False
    return any(arg.star or parameter_of(function, call, arg) == name for arg in call.args)


def _is_unknown(value: Value) -> bool:
    return value == UNKNOWN or isinstance(value, Foreign)


def _is_lent(value: Value) -> bool:
    match value.result if isinstance(value, Pending) else value:
        case Thing(is_fresh=is_fresh):
            return not is_fresh
        case Foreign(name=name):
            return "mock" in name.lower()
        case Symbol(name=name):
            # What a library keeps for a request: `flask.g.session`.
            return not _KEEPERS.isdisjoint(name.split(".")[1:-1])
        case known:
            return known == OTHER
