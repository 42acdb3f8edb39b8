"""One session, or connection, in several tasks that run at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import libcst as cst

from sessionlint.facts import annotations as hints
from sessionlint.facts.catalog import Kind
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.parameters import parameter_of
from sessionlint.facts.scopes import Block, How
from sessionlint.facts.syntax import bare, is_name, last_name
from sessionlint.facts.values import UNKNOWN, FunctionValue, Symbol, Thing, Value
from sessionlint.flow.acquisitions import has_mocks
from sessionlint.flow.contended import is_awaiting, is_locked, is_waiting
from sessionlint.flow.nodes import Nodes
from sessionlint.source.fanning import FANS, SPAWNS, is_session_name
from sessionlint.source.walk import descend

__all__ = ["Fanned", "fanned"]

_GATHERS: Final = frozenset({"asyncio.gather", "asyncio.tasks.gather"})
_GROUPS: Final = frozenset(
    {
        *("asyncio.TaskGroup", "asyncio.taskgroups.TaskGroup", "anyio.create_task_group"),
        *("trio.open_nursery", "anyio.abc.TaskGroup"),
    }
)
_WRAPPING: Final = frozenset({"create_task", "ensure_future", "wait_for", "shield"})
"""Functions that give a task for the coroutine that is their first argument."""

_QUEUEING: Final = frozenset({"psycopg.AsyncConnection", "aiosqlite.Connection"})
"""What lets one task wait until another is through.

