"""Sessions that go to a task which is still at work when their owner closes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import dropwhile, islice
from typing import Final, NamedTuple

import libcst as cst

from sessionlint.facts.annotations import injected
from sessionlint.facts.catalog import Kind
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.parameters import is_as_given, parameter_of
from sessionlint.facts.receivers import Effect, asks, effect
from sessionlint.facts.scopes import Binding, Block, BlockKind, How
from sessionlint.facts.syntax import arguments, is_name, last_name
from sessionlint.facts.values import ClassValue, Foreign, FunctionValue, Symbol, Thing
from sessionlint.flow import lenders
from sessionlint.flow.acquisitions import has_mocks
from sessionlint.flow.circumstances import is_aside
from sessionlint.flow.generators import lent_by
from sessionlint.flow.nodes import Nodes
from sessionlint.source.background import LETTING_GO
from sessionlint.source.fanning import is_session_name
from sessionlint.source.walk import descend

__all__ = ["Escaped", "Owner", "escaped"]

_ADDING: Final = "add_task"
_STARTING: Final = r"asyncio\.(?:\w+\.)*(?:create_task|ensure_future)"
_HELD: Final = frozenset({Kind.SESSION, Kind.CONNECTION})
_ENDING: Final = frozenset({"commit", "rollback"})
_ASKING: Final = frozenset({"add_done_callback", "remove_done_callback", "set_name", "get_name"})
"""What is done with a task without waiting for it, or ending it."""

_LASTING: Final = (cst.While, cst.Yield)
"""What may keep a function, and with it the session, for as long as the task runs."""

_HOPS: Final = 3
"""How many functions may pass on what they are given, to one that uses it."""

_EARLY: Final = ((0, 106), (0, 118))
"""The releases of FastAPI that end dependencies before background tasks run.

