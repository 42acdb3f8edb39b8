"""How long a function goes on, and holds its session, behind a call that lets something run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import chain, dropwhile, takewhile
from typing import Final

import libcst as cst

from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.scopes import Binding, Block
from sessionlint.facts.syntax import dotted, is_name, last_name, names_in
from sessionlint.facts.values import FunctionValue
from sessionlint.flow.nodes import Nodes
from sessionlint.source.background import BACKGROUND, THREADS
from sessionlint.source.walk import descend

__all__ = ["is_long_request", "may_be_through", "until_close"]

_WAITING: Final = re.compile(
    r"(?i)\w*(?:wait|sleep)\w*|(?:\w+_)?join(?:_\w+)?|acquire|as_completed|gather|result|shutdown"
)
"""What may wait for what runs, or for something that it does, by its name."""

_STREAMING: Final = re.compile(r"(?:Streaming|EventSource)Response")
"""What goes on giving an answer, and with it the session, when the function has returned.

Source: Starlette, "Responses"; `sse-starlette`.
"""


def until_close(
    node: cst.CSTNode, call: cst.Call, name: str, binding: Binding
) -> list[cst.CSTNode] | None:
    """What is run from a call on until what has a name is closed at the end of a node around it.

    None where the node closes nothing, or not whatever happens.
    """
    match node:
        case cst.With(items=items, body=body) if binding.node in items:
            return _behind(call, descend(body))
        case cst.Try(finalbody=cst.Finally(body=final)):
            close = _close_in(final, name)
            run = chain.from_iterable(map(descend, _parts(node, call)))
            before = takewhile(lambda one: one is not close, run)
            return None if close is None else _behind(call, before)
    return None


def _parts(node: cst.Try, call: cst.Call) -> list[cst.CSTNode]:
    """What of a `try` is run one after the other, where it comes to a call in it."""
    handler = next((one for one in node.handlers if _is_in(call, one)), None)
    parts = [node.body, node.orelse] if handler is None else [handler]
    return [one for one in (*parts, node.finalbody) if one is not None]


def _is_in(call: cst.Call, part: cst.CSTNode) -> bool:
    return any(one is call for one in descend(part))


def _behind(call: cst.Call, run: Iterable[cst.CSTNode]) -> list[cst.CSTNode]:
    """What is run behind a call, without what is in that."""
    started = set(descend(call))
    behind = dropwhile(lambda one: one is not call, run)
    return [one for one in behind if one not in started]


def _close_in(suite: cst.BaseSuite, name: str) -> cst.CSTNode | None:
    """The statement that surely closes what has a name, if that holds anything."""
    for line in suite.body:
        match line:
            case cst.Try(body=body) | cst.With(body=body):
                found = _close_in(body, name)
            case cst.If(test=test, body=body) if names_in(test) <= {name, "None"}:
                found = _close_in(body, name)
            case cst.SimpleStatementLine(body=small):
                found = next((one for one in small if _has_close(one, name)), None)
            case _:
                found = line if _has_close(line, name) else None
        if found is not None:
            return found
    return None


def _has_close(node: cst.CSTNode, name: str) -> bool:
    """Whether a simple statement closes what has a name."""
    calls = (one for one in descend(node, cst.Lambda) if isinstance(one, cst.Call))
    is_simple = isinstance(node, cst.BaseSmallStatement)
    return is_simple and any(dotted(one.func) == f"{name}.close" for one in calls)


def may_be_through(nodes: Nodes, call: cst.Call, until: list[cst.CSTNode]) -> bool:
    """Whether what a call lets run may be through behind all that is run `until` the close.

    What runs behind the response begins after all of that.
    """
    if last_name(call.func) == BACKGROUND:
        return False
    lets = _lets_thread_run if last_name(call.func) in THREADS else _lets_task_run
    return _is_lasting(nodes, call, until) or any(map(lets, until))


def is_long_request(evaluator: Evaluator, nodes: Nodes, call: cst.Call) -> bool:
    """Whether a request may go on for as long as what a call in it lets run."""
    behind = _behind(call, descend(nodes.block.node))
    is_long = any(_is_long(evaluator, nodes.block, one) for one in behind)
    return is_long or _is_streamed(nodes) or _is_lasting(nodes, call, behind)


def _is_lasting(nodes: Nodes, call: cst.Call, behind: list[cst.CSTNode]) -> bool:
    """Whether a function waits or goes on around a call, or in what is run behind it."""
    return any(map(_goes_on, nodes.above(call))) or any(map(_is_waiting, behind))


def _is_streamed(nodes: Nodes) -> bool:
    """Whether the request goes on when the function has returned."""
    return any(_STREAMING.fullmatch(last_name(one.func)) for one in nodes.of(cst.Call))


def _is_long(evaluator: Evaluator, block: Block, node: cst.CSTNode) -> bool:
    """Whether a function of the project is called that waits itself: `await handle(socket)`."""
    callee = evaluator.value(node.func, block) if isinstance(node, cst.Call) else None
    if not isinstance(callee, FunctionValue) or callee.block.yields:
        return False
    # As the text of a function is joined, too, a join says nothing there.
    waits = any(re.search("wait|sleep", last_name(one.func)) for one in callee.block.calls)
    return waits or any(map(_goes_on, descend(callee.block.node)))


def _goes_on(node: cst.CSTNode) -> bool:
    """Whether a function, and with it the session, may go on there for as long as a task runs."""
    return isinstance(node, (cst.While, cst.Yield)) or (
        isinstance(node, cst.For) and node.asynchronous is not None
    )


def _is_waiting(node: cst.CSTNode) -> bool:
    """Whether a function may go on for long there, or until what it started is through."""
    match node:
        case cst.Call(func=func, args=args):
            name = last_name(func)
            return _WAITING.fullmatch(name) is not None or (name == "get" and _may_block(args))
    return _goes_on(node)


def _may_block(args: Sequence[cst.Arg]) -> bool:
    """Whether the `get` of a queue is given them: `jobs.get(True, 5)`, `jobs.get(timeout=5)`."""
    words = {arg.keyword.value for arg in args if arg.keyword is not None}
    return not args or is_name(args[0].value, "True") or bool(words & {"block", "timeout"})


def _lets_task_run(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Await)


def _lets_thread_run(node: cst.CSTNode) -> bool:
    """Whether a thread has time to do its work there: any call but that which starts it."""
    return isinstance(node, cst.Call) and last_name(node.func) != "start"