Source: psycopg 3, "Concurrent operations"; aiosqlite, "Details": a queue for each connection.
"""


class Fanned(NamedTuple):
    """A session that `call` lets several tasks use at once; `uses` are what each of them calls."""

    thing: Thing
    name: str
    call: cst.Call
    uses: tuple[cst.BaseExpression, ...]


class _Task(NamedTuple):
    """What one task runs, and where that stands.

    `is_many` where there may be one of it for each of several things, `own` are the names that
    each has for itself.
    """

    run: cst.BaseExpression
    node: cst.BaseExpression
    is_many: bool = False
    own: frozenset[str] = frozenset()


def fanned(evaluator: Evaluator, block: Block) -> Iterator[Fanned]:
    """The sessions that an asynchronous function gives to tasks which run at once.

    Source: an AsyncSession does one thing at a time,
    https://docs.sqlalchemy.org/en/20/orm/session_basics.html#is-the-session-thread-safe-is-asyncsession-safe-to-share-in-concurrent-tasks
    """
    calls = [call for call in block.near.calls if last_name(call.func) in FANS | SPAWNS]
    if not calls or has_mocks(block):
        return
    body = Nodes(block)
    for call, tasks in _groups(evaluator, block, body, calls):
        named = {name for task in tasks for name in _names(evaluator, block, task)}
        for name in sorted(named):
            uses = [task for task in tasks if _is_using(evaluator, block, task, name)]
            if len(uses) < 2 and not any(task.is_many for task in uses):
                continue
            thing = _session(evaluator, block, name, uses)
            if thing is not None:
                yield Fanned(thing, name, call, tuple(_called(task.node) for task in uses))


def _session(evaluator: Evaluator, block: Block, name: str, uses: list[_Task]) -> Thing | None:
    """What a name holds, if that is sure to do one thing at a time for whoever awaits it."""
    found = evaluator.lookup(name, block)
    if found == UNKNOWN:
        taken = [_taken(evaluator, block, task, name) for task in uses]
        found = next((one for one in taken if one is not None), found)
    if not isinstance(found, Thing) or found.is_guess or not found.type.is_async:
        return None
    if found.type.name in _QUEUEING:
        return None
    return found if found.type.kind in {Kind.SESSION, Kind.CONNECTION} else None


def _taken(evaluator: Evaluator, block: Block, task: _Task, name: str) -> Value | None:
    """What the function of a task says that it takes under that name."""
    run = bare(task.run)
    if not isinstance(run, cst.Call):
        return None
    callee = evaluator.value(run.func, block)
    given = next((arg for arg in run.args if is_name(arg.value, name)), None)
    if not isinstance(callee, FunctionValue) or given is None:
        return None
    taken = parameter_of(callee, run, given)
    hinted = [one.annotation for one in callee.block.parameters if one.name.value == taken]
    return (
        hints.value(evaluator, hinted[0].annotation, callee.block) if hinted and hinted[0] else None
    )


def _groups(
    evaluator: Evaluator, block: Block, body: Nodes, calls: list[cst.Call]
) -> Iterator[tuple[cst.Call, list[_Task]]]:
    """Calls that let tasks run at once, each with all of its tasks."""
    for call in calls:
        value = evaluator.value(call.func, block) if last_name(call.func) in FANS else None
        if isinstance(value, Symbol) and value.name in _GATHERS:
            yield call, [task for arg in call.args for task in _of_argument(block, body, arg)]
    for around in dict.fromkeys(_task_groups(evaluator, block, body)):
        name = _entered_as(evaluator, block, around)
        spawned = [call for call in calls if _is_spawning(call, name)]
        tasks = [task for call in spawned for task in _spawned(body, around, call)]
        if spawned:
            yield spawned[0], tasks


def _of_argument(block: Block, body: Nodes, arg: cst.Arg) -> Iterator[_Task]:
    value = arg.value
    if arg.star == "*":
        yield from _of_several(block, body, value)
    elif isinstance(value, cst.Name):
        # A coroutine that got a name before.
        given = [one.expression for one in block.bindings(value.value) if one.how is How.VALUE]
        yield from (_task(one) for one in given[:1] if one is not None)
    elif not arg.keyword:
        yield _task(value)


def _of_several(block: Block, body: Nodes, value: cst.BaseExpression) -> Iterator[_Task]:
    """The tasks of a list, as it is written, made by a comprehension, or filled by `append`."""
    match value:
        case cst.List(elements=elements) | cst.Tuple(elements=elements):
            for one in elements:
                yield _task(one.value)
        case cst.GeneratorExp(elt=run, for_in=each) | cst.ListComp(elt=run, for_in=each):
            targets = {node.value for node in descend(each) if isinstance(node, cst.Name)}
            yield _task(run, frozenset(targets), is_many=True)
        case cst.Name(value=name):
            bindings = block.bindings(name)
            if len(bindings) == 1 and bindings[0].how is How.VALUE and bindings[0].expression:
                if not isinstance(bindings[0].expression, cst.Name):
                    yield from _of_several(block, body, bindings[0].expression)
                yield from _appended(body, name)


def _appended(body: Nodes, name: str) -> Iterator[_Task]:
    for node in body.nodes:
        match node:
            case cst.Call(
                func=cst.Attribute(value=cst.Name(value=owner), attr=cst.Name(value="append")),
                args=[cst.Arg(value=run)],
            ) if owner == name:
                loops = [one for one in body.above(node) if isinstance(one, (cst.For, cst.While))]
                yield _task(run, _bound_in(loops), is_many=bool(loops))


def _task_groups(evaluator: Evaluator, block: Block, body: Nodes) -> Iterator[cst.With]:
    for node in body.nodes:
        if isinstance(node, cst.With) and _entered_as(evaluator, block, node):
            yield node


def _entered_as(evaluator: Evaluator, block: Block, node: cst.With) -> str:
    """The name of the task group that a `with` enters, empty if it enters none."""
    for item in node.items:
        match item:
            case cst.WithItem(
                item=cst.Call(func=made), asname=cst.AsName(name=cst.Name(value=name))
            ):
                value = evaluator.value(made, block)
                if isinstance(value, Symbol) and value.name in _GROUPS:
                    return name
    return ""


def _is_spawning(call: cst.Call, group: str) -> bool:
    match call.func:
        case cst.Attribute(value=owner, attr=cst.Name(value=method)):
            return method in SPAWNS and is_name(owner, group)
    return False


def _spawned(body: Nodes, group: cst.With, call: cst.Call) -> Iterator[_Task]:
    """What a task group starts by a call that stands in its `with`, and how often."""
    above = list(body.above(call))
    if group not in above or not call.args:
        return
    inside = above[: above.index(group)]
    if any(isinstance(one, (cst.If, cst.Match, cst.Try, cst.FunctionDef)) for one in inside):
        # Have: of several branches only one may run.
        return
    loops = [one for one in inside if isinstance(one, (cst.For, cst.While))]
    first, *rest = call.args
    if isinstance(first.value, cst.Call):
        yield _task(first.value, _bound_in(inside), is_many=bool(loops))
    else:
        run = cst.Call(first.value, rest)
        yield _Task(run, call, bool(loops), _bound_in(inside))


def _bound_in(nodes: Sequence[cst.CSTNode]) -> frozenset[str]:
    """The names that get a value in loops and blocks, which may be another one in every turn."""
    found: set[str] = set()
    for node in (below for one in nodes for below in descend(one)):
        match node:
            case cst.AssignTarget(target=target) | cst.AsName(name=target):
                found.update(one.value for one in descend(target) if isinstance(one, cst.Name))
            case cst.For(target=target) | cst.AnnAssign(target=target):
                found.update(one.value for one in descend(target) if isinstance(one, cst.Name))
    return frozenset(found)


def _task(
    node: cst.BaseExpression, own: frozenset[str] = frozenset(), *, is_many: bool = False
) -> _Task:
    """The task that runs a coroutine, whatever it is wrapped in."""
    run = node
    while isinstance(run, cst.Call) and last_name(run.func) in _WRAPPING and run.args:
        run = run.args[0].value
    return _Task(run, node, is_many, own)


def _called(node: cst.BaseExpression) -> cst.BaseExpression:
    return node.func if isinstance(node, cst.Call) else node


def _names(evaluator: Evaluator, block: Block, task: _Task) -> Iterator[str]:
    """The names in a task, and in the function inside that it calls, that may be sessions."""
    inner = _inner(evaluator, block, task.run)
    for part in (task.run, *([inner.node] if inner is not None else [])):
        for node in descend(part):
            if isinstance(node, cst.Name) and is_session_name(node.value):
                yield node.value


def _inner(evaluator: Evaluator, block: Block, run: cst.BaseExpression) -> Block | None:
    """The function that a task calls, if it stands inside of the one that starts the task."""
    run = bare(run)
    callee = evaluator.value(run.func, block) if isinstance(run, cst.Call) else UNKNOWN
    if isinstance(callee, FunctionValue) and callee.block.parent is block:
        return callee.block
    return None


def _is_using(evaluator: Evaluator, block: Block, task: _Task, name: str) -> bool:
    """Whether a task awaits something on the session, as far as that can be told."""
    run = bare(task.run)
    if name in task.own or not isinstance(run, cst.Call) or is_locked(run):
        return False
    given = [arg for arg in run.args if is_name(arg.value, name)]
    if given:
        return is_awaiting(evaluator, block, run, given[0])
    inner = _inner(evaluator, block, run)
    if inner is not None and not inner.bindings(name):
        return is_waiting(evaluator, inner, name)
    match run.func:
        case cst.Attribute(value=cst.Name(value=owner)):
            return owner == name
        case cst.Attribute(value=cst.Call(args=args)):
            # `Users(session).all()`
            return any(is_name(arg.value, name) for arg in args)
    return False
