"""The tasks that a function lets run at once, and what each of them runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Final, NamedTuple

import libcst as cst

from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.scopes import Binding, Block, How
from sessionlint.facts.syntax import TRIES, dotted, is_name, last_name, last_statement
from sessionlint.facts.values import Symbol
from sessionlint.flow.nodes import Nodes
from sessionlint.source.fanning import FANS, SPAWNS
from sessionlint.source.walk import descend

__all__ = ["Task", "groups", "is_several"]

_GATHERS: Final = frozenset({"asyncio.gather", "asyncio.tasks.gather"})
_WAITING: Final = frozenset({"asyncio.wait", "asyncio.as_completed"})
"""Functions that are given their tasks in something to go through."""

_GROUPS: Final = frozenset(
    {
        *("asyncio.TaskGroup", "asyncio.taskgroups.TaskGroup", "anyio.create_task_group"),
        *("trio.open_nursery", "anyio.abc.TaskGroup"),
    }
)
_WRAPPING: Final = frozenset({"create_task", "ensure_future", "wait_for", "shield"})
"""Functions that give a task for the coroutine that is their first argument."""

_JUMPS: Final = (cst.Return, cst.Raise, cst.Break, cst.Continue)


class Task(NamedTuple):
    """What one task runs, and where that stands.

    `is_many` where there may be one of it for each of several things, `own` are the names that
    each has for itself. `is_maybe`: another may be there in its place.
    """

    run: cst.BaseExpression
    node: cst.BaseExpression
    is_many: bool = False
    own: frozenset[str] = frozenset()
    is_maybe: bool = False


def is_several(tasks: Sequence[Task]) -> bool:
    """Whether two of some tasks may be there at once.

    Of those that are there under a condition, each but one may be there in the place of another.
    """
    is_sure = any(not task.is_maybe for task in tasks)
    return (is_sure and len(tasks) > 1) or any(task.is_many for task in tasks)


def groups(
    evaluator: Evaluator, block: Block, body: Nodes, calls: list[cst.Call]
) -> Iterator[tuple[cst.Call, list[Task]]]:
    """Calls that let tasks run at once, each with all of its tasks."""
    for call in calls:
        value = evaluator.value(call.func, block) if last_name(call.func) in FANS else None
        if isinstance(value, Symbol) and value.name in _GATHERS:
            yield call, [task for arg in call.args for task in _of_argument(block, body, arg)]
        elif isinstance(value, Symbol) and value.name in _WAITING and _is_written_out(call):
            yield call, list(_of_several(block, body, call.args[0].value))
    for around in dict.fromkeys(_task_groups(evaluator, block, body)):
        name = _entered_as(evaluator, block, around)
        spawned = [call for call in calls if _is_spawning(call, name)]
        tasks = [task for call in spawned for task in _spawned(body, around, call)]
        if spawned:
            yield spawned[0], tasks


def _is_written_out(call: cst.Call) -> bool:
    """Whether a call says what it waits for; `wait` alone is the name of too much."""
    is_plain = last_name(call.func) != "wait" or dotted(call.func) == "asyncio.wait"
    return is_plain and bool(call.args)


def _of_argument(block: Block, body: Nodes, arg: cst.Arg) -> Iterator[Task]:
    value = arg.value
    if arg.star == "*":
        yield from _of_several(block, body, value)
    elif isinstance(value, cst.Name):
        # A coroutine that got a name before.
        given = [one.expression for one in block.bindings(value.value) if one.how is How.VALUE]
        yield from (_task(one) for one in given[:1] if one is not None)
    elif not arg.keyword:
        yield _task(value)


def _of_several(block: Block, body: Nodes, value: cst.BaseExpression) -> Iterator[Task]:
    """The tasks of a list or dictionary, as written, of a comprehension, or put in one by one."""
    match value:
        case cst.List(elements=parts) | cst.Tuple(elements=parts) | cst.Set(elements=parts):
            for one in parts:
                yield _task(one.value)
        case cst.BaseSimpleComp(elt=run, for_in=each):
            targets = {node.value for node in descend(each) if isinstance(node, cst.Name)}
            yield _task(run, frozenset(targets), is_many=True)
        case cst.Dict(elements=pairs):
            for pair in pairs:
                yield _task(pair.value)
        case cst.DictComp(value=run, for_in=each):
            targets = {node.value for node in descend(each) if isinstance(node, cst.Name)}
            yield _task(run, frozenset(targets), is_many=True)
        case (
            cst.Name(value=name)
            | cst.Call(
                func=cst.Attribute(value=cst.Name(value=name), attr=cst.Name(value="values")),
                args=[],
            )
        ):
            bindings = block.bindings(name)
            if len(bindings) == 1 and bindings[0].how is How.VALUE and bindings[0].expression:
                if not isinstance(bindings[0].expression, cst.Name):
                    yield from _of_several(block, body, bindings[0].expression)
                yield from _put_in(body, bindings[0], name)


def _put_in(body: Nodes, binding: Binding, name: str) -> Iterator[Task]:
    """What a list is filled with, in each turn of a loop that does not begin the list anew."""
    around = None if binding.node is None else _list_around(body, binding.node)
    for node in body.nodes:
        run = _put(node, name)
        if run is not None:
            inside = list(takewhile(lambda one: one is not around, body.above(node)))
            loops = [one for one in inside if isinstance(one, (cst.For, cst.While))]
            is_maybe = any(isinstance(one, (cst.If, cst.Match)) for one in inside)
            if loops or not (is_maybe and any(map(_is_left, inside))):
                yield _task(run, _bound_in(loops), is_many=bool(loops), is_maybe=is_maybe)


def _is_left(node: cst.CSTNode) -> bool:
    """Whether nothing that follows a suite runs after it."""
    return isinstance(node, cst.IndentedBlock) and isinstance(last_statement(node), _JUMPS)


def _put(node: cst.CSTNode, name: str) -> cst.BaseExpression | None:
    """What a statement puts in a list, or in a dictionary."""
    match node:
        case cst.Call(
            func=cst.Attribute(value=cst.Name(value=owner), attr=cst.Name(value="append")),
            args=[cst.Arg(value=run)],
        ) if owner == name:
            return run
        case cst.Assign(
            targets=[cst.AssignTarget(target=cst.Subscript(value=cst.Name(value=owner)))],
            value=run,
        ) if owner == name:
            return run
    return None


def _list_around(body: Nodes, node: cst.CSTNode) -> cst.CSTNode | None:
    """The list of statements that a node stands in."""
    return next((one for one in body.above(node) if isinstance(one, cst.IndentedBlock)), None)


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


def _spawned(body: Nodes, group: cst.With, call: cst.Call) -> Iterator[Task]:
    """What a task group starts by a call that stands in its `with`, and how often."""
    above = list(body.above(call))
    if group not in above or not call.args:
        return
    inside = above[: above.index(group)]
    if any(isinstance(one, (cst.If, cst.Match, *TRIES, cst.FunctionDef)) for one in inside):
        # Have: of several branches only one may run.
        return
    loops = [one for one in inside if isinstance(one, (cst.For, cst.While))]
    first, *rest = call.args
    if isinstance(first.value, cst.Call):
        yield _task(first.value, _bound_in(inside), is_many=bool(loops))
    else:
        run = cst.Call(first.value, rest)
        yield Task(run, call, bool(loops), _bound_in(inside))


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
    node: cst.BaseExpression,
    own: frozenset[str] = frozenset(),
    *,
    is_many: bool = False,
    is_maybe: bool = False,
) -> Task:
    """The task that runs a coroutine, whatever it is wrapped in."""
    run = node
    while isinstance(run, cst.Call) and last_name(run.func) in _WRAPPING and run.args:
        run = run.args[0].value
    return Task(run, node, is_many, own, is_maybe)
