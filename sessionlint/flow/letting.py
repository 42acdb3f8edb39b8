"""What a function lets run without waiting for it, and what that does with what it is given."""

from __future__ import annotations

import re
from itertools import islice
from typing import Final, NamedTuple

import libcst as cst

from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.parameters import is_as_given, parameter_of
from sessionlint.facts.receivers import Effect, asks, effect
from sessionlint.facts.scopes import Binding, Block, How
from sessionlint.facts.syntax import arguments, dotted, is_name, last_name, last_statement
from sessionlint.facts.values import ClassValue, Foreign, FunctionValue, Symbol
from sessionlint.flow.deferred import deferred
from sessionlint.flow.nodes import Nodes
from sessionlint.source.background import BACKGROUND, QUEUEING, THREADS
from sessionlint.source.below import is_expression
from sessionlint.source.threads import THREADED
from sessionlint.source.walk import descend

__all__ = ["User", "let_go", "user_of"]

_TASKS: Final = re.compile(
    r"asyncio\.(?:\w+\.)*(?:create_task|ensure_future|run_coroutine_threadsafe)"
    r"|asyncio\.(?:\w+\.)*\w*loop\.create_task"
)
_THREADS: Final = re.compile(r"threading\.(?:Thread|Timer)")
_QUEUED: Final = re.compile(
    r"concurrent\.futures\.(?:thread\.)?ThreadPoolExecutor\.submit"
    r"|asyncio\.(?:\w+\.)*\w*loop\.run_in_executor"
)

_ASKING: Final = frozenset(
    "add_done_callback daemon get_name ident is_alive name remove_done_callback set_name setDaemon "
    "setName start".split()
)
"""What is done with a task or a thread without waiting for it, or ending it."""

_HOPS: Final = 3
"""How many functions may pass on what they are given, to one that uses it."""


def let_go(evaluator: Evaluator, nodes: Nodes, call: cst.Call) -> cst.Call | None:
    """What a call lets run without anybody who waits for it, as a call."""
    if last_name(call.func) == BACKGROUND:
        is_run = _is_background(evaluator, nodes, call.func) and not _is_given_up(nodes, call)
        return _inside(deferred(call)) if is_run else None
    match evaluator.value(call.func, nodes.block):
        case Symbol(name=name) | Foreign(name=name):
            pass
        case _:
            return None
    if _THREADS.fullmatch(name):
        return _inside(deferred(call)) if _is_started(nodes, call) else None
    if not _is_left_alone(nodes, call):
        return None
    if _QUEUED.fullmatch(name):
        return None if _is_waited_for(nodes, call.func) else _inside(deferred(call))
    first = next(arguments(call), None) if _TASKS.fullmatch(name) else None
    if not isinstance(first, cst.Call):
        return None
    return deferred(first) if last_name(first.func) in THREADED else first


def _inside(call: cst.Call | None) -> cst.Call | None:
    """What a call comes to: of `lambda: work(db)`, that of `work`."""
    match call:
        case cst.Call(func=cst.Lambda(params=cst.Parameters(params=[]), body=cst.Call() as body)):
            return body
    return call


def _is_background(evaluator: Evaluator, nodes: Nodes, method: cst.BaseExpression) -> bool:
    """Whether it is a method of what FastAPI gives for tasks behind the response."""
    owner = method.value if isinstance(method, cst.Attribute) else None
    bindings = nodes.block.bindings(owner.value) if isinstance(owner, cst.Name) else []
    if len(bindings) != 1 or not isinstance(owner, cst.Name):
        return False
    is_run_here = any(_is_running(nodes, one) for one in nodes.variables(owner.value))
    return not is_run_here and _makes_background(evaluator, bindings[0])


def _is_given_up(nodes: Nodes, call: cst.Call) -> bool:
    """Whether an error is raised behind a call: the answer to that has no background tasks.

    Source: Starlette, "Background Tasks", `HTTPException`.
    """
    suites = (one for one in nodes.above(call) if isinstance(one, cst.BaseSuite))
    last = (one for one in map(last_statement, suites) if isinstance(one, (cst.Raise, cst.Return)))
    return isinstance(next(last, None), cst.Raise)


def _is_running(nodes: Nodes, name: cst.Name) -> bool:
    """`await tasks()`, or a function that is given tasks made here."""
    match list(islice(nodes.above(name), 2)):
        case [cst.Call(func=func), *_] if func is name:
            return True
        case [cst.Attribute(attr=cst.Name(value="tasks")), *_]:
            return True
        case [cst.Arg(keyword=None), cst.Call()]:
            return nodes.block.bindings(name.value)[0].how is not How.PARAMETER
    return False


