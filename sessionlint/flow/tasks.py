"""The tasks that a function lets run at once, and what each of them runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import dropwhile, takewhile
from typing import Final

import libcst as cst

from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.scopes import Block
from sessionlint.facts.syntax import TRIES, dotted, is_name, last_name
from sessionlint.facts.values import Symbol
from sessionlint.flow.gathered import Several, Task, bound_in, task_of
from sessionlint.flow.nodes import Nodes
from sessionlint.source.fanning import FANS, SPAWNS
from sessionlint.source.walk import descend

__all__ = ["groups"]

_GATHERS: Final = frozenset({"asyncio.gather", "asyncio.tasks.gather"})
_WAITING: Final = frozenset({"asyncio.wait", "asyncio.as_completed"})
"""Functions that are given their tasks in something to go through."""

_MAKING: Final = frozenset({"asyncio.create_task", "asyncio.tasks.create_task"})
_WAITS: Final = (cst.Await, cst.With, cst.For)
_GROUPS: Final = frozenset(
    {
        *("asyncio.TaskGroup", "asyncio.taskgroups.TaskGroup", "anyio.create_task_group"),
        *("trio.open_nursery", "anyio.abc.TaskGroup"),
    }
)


def groups(
    evaluator: Evaluator, block: Block, body: Nodes, calls: list[cst.Call]
) -> Iterator[tuple[cst.Call, list[Task]]]:
    """Calls that let tasks run at once, each with all of its tasks."""
    for call in calls:
        value = evaluator.value(call.func, block) if last_name(call.func) in FANS else None
        if isinstance(value, Symbol) and value.name in _GATHERS:
            several = Several(block, body, call)
            yield call, [task for arg in call.args for task in several.of_argument(arg)]
        elif isinstance(value, Symbol) and value.name in _WAITING and _is_written_out(call):
            yield call, list(Several(block, body, call).of_several(call.args[0].value))
    for around in dict.fromkeys(_task_groups(evaluator, block, body)):
        name = _entered_as(evaluator, block, around)
        spawned = [call for call in calls if _is_spawning(call, name)]
        tasks = [
            task
            for call, following in zip(spawned, [*spawned[1:], None], strict=True)
            if not _is_over(body, call, following)
            for task in _spawned(body, around, call)
        ]
        if spawned:
            yield spawned[0], tasks
    for started in _started(evaluator, block, body, calls):
        yield started[0], list(map(task_of, started))


def _started(
    evaluator: Evaluator, block: Block, body: Nodes, calls: list[cst.Call]
) -> Iterator[list[cst.Call]]:
    """Tasks that are started one behind the other, and waited for later, one by one."""
    made = {id(call): call for call in calls if _is_making(evaluator, block, call)}
    if len(made) < 2:
        return
    awaited = {
        node.expression.value
        for node in body.nodes
        if isinstance(node, cst.Await) and isinstance(node.expression, cst.Name)
    }
    for suite in [node for node in body.nodes if isinstance(node, cst.IndentedBlock)]:
        run: dict[str, cst.Call] = {}
        for line in suite.body:
            name, value = _given(line)
            if any(isinstance(one, _WAITS) or _is_of(one, run) for one in descend(line)):
                # One of them may be waited for there, cancelled, or given to another.
                if len(run) > 1:
                    yield list(run.values())
                run = {}
            if id(value) in made and name in awaited:
                run[name] = made[id(value)]


def _is_of(node: cst.CSTNode, names: Iterable[str]) -> bool:
    return isinstance(node, cst.Name) and node.value in names


def _is_making(evaluator: Evaluator, block: Block, call: cst.Call) -> bool:
    """Whether a call makes a task that nobody has to wait for."""
    if last_name(call.func) != "create_task" or not call.args:
        return False
    value = evaluator.value(call.func, block)
    return isinstance(value, Symbol) and value.name in _MAKING


def _given(line: cst.BaseStatement) -> tuple[str, cst.BaseExpression | None]:
    """The variable that a line gives a value, and the value; empty for any other line."""
    match line:
        case cst.SimpleStatementLine(
            body=[cst.Assign(targets=[cst.AssignTarget(cst.Name(value=name))], value=value)]
        ):
            return name, value
    return "", None


def _is_written_out(call: cst.Call) -> bool:
    """Whether a call says what it waits for; `wait` alone is the name of too much."""
    is_plain = last_name(call.func) != "wait" or dotted(call.func) == "asyncio.wait"
    return is_plain and bool(call.args)


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


def _is_over(body: Nodes, call: cst.Call, following: cst.Call | None) -> bool:
    """Whether a task is waited for before the next one starts, be it of the next turn of a loop."""
    match next(body.above(call)):
        case cst.Await():
            return True
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))]):
            pass
        case _:
            return False
    loop = next((one for one in body.above(call) if isinstance(one, (cst.For, cst.While))), None)
    if following is None and loop is None:
        return False
    inside = body.nodes if loop is None else list(descend(loop))
    behind = dropwhile(lambda node: node is not call, inside)
    between = takewhile(lambda node: node is not following, behind)
    return any(isinstance(one, cst.Await) and is_name(one.expression, name) for one in between)


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
        yield task_of(first.value, bound_in(inside), is_many=bool(loops))
    else:
        run = cst.Call(first.value, rest)
        yield Task(run, call, bool(loops), bound_in(inside))
