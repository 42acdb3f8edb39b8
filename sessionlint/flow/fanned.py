"""One session, or connection, in several tasks that run at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import libcst as cst

from sessionlint.facts import annotations as hints
from sessionlint.facts.catalog import Kind
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.holding import kept_as
from sessionlint.facts.parameters import parameter_of
from sessionlint.facts.scopes import Binding, Block, How
from sessionlint.facts.syntax import bare, is_name, last_name
from sessionlint.facts.values import UNKNOWN, FunctionValue, Thing, Value
from sessionlint.flow.acquisitions import has_mocks
from sessionlint.flow.contended import is_awaiting, is_locked, is_waiting, waited_attributes
from sessionlint.flow.gathered import Task, is_several
from sessionlint.flow.held import Held, held
from sessionlint.flow.nodes import Nodes
from sessionlint.flow.tasks import groups
from sessionlint.source.fanning import FANS, SPAWNS, is_session_name
from sessionlint.source.walk import descend

__all__ = ["Fanned", "fanned"]

_QUEUEING: Final = frozenset({"AsyncConnection", "psycopg.AsyncConnection", "aiosqlite.Connection"})
"""What lets one task wait until another is through.

Source: psycopg 3, "Concurrent operations"; aiosqlite, "Details": a queue for each connection. The
dialects of SQLAlchemy hold `_execute_mutex` around each statement of asyncpg, aiomysql and asyncmy.
"""


class Fanned(NamedTuple):
    """A session that `call` lets several tasks use at once; `uses` are what each of them calls."""

    thing: Thing
    name: str
    call: cst.Call
    uses: tuple[cst.BaseExpression, ...]


def fanned(evaluator: Evaluator, block: Block) -> Iterator[Fanned]:
    """The sessions that an asynchronous function gives to tasks which run at once.

    Source: an AsyncSession does one thing at a time,
    https://docs.sqlalchemy.org/en/20/orm/session_basics.html#is-the-session-thread-safe-is-asyncsession-safe-to-share-in-concurrent-tasks
    """
    calls = [call for call in block.near.calls if last_name(call.func) in FANS | SPAWNS]
    if not calls or has_mocks(block):
        return
    body = Nodes(block)
    for call, tasks in groups(evaluator, block, body, calls):
        named = {name for task in tasks for name in _names(evaluator, block, task)}
        for name in sorted(named):
            uses = [task for task in tasks if _is_using(evaluator, block, task, name)]
            thing = _session(evaluator, block, name, uses) if is_several(uses) else None
            if thing is not None:
                yield Fanned(thing, name, call, tuple(_called(task.node) for task in uses))
        yield from _of_object(evaluator, block, call, tasks)


def _of_object(
    evaluator: Evaluator, block: Block, call: cst.Call, tasks: list[Task]
) -> Iterator[Fanned]:
    """The sessions of objects that several of their methods, or the tasks, wait for."""
    known = [(task, {one.source: one for one in _held(evaluator, block, task)}) for task in tasks]
    for source in sorted({source for _, sessions in known for source in sessions}):
        uses = [task for task, sessions in known if source in sessions]
        first = next(sessions[source] for _, sessions in known if source in sessions)
        if is_several(uses):
            yield Fanned(first.thing, first.name, call, tuple(_called(task.node) for task in uses))


def _held(evaluator: Evaluator, block: Block, task: Task) -> Iterator[Held]:
    """The sessions of objects that a task waits for, and that do one thing at a time."""
    if not isinstance(task.run, cst.Call) or is_locked(task.run):
        return
    for one in held(evaluator, block, task.run):
        thing = _as_single(one.thing)
        if thing is not None:
            yield one


def _session(evaluator: Evaluator, block: Block, name: str, uses: list[Task]) -> Thing | None:
    """What a name holds, if that is sure to do one thing at a time for whoever awaits it."""
    found = evaluator.lookup(name, block)
    if found == UNKNOWN:
        taken = [_taken(evaluator, block, task, name) for task in uses]
        found = next((one for one in taken if one is not None), found)
    return _as_single(found)


def _as_single(found: Value) -> Thing | None:
    """What is sure to do one thing at a time, None if it is something else."""
    if not isinstance(found, Thing) or not found.type.is_async or found.is_guess or found.is_own:
        return None
    if found.is_fresh and not found.is_cached:
        # Have: each time it is asked for, it is another.
        return None
    if found.type.name in _QUEUEING:
        return None
    return found if found.type.kind in {Kind.SESSION, Kind.CONNECTION} else None


def _taken(evaluator: Evaluator, block: Block, task: Task, name: str) -> Value | None:
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


def _called(node: cst.BaseExpression) -> cst.BaseExpression:
    return node.func if isinstance(node, cst.Call) else node


def _names(evaluator: Evaluator, block: Block, task: Task) -> Iterator[str]:
    """The names in a task, and in the function inside that it calls, that may be sessions."""
    inner = _inner(evaluator, block, task.run)
    owner = _owner(task.run)
    made = None if owner is None else _made(block, owner)
    parts = (task.run, None if inner is None else inner.node, made)
    for part in filter(None, parts):
        for node in descend(part):
            if isinstance(node, cst.Name) and is_session_name(node.value):
                yield node.value


def _owner(run: cst.BaseExpression) -> str | None:
    """The variable whose method a task runs."""
    match bare(run):
        case cst.Call(func=cst.Attribute(value=cst.Name(value=owner))):
            return owner
    return None


def _inner(evaluator: Evaluator, block: Block, run: cst.BaseExpression) -> Block | None:
    """The function that a task calls, if it stands inside of the one that starts the task."""
    run = bare(run)
    callee = evaluator.value(run.func, block) if isinstance(run, cst.Call) else UNKNOWN
    if isinstance(callee, FunctionValue) and callee.block.parent is block:
        return callee.block
    return None


def _is_using(evaluator: Evaluator, block: Block, task: Task, name: str) -> bool:
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
            return owner == name or _waits_for(evaluator, block, run, owner, name)
        case cst.Attribute(value=cst.Call() as made):
            # `Users(session).all()`
            return any(is_name(arg.value, name) for arg in made.args)
    return False


def _made(block: Block, name: str) -> cst.Call | None:
    """The call that makes the one object a variable holds: `users = Users(session)`."""
    match block.bindings(name):
        case [Binding(how=How.VALUE, expression=cst.Call() as made)]:
            return made
    return None


def _waits_for(evaluator: Evaluator, block: Block, run: cst.Call, owner: str, name: str) -> bool:
    """Whether a method waits for the session that its object was made of, and keeps."""
    made, method = _made(block, owner), evaluator.value(run.func, block)
    if made is None or not isinstance(method, FunctionValue):
        return False
    given = next((arg for arg in made.args if is_name(arg.value, name)), None)
    kept = set[str]() if given is None else kept_as(evaluator, block, made, given)
    return any(one.attr.value in kept for one in waited_attributes(evaluator, method.block))