def _makes_background(evaluator: Evaluator, binding: Binding) -> bool:
    """Whether a variable holds FastAPI's tasks, by their name; a project may have its own ones."""
    made = binding.expression
    called = [made.func] if isinstance(made, cst.Call) and binding.annotation is None else []
    parts = called if binding.annotation is None else descend(binding.annotation)
    named = [one for one in parts if last_name(one) == "BackgroundTasks"]
    own = (evaluator.value(one, binding.block) for one in named if is_expression(one))
    return bool(named) and not any(isinstance(one, ClassValue) for one in own)


def _is_waited_for(nodes: Nodes, method: cst.BaseExpression) -> bool:
    """Whether a function may wait for all that the owner of a method has been given to run."""
    if any(last_name(call.func) == "shutdown" for call in nodes.of(cst.Call)):
        return True
    owner = method.value if isinstance(method, cst.Attribute) else None
    if not isinstance(owner, cst.Name) or not nodes.block.bindings(owner.value):
        return False
    around = (next(nodes.above(one)) for one in nodes.asked(owner.value))
    return not all(isinstance(one, cst.Attribute) and last_name(one) in QUEUEING for one in around)


def _is_started(nodes: Nodes, thread: cst.Call) -> bool:
    """Whether a thread begins at once, and nothing in the function waits for it."""
    match list(islice(nodes.above(thread), 3)):
        case [cst.Attribute(attr=cst.Name(value="start")), cst.Call(), cst.Expr()]:
            return True
        case [cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))]), *_]:
            starts = (dotted(call.func) == f"{name}.start" for call in nodes.of(cst.Call))
            return any(starts) and _is_left_alone(nodes, thread)
    return False


def _is_left_alone(nodes: Nodes, call: cst.Call) -> bool:
    """Whether nothing in a function waits for the task that a call starts."""
    match list(islice(nodes.above(call), 2)):
        case [cst.Expr(), *_]:
            return True
        case [cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))]), *_]:
            is_local = name not in nodes.block.declared
            return is_local and all(_is_kept(nodes, one) for one in nodes.asked(name))
        case [cst.Arg(), cst.Call() as keeper]:
            return _is_keeping(nodes.block, keeper)
    return False


def _is_kept(nodes: Nodes, name: cst.Name) -> bool:
    """Whether a task is only asked where its name stands, or kept by what outlives the function."""
    match list(islice(nodes.above(name), 2)):
        case [cst.Attribute(attr=cst.Name(value=asked)), cst.Call() | cst.AssignTarget()]:
            return asked in _ASKING
        case [cst.Arg(), cst.Call() as keeper]:
            return _is_keeping(nodes.block, keeper)
    return False


def _is_keeping(block: Block, call: cst.Call) -> bool:
    """`running.add(task)`, with a set that is no variable of the function."""
    match call.func:
        case cst.Attribute(value=owner, attr=cst.Name(value="add" | "append" | "discard")):
            return not isinstance(owner, cst.Name) or not block.bindings(owner.value)
    return False


class User(NamedTuple):
    """A function that uses what it is given, and as which parameter it gets that."""

    block: Block
    name: str

    def is_run_by(self, call: cst.Call) -> bool:
        """Whether a call that lets it run does so: in a thread, nobody awaits a coroutine."""
        return not (self.block.is_async and last_name(call.func) in THREADS)


def user_of(
    evaluator: Evaluator, block: Block, run: cst.Call, argument: cst.Arg, hops: int = _HOPS
) -> User | None:
    """The function of the project that uses an argument on the database, and does not close it."""
    callee = evaluator.value(run.func, block)
    if not isinstance(callee, FunctionValue) or not hops:
        return None
    name = parameter_of(callee, run, argument)
    inside = callee.block
    if name is None or not is_as_given(inside, name):
        return None
    if effect(evaluator, run, argument, block) is not Effect.LOAN:
        return None
    is_used = any(_uses(evaluator, inside, one, name, hops - 1) for one in inside.calls)
    return User(inside, name) if is_used else None


def _uses(evaluator: Evaluator, block: Block, call: cst.Call, name: str, hops: int) -> bool:
    """Whether a call takes a connection of a session, or gives it to what does, or keeps it."""
    if asks(call, name):
        return True
    given = [arg for arg in call.args if is_name(arg.value, name)]
    if given and isinstance(evaluator.value(call.func, block), ClassValue):
        return True
    return any(user_of(evaluator, block, call, arg, hops) is not None for arg in given)