Source: measured by tests/bench/background_tasks.py; the release notes of 0.106.0 and 0.118.0.
"""


class Owner(NamedTuple):
    """Who closes a session: a `with` where `is_entered`, else FastAPI when the request ends.

    Where a `release` of FastAPI is told, it does so before background tasks begin.
    """

    thing: Thing
    is_entered: bool = False
    release: str | None = None


class Escaped(NamedTuple):
    """A session that `call` hands to what it lets run, `runs`, and that its owner closes meanwhile.

    `is_ended`: the task itself gives the connection back.
    """

    owner: Owner
    name: str
    call: cst.Call
    runs: cst.BaseExpression
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
        run = _let_go(evaluator, nodes, call)
        for argument in () if run is None else run.args:
            owner = _owner(evaluator, nodes, call, argument)
            user = _user(evaluator, block, run, argument) if run and owner else None
            if run and owner and user:
                is_ended = any(last_name(one.func) in _ENDING for one in user.calls)
                yield Escaped(owner, last_name(argument.value), call, run.func, is_ended)


def _let_go(evaluator: Evaluator, nodes: Nodes, call: cst.Call) -> cst.Call | None:
    """What a call lets run without anybody who waits for it, as a call."""
    first = next(arguments(call), None)
    if last_name(call.func) == _ADDING:
        is_background = first is not None and _is_background(nodes.block, call.func)
        return cst.Call(first, call.args[1:]) if first is not None and is_background else None
    if not isinstance(first, cst.Call) or not _is_left_alone(nodes, call):
        return None
    match evaluator.value(call.func, nodes.block):
        case Symbol(name=name) | Foreign(name=name):
            is_loop = re.fullmatch(r"asyncio\.(?:\w+\.)*\w*loop\.create_task", name)
            return first if is_loop or re.fullmatch(_STARTING, name) else None
    return None


def _is_background(block: Block, method: cst.BaseExpression) -> bool:
    """Whether it is a method of what FastAPI gives for tasks behind the response."""
    owner = method.value if isinstance(method, cst.Attribute) else None
    bindings = block.bindings(owner.value) if isinstance(owner, cst.Name) else []
    return len(bindings) == 1 and _makes_background(bindings[0])


def _makes_background(binding: Binding) -> bool:
    if binding.annotation is not None:
        return "BackgroundTasks" in {
            one.value for one in descend(binding.annotation) if isinstance(one, cst.Name)
        }
    made = binding.expression
    return isinstance(made, cst.Call) and last_name(made.func) == "BackgroundTasks"


def _is_left_alone(nodes: Nodes, call: cst.Call) -> bool:
    """Whether nothing in a function waits for the task that a call starts."""
    match list(islice(nodes.above(call), 2)):
        case [cst.Expr(), *_]:
            return True
        case [cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))]), *_]:
            spoken = [one for one in nodes.variables(name) if not _is_target(nodes, one)]
            return name not in nodes.block.declared and all(_is_kept(nodes, one) for one in spoken)
        case [cst.Arg(), cst.Call() as keeper]:
            return _is_keeping(nodes.block, keeper)
    return False


def _is_target(nodes: Nodes, name: cst.Name) -> bool:
    return isinstance(next(nodes.above(name)), cst.AssignTarget)


def _is_kept(nodes: Nodes, name: cst.Name) -> bool:
    """Whether a task is only asked where its name stands, or kept by what outlives the function."""
    match list(islice(nodes.above(name), 2)):
        case [cst.Attribute(attr=cst.Name(value=method)), cst.Call()]:
            return method in _ASKING
        case [cst.Arg(), cst.Call() as keeper]:
            return _is_keeping(nodes.block, keeper)
    return False


def _is_keeping(block: Block, call: cst.Call) -> bool:
    """`running.add(task)`, with a set that is no variable of the function."""
    match call.func:
        case cst.Attribute(value=owner, attr=cst.Name(value="add" | "append" | "discard")):
            return not isinstance(owner, cst.Name) or not block.bindings(owner.value)
    return False


def _owner(evaluator: Evaluator, nodes: Nodes, call: cst.Call, argument: cst.Arg) -> Owner | None:
    """Who closes what an argument of a task holds, if that is soon after the call."""
    name = argument.value.value if isinstance(argument.value, cst.Name) else ""
    bindings = nodes.block.bindings(name) if is_session_name(name) else []
    if len(bindings) != 1 or name in nodes.block.declared:
        return None
    [binding] = bindings
    if binding.how is How.WITH:
        entered = _entered(evaluator, nodes, call, name, binding)
        is_over = entered is not None and not _is_lasting(nodes, call, cst.Await)
        return Owner(entered, is_entered=True) if entered and is_over else None
    lent = _given_by_fastapi(evaluator, binding)
    if lent is None:
        return None
    if last_name(call.func) != _ADDING:
        return None if _is_lasting(nodes, call) else Owner(lent)
    release = evaluator.tree.locked(nodes.block.home.path.parent, "fastapi")
    return Owner(lent, release=release) if release and _is_early(release) else None


def _entered(
    evaluator: Evaluator, nodes: Nodes, call: cst.Call, name: str, binding: Binding
) -> Thing | None:
    """The session that a `with` around a call has entered under a name."""
    around = (one for one in nodes.above(call) if isinstance(one, cst.With))
    is_inside = any(item is binding.node for one in around for item in one.items)
    thing = evaluator.lookup(name, nodes.block) if is_inside else None
    if not isinstance(thing, Thing) or thing.is_guess:
        return None
    return thing if thing.type.kind in _HELD else None


def _is_lasting(nodes: Nodes, call: cst.Call, *more: type[cst.CSTNode]) -> bool:
    """Whether a function may go on for long behind a call, or lets others go on before it ends."""
    behind = dropwhile(lambda node: node is not call, nodes.nodes)
    return any(isinstance(node, (*_LASTING, *more)) for node in behind) or any(
        isinstance(node, _LASTING) for node in nodes.above(call)
    )


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


def _user(
    evaluator: Evaluator, block: Block, run: cst.Call, argument: cst.Arg, hops: int = _HOPS
) -> Block | None:
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
    return inside if is_used else None


def _uses(evaluator: Evaluator, block: Block, call: cst.Call, name: str, hops: int) -> bool:
    """Whether a call takes a connection of a session, or gives it to what does, or keeps it."""
    if asks(call, name):
        return True
    given = [arg for arg in call.args if is_name(arg.value, name)]
    if given and isinstance(evaluator.value(call.func, block), ClassValue):
        return True
    return any(_user(evaluator, block, call, arg, hops) is not None for arg in given)
