"""Whether coroutine functions wait for a session that others may use at the same time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import libcst as cst

from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.parameters import is_as_given, parameter_of
from sessionlint.facts.scopes import Block
from sessionlint.facts.syntax import HANDLERS, bare, is_name, last_name
from sessionlint.facts.values import FunctionValue
from sessionlint.flow.nodes import SCOPES, Nodes
from sessionlint.source.walk import descend

__all__ = ["is_awaiting", "is_locked", "is_waiting", "waited_attributes"]

_CHOICES: Final = (cst.If, cst.IfExp, cst.Match, *HANDLERS, cst.BooleanOperation)
_LOCK: Final = re.compile(r"(?i)(?:.*_)?(?:r?lock|sem|semaphore|mutex|limiter)\d*")


def is_locked(node: cst.CSTNode) -> bool:
    """Whether something is named that lets one in at a time."""
    return any(isinstance(one, cst.Name) and _LOCK.fullmatch(one.value) for one in descend(node))


def is_awaiting(evaluator: Evaluator, block: Block, call: cst.Call, given: cst.Arg) -> bool:
    """Whether a coroutine function waits for what it does with an argument; when unknown, yes."""
    callee = evaluator.value(call.func, block)
    if not isinstance(callee, FunctionValue):
        return True
    name = parameter_of(callee, call, given)
    if name is None or not is_as_given(callee.block, name):
        return False
    return bool(_waited(callee.block, name))


def is_waiting(evaluator: Evaluator, function: Block, name: str) -> bool:
    """Whether a function waits for what it does with something that it finds around it."""
    return any(_is_used(evaluator, function, node, name) for node in _waited(function, name))


def _is_used(evaluator: Evaluator, function: Block, node: cst.CSTNode, name: str) -> bool:
    call = bare(node) if isinstance(node, cst.Await) else node
    if not isinstance(call, cst.Call):
        return True
    given = [arg for arg in call.args if is_name(arg.value, name)]
    return not given or is_awaiting(evaluator, function, call, given[0])


def _waited(function: Block, name: str) -> list[cst.CSTNode]:
    """Where a function waits for something that has a name there; nowhere behind a lock."""
    nodes = list(descend(function.node))
    entered = (node.item for node in nodes if isinstance(node, cst.WithItem))
    if any(map(is_locked, entered)):
        return []
    return [node for node in nodes if _waits(node) and _speaks(node, name)]


def waited_attributes(
    evaluator: Evaluator, method: Block, hops: int = 1
) -> Iterator[cst.Attribute]:
    """The attributes of its object for which a method waits on every way, with nothing else.

    `await self.db.get(…)`, `await count(self.db)` where that waits for it, or another such method.
    """
    body = Nodes(method)
    waits = [node for node in body.nodes if _waits(node)]
    if any(map(_may_queue, waits)):
        return
    for node in waits:
        call = bare(node) if isinstance(node, cst.Await) else None
        is_choice = any(_is_choice(method, one) for one in body.above(node))
        if not isinstance(call, cst.Call) or is_choice:
            continue
        match call.func:
            case cst.Attribute(value=cst.Attribute(value=cst.Name(value="self")) as owner):
                yield owner
            case cst.Attribute(value=cst.Name(value="self")) if hops:
                called = evaluator.value(call.func, method)
                if isinstance(called, FunctionValue):
                    yield from waited_attributes(evaluator, called.block, hops - 1)
        yield from _lent(evaluator, method, call)


def _lent(evaluator: Evaluator, method: Block, call: cst.Call) -> Iterator[cst.Attribute]:
    """The attributes of the object that a function of the project is given, and waits for."""
    if not isinstance(evaluator.value(call.func, method), FunctionValue):
        return
    for arg in call.args:
        match arg.value:
            case cst.Attribute(value=cst.Name(value="self")) as given:
                if is_awaiting(evaluator, method, call, arg):
                    yield given


def _is_choice(method: Block, node: cst.CSTNode) -> bool:
    """Whether what stands in a node may not run, or not for the method itself."""
    if isinstance(node, _CHOICES):
        return True
    return isinstance(node, SCOPES) and node is not method.node


def _may_queue(node: cst.CSTNode) -> bool:
    """Whether a wait may be there to let one in at a time, whatever its name."""
    if isinstance(node, cst.With):
        return True
    call = bare(node) if isinstance(node, cst.Await) else None
    return isinstance(call, cst.Call) and last_name(call.func) in {"acquire", "wait"}


def _waits(node: cst.CSTNode) -> bool:
    if isinstance(node, (cst.With, cst.For)):
        return node.asynchronous is not None
    return isinstance(node, cst.Await)


def _speaks(node: cst.CSTNode, name: str) -> bool:
    return any(is_name(below, name) for part in _waited_parts(node) for below in descend(part))


def _waited_parts(node: cst.CSTNode) -> list[cst.CSTNode]:
    """What is waited for: what a `with` enters, and a loop goes through."""
    if isinstance(node, cst.With):
        return [item.item for item in node.items]
    return [node.iter] if isinstance(node, cst.For) else [node]
