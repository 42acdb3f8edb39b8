"""Sessions that go to a task which is still at work when their owner closes them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from itertools import chain, dropwhile, takewhile
from typing import Final, NamedTuple

import libcst as cst

from sessionlint.facts.annotations import injected
from sessionlint.facts.catalog import Kind
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.scopes import Binding, Block, BlockKind, How
from sessionlint.facts.syntax import dotted, is_name, last_name, names_in
from sessionlint.facts.values import FunctionValue, Thing
from sessionlint.flow import lenders
from sessionlint.flow.acquisitions import has_mocks
from sessionlint.flow.circumstances import is_aside
from sessionlint.flow.generators import lent_by
from sessionlint.flow.harmless import SETTLING
from sessionlint.flow.keeping import is_wrapped
from sessionlint.flow.letting import let_go, user_of
from sessionlint.flow.nodes import Nodes
from sessionlint.source.background import BACKGROUND, LETTING_GO, THREADS
from sessionlint.source.fanning import is_session_name
from sessionlint.source.walk import descend

__all__ = ["Escaped", "Owner", "When", "escaped"]

_HELD: Final = frozenset({Kind.SESSION, Kind.CONNECTION})
_WAITING: Final = re.compile(
    r"(?i)\w*(?:wait|sleep)\w*|(?:\w+_)?join(?:_\w+)?|acquire|as_completed|gather|result|shutdown"
)
"""What may wait for what runs, or for something that it does, by its name."""

_STREAMING: Final = re.compile(r"(?:Streaming|EventSource)Response")
"""What goes on giving an answer, and with it the session, when the function has returned.

Source: Starlette, "Responses"; `sse-starlette`.
"""

_EARLY: Final = ((0, 106), (0, 118))
"""The releases of FastAPI that end dependencies before background tasks run.

Source: measured by tests/bench/background_tasks.py; the release notes of 0.106.0 and 0.118.0.
"""


class When(Enum):
    """When a session is closed that a task still uses, for the end of a sentence."""

    REQUEST = "when the request ends"
    WITH = "at the end of its `with`"
    FINALLY = "in the `finally`"


class Owner(NamedTuple):
    """What is closed, and when.

    Where a `release` of FastAPI is told, it does so before background tasks begin.
    """

    thing: Thing
    when: When = When.REQUEST
    release: str | None = None


class Escaped(NamedTuple):
    """A session that `call` hands to what it lets run, `runs`, and that its owner closes meanwhile.

    `is_behind` the response is what it lets run. `is_ended`: that itself gives the connection back.
    """

    owner: Owner
    name: str
    call: cst.Call
    runs: cst.BaseExpression
    is_behind: bool
    is_ended: bool


def escaped(evaluator: Evaluator, block: Block) -> Iterator[Escaped]:
    """The sessions of a function that tasks go on using which it does not wait for."""
    calls = [call for call in block.near.calls if last_name(call.func) in LETTING_GO]
    if block.kind is not BlockKind.FUNCTION or not calls:
        return
    if is_aside(evaluator, block) or has_mocks(block):
        return
    nodes = Nodes(block)
    for call in calls:
        run = let_go(evaluator, nodes, call)
        for argument in () if run is None else run.args:
            owner = _owner(evaluator, nodes, call, argument)
            user = user_of(evaluator, block, run, argument) if run and owner else None
            if run and owner and user and not _gets_another(evaluator, call, user):
                name = last_name(argument.value)
                is_behind = last_name(call.func) == BACKGROUND
                is_ended = any(last_name(one.func) in SETTLING for one in user.calls)
                yield Escaped(owner, name, call, run.func, is_behind, is_ended)


def _gets_another(evaluator: Evaluator, call: cst.Call, user: Block) -> bool:
    """Whether a decorator may give a function another session, or nothing runs it at all."""
    is_never_awaited = user.is_async and last_name(call.func) in THREADS
    return is_never_awaited or is_wrapped(evaluator, user)


def _owner(evaluator: Evaluator, nodes: Nodes, call: cst.Call, argument: cst.Arg) -> Owner | None:
    """Who closes what an argument of a task holds, if that is soon after the call."""
    name = argument.value.value if isinstance(argument.value, cst.Name) else ""
    bindings = nodes.block.bindings(name) if is_session_name(name) else []
    if len(bindings) != 1 or name in nodes.block.declared:
        return None
    [binding] = bindings
    if binding.how is How.WITH or binding.how is How.VALUE:
        return _own(evaluator, nodes, call, name, binding)
    lent = _given_by_fastapi(evaluator, binding)
    if lent is None:
        return None
    if last_name(call.func) != BACKGROUND:
        behind = _behind(call, descend(nodes.block.node))
        goes_on = _is_streamed(nodes) or any(
            _is_long(evaluator, nodes.block, one) for one in behind
        )
        return None if goes_on or _is_lasting(nodes, call, behind) else Owner(lent)
    release = evaluator.tree.locked(nodes.block.home.path.parent, "fastapi")
    return Owner(lent, release=release) if release and _is_early(release) else None


def _own(
    evaluator: Evaluator, nodes: Nodes, call: cst.Call, name: str, binding: Binding
) -> Owner | None:
    """The session that a `with` or a `try` around a call closes soon under a name."""
    around = (_until_close(one, call, name, binding) for one in nodes.above(call))
    until = next((one for one in around if one is not None), None)
    if until is None or _is_lasting(nodes, call, until):
        return None
    if last_name(call.func) != BACKGROUND and _has_time(call, until):
        return None
    thing = evaluator.lookup(name, nodes.block)
    if not isinstance(thing, Thing) or thing.is_guess or thing.type.kind not in _HELD:
        return None
    return Owner(thing, When.WITH if binding.how is How.WITH else When.FINALLY)


def _until_close(
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


def _is_lasting(nodes: Nodes, call: cst.Call, behind: list[cst.CSTNode]) -> bool:
    """Whether what a call lets run may be through before the end of what is run behind it."""
    if last_name(call.func) == BACKGROUND:
        return False
    return any(map(_goes_on, nodes.above(call))) or any(map(_is_waiting, behind))


def _has_time(call: cst.Call, behind: list[cst.CSTNode]) -> bool:
    """Whether what a call lets run comes to run, and may be through, in what is short itself."""
    lets = _lets_thread_run if last_name(call.func) in THREADS else _lets_task_run
    return any(map(lets, behind))


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


def _given_by_fastapi(evaluator: Evaluator, binding: Binding) -> Thing | None:
    """The session that `db = Depends(get_db)` gets, if that closes it when the request ends."""
    if binding.how is not How.PARAMETER:
        return None
    for call, block in injected(evaluator, binding):
        if last_name(call.func) == "Depends" and call.args:
            return _lent(evaluator, call.args[0].value, block)
    return None


def _lent(evaluator: Evaluator, dependency: cst.BaseExpression, block: Block) -> Thing | None:
    outer = block.parent or block.home.top
    function = evaluator.value(dependency, outer)
    if not isinstance(function, FunctionValue):
        return None
    is_async = function.block.is_async
    found = lent_by(evaluator, outer, cst.Call(dependency), is_async=is_async)
    if found is None or not lenders.closes(evaluator, found[1]):
        return None
    return found[0]


def _is_early(release: str) -> bool:
    numbers = tuple(int(one) for one in re.findall(r"\d+", release)[:2])
    first, last = _EARLY
    return first <= numbers < last
