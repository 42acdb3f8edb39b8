"""Whether coroutine functions wait for a session that others may use at the same time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import libcst as cst

from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.parameters import parameter_of
from sessionlint.facts.scopes import Block
from sessionlint.facts.syntax import bare, is_name
from sessionlint.facts.values import FunctionValue
from sessionlint.source.walk import descend

__all__ = ["is_awaiting", "is_locked", "is_waiting", "waited_attributes"]

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
    return name is not None and bool(_waited(callee.block, name))


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
    return [node for node in _waits_of(function) if _speaks(node, name)]


def waited_attributes(
    evaluator: Evaluator, method: Block, hops: int = 1
) -> Iterator[cst.Attribute]:
    """The attributes of its object that a method waits for, or has another method wait for."""
    for node in _waits_of(method):
        for part in _waited_parts(node):
            for below in descend(part):
                if isinstance(below, cst.Attribute) and is_name(below.value, "self"):
                    yield below
                    called = evaluator.value(below, method) if hops else None
                    if isinstance(called, FunctionValue):
                        yield from waited_attributes(evaluator, called.block, hops - 1)


def _waits_of(function: Block) -> list[cst.CSTNode]:
    """Where a function waits for anything; nowhere behind a lock."""
    nodes = list(descend(function.node))
    entered = (node.item for node in nodes if isinstance(node, cst.WithItem))
    if any(map(is_locked, entered)):
        return []
    return [node for node in nodes if _waits(node)]


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
