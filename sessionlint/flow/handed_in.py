"""Engines that a function builds only where its caller hands none in."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.parameters import parameter_of
from sessionlint.facts.scopes import Block, How
from sessionlint.facts.syntax import is_name, is_untold, last_name
from sessionlint.facts.values import FunctionValue
from sessionlint.flow.callers import callers, is_dependency
from sessionlint.flow.nodes import Nodes

__all__ = ["asked_for", "hands_in", "is_always_handed_in"]


def asked_for(block: Block, call: cst.Call, name: str | None) -> str | None:
    """The parameter in whose place a call builds something, None where it does so in any case.

    `if engine is None: engine = create_engine(URL)`, where `name` is that of what is built.
    """
    if name is None or not any(one.how is How.PARAMETER for one in block.bindings(name)):
        return None
    below: cst.CSTNode = call
    for above in Nodes(block).around(call):
        if isinstance(above, cst.If) and above.body is below and is_untold(above.test, name):
            return name
        below = above
    return None


def is_always_handed_in(evaluator: Evaluator, block: Block, name: str) -> bool:
    """Whether the program calls a function, and hands something in for a parameter each time."""
    asking = (caller for caller, _ in callers(evaluator, block, is_wide=True))
    found = [call for caller in asking for call in _calls(evaluator, caller, block, name)]
    return bool(found) and all(found) and not is_dependency(evaluator, block)


def hands_in(evaluator: Evaluator, caller: Block, call: cst.Call, name: str) -> bool:
    """Whether a call surely hands something in for a parameter of what it calls."""
    function = evaluator.value(call.func, caller)
    if not isinstance(function, FunctionValue):
        return False
    given = [arg.value for arg in call.args if not arg.star]
    taking = [arg.value for arg in call.args if parameter_of(function, call, arg) == name]
    return any(one in given and not _may_be_none(caller, one) for one in taking)


def _calls(evaluator: Evaluator, caller: Block, block: Block, name: str) -> Iterator[bool]:
    """Whether each call of a function hands something in."""
    for call in list(caller.near.calls):
        if last_name(call.func) != block.name:
            continue
        function = evaluator.value(call.func, caller)
        if isinstance(function, FunctionValue) and function.block is block:
            yield hands_in(evaluator, caller, call, name)


def _may_be_none(block: Block, value: cst.BaseExpression) -> bool:
    """Whether an argument is None, or a variable that may be: a parameter, too, as by default."""
    if not isinstance(value, cst.Name):
        return False
    bindings = block.seen(value.value)
    return value.value == "None" or any(is_name(one.expression, "None") for one in bindings)
