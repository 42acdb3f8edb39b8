"""What a call does with an object it is given: borrow it, release it, or keep it."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, Final

import libcst as cst

from sessionlint.facts.calls import CASTS, is_declaration
from sessionlint.facts.collect import is_storing
from sessionlint.facts.configured import is_named
from sessionlint.facts.holding import has, is_adding, is_made_of
from sessionlint.facts.owned import only_owned
from sessionlint.facts.parameters import parameter_of, position_of
from sessionlint.facts.promised import ENDS
from sessionlint.facts.scopes import Block, BlockKind
from sessionlint.facts.syntax import asked_by_name, is_name, is_only_called, last_name, names_in
from sessionlint.facts.values import FunctionValue, Symbol
from sessionlint.facts.worth import DATABASE
from sessionlint.source.cleaning import CLOSING as _CLOSING
from sessionlint.source.threads import THREADED
from sessionlint.source.walk import descend

if TYPE_CHECKING:
    from sessionlint.facts.evaluate import Evaluator

__all__ = ["CLOSING", "Effect", "asks", "effect"]


class Effect(Enum):
    """What becomes of an argument."""

    LOAN = "used during the call"
    RELEASES = "released by the call"
    PROMISES = "released by the call, if that does what its name says"
    KEEPS = "kept after the call"
    UNKNOWN = "not known"


CLOSING: Final = re.compile(_CLOSING, re.IGNORECASE)
"""Callees that, by their name, may end what they are given."""

_RELEASING: Final = frozenset({"release", "putconn", "close_session", "close_connection"})
_ENTERING: Final = frozenset(
    "enter_context enter_async_context push_async_callback push_async_exit callback addCleanup "
    "addfinalizer finalize with_resource".split()
)
"""Functions that end what they are given when something else ends."""

_SCHEDULING: Final = frozenset(
    "create_task ensure_future submit start_soon spawn call_later call_soon add_task apply_async "
    "delay Thread run_coroutine_threadsafe".split()
)
"""Functions that let something go on behind the caller's back."""

_KEEPING: Final = _ENTERING | _SCHEDULING | {"partial", "closing", "aclosing", "register"}

_RUNNING: Final = frozenset("create_task ensure_future submit start_soon spawn add_task".split())
"""Those of them whose first argument is what runs, so that it is no resource.

`crud.create_task(db, task)` writes a row of a list of tasks.
"""

_SETTING: Final = r"(?i)(?:bind|register|set)_?(?:db_?)?(?:session|connection|db)"
"""By their names, methods of strangers that keep what they get: `BaseModel.set_session(db)`."""

_GATHERING: Final = frozenset(f"builtins.{name}" for name in ("dict", "list", "set", "tuple"))
"""What makes a collection of its arguments: `Thread(target=work, kwargs=dict(db=db))`."""

_DEEPEST: Final = 3


def effect(evaluator: Evaluator, call: cst.Call, argument: cst.Arg, block: Block) -> Effect:
    """What a call does with one of its arguments."""
    name = last_name(call.func)
    configured = evaluator.names
    if is_named(evaluator, call.func, block, configured.closers):
        return Effect.RELEASES
    if name in _RELEASING and not _only_queries(evaluator, call, argument, block):
        return Effect.RELEASES
    if is_named(evaluator, call.func, block, configured.owners):
        return Effect.KEEPS
    index = position_of(call, argument)
    is_keeping = (name in _KEEPING and not _is_own(name, index)) or is_storing(call, index)
    if is_keeping and not _is_ours(evaluator, call, block):
        return Effect.KEEPS
    if name in THREADED and index:
        call = cst.Call(call.args[0].value, call.args[1:])
    callee = evaluator.value(call.func, block)
    if isinstance(callee, FunctionValue):
        return _of_function(evaluator, callee, call, argument, _DEEPEST)
    if isinstance(callee, Symbol) and callee.name.startswith("builtins."):
        return Effect.UNKNOWN if callee.name in _GATHERING else Effect.LOAN
    if isinstance(callee, Symbol) and callee.name in CASTS:
        return Effect.UNKNOWN
    if re.fullmatch(_SETTING, last_name(call.func)):
        return Effect.KEEPS
    return Effect.PROMISES if CLOSING.search(last_name(call.func)) else Effect.LOAN


def _is_own(name: str, index: int) -> bool:
    """Whether what has the name of a scheduling function is none: a resource comes first."""
    return name in _RUNNING and index == 0


def _only_queries(evaluator: Evaluator, call: cst.Call, argument: cst.Arg, block: Block) -> bool:
    """Whether a function of the project queries by what it gets, though it is called `release`."""
    callee = evaluator.value(call.func, block)
    if not isinstance(callee, FunctionValue):
        return False
    name = parameter_of(callee, call, argument)
    is_queried = name is not None and any(asks(one, name) for one in callee.block.calls)
    found = _of_function(evaluator, callee, call, argument, _DEEPEST) if is_queried else None
    return found is Effect.LOAN


def asks(call: cst.Call, name: str) -> bool:
    """Whether a method of the object of a name is called that needs a connection."""
    match call.func:
        case cst.Attribute(value=cst.Name(value=owner), attr=cst.Name(value=method)):
            return owner == name and method in DATABASE
    return False


def _is_ours(evaluator: Evaluator, call: cst.Call, block: Block) -> bool:
    """Whether a function of the project is called, be its name that of a list's method.

    What a method does that is only declared is for those to say who override it.
    """
    callee = evaluator.value(call.func, block)
    is_plain = type(call.func) is cst.Name
    return isinstance(callee, FunctionValue) and (is_plain or not is_declaration(callee.block))


def _of_function(
    evaluator: Evaluator, function: FunctionValue, call: cst.Call, argument: cst.Arg, depth: int
) -> Effect:
    name = parameter_of(function, call, argument)
    if name is None:
        return Effect.UNKNOWN
    block = function.block
    return evaluator.once(
        (block, name, depth), lambda: _of_parameter(evaluator, block, name, depth)
    )


def _of_parameter(evaluator: Evaluator, block: Block, name: str, depth: int) -> Effect:
    """What a function does with one of its parameters."""
    if name in block.kept:
        return Effect.KEEPS
    # What a loop takes out of a parameter may be the object, too: `def close_all(*sessions)`.
    nodes = list(descend(block.node))
    awaited = {id(node.expression) for node in nodes if type(node) is cst.Await}
    given = [pair for node in nodes if type(node) is cst.Assign and (pair := _given(node))]
    made = {new for new, value in given if is_made_of(value, name)}
    held = {name, *(new for new, value in given if is_name(value, name))}
    held |= {each for node in nodes if (each := _each(node, name))}
    owned = only_owned(block, nodes, name)
    for node in nodes:
        if id(node) in owned:
            continue
        if any(_ends(node, one) for one in held):
            return Effect.RELEASES
        if type(node) is cst.Call and id(node) not in awaited and _outlives(node, name, made):
            return Effect.KEEPS
        if depth and isinstance(node, cst.Call):
            below = _passed_on(evaluator, node, name, block, depth)
            if below is not None:
                return below
    if any(_takes_along(inner, name, nodes) for inner in block.blocks):
        return Effect.KEEPS
    return Effect.LOAN


def _given(node: cst.Assign) -> tuple[str, cst.BaseExpression] | None:
    """The one variable that a statement gives a value, with that."""
    match node.targets:
        case [cst.AssignTarget(cst.Name(value=new))]:
            return new, node.value
    return None


def _outlives(call: cst.Call, name: str, made: set[str]) -> bool:
    """Whether a call starts something with an object, or puts what is `made` of it somewhere."""
    scheduling = last_name(call.func)
    if scheduling in _SCHEDULING:
        return any(
            _is_taken(arg.value, name)
            for index, arg in enumerate(call.args)
            if not (_is_own(scheduling, index) and is_name(arg.value, name))
        )
    values = [arg.value for arg in call.args] if is_adding(call) else []
    return any(is_made_of(one, name) or any(is_name(one, it) for it in made) for one in values)


def _is_taken(value: cst.BaseExpression, name: str) -> bool:
    """Whether an object, or its end, is in what is handed to something that runs later."""
    match value:
        case cst.Tuple(elements=parts) | cst.List(elements=parts) | cst.Dict(elements=parts):
            return any(_is_taken(part.value, name) for part in parts)
        case cst.Call(args=args):
            return any(_is_taken(arg.value, name) for arg in args)
        case cst.Attribute(value=owner, attr=cst.Name(value=method)):
            return method in ENDS and is_name(owner, name)
    return is_name(value, name)


def _takes_along(inner: Block, name: str, nodes: list[cst.CSTNode]) -> bool:
    """Whether a scope in a function may use a variable of it after the function has returned."""
    if name not in names_in(inner.node):
        return False
    if inner.kind is not BlockKind.FUNCTION or inner.decorators or inner.yields or inner.blocks:
        return True
    is_given = any(has(inner, one.value, name) for one in inner.returns)
    return is_given or name in inner.kept or not is_only_called(nodes, inner.name)


def _passed_on(
    evaluator: Evaluator, call: cst.Call, name: str, block: Block, depth: int
) -> Effect | None:
    for arg in call.args:
        if not (isinstance(arg.value, cst.Name) and arg.value.value == name):
            continue
        callee = evaluator.value(call.func, block)
        if isinstance(callee, FunctionValue) and callee.block is not block:
            found = _of_function(evaluator, callee, call, arg, depth - 1)
            return None if found is Effect.LOAN else found
        name_called = last_name(call.func)
        if name_called in _RELEASING or name_called in {"closing", "aclosing"}:
            return Effect.RELEASES
        if name_called in _ENTERING:
            return Effect.KEEPS
        if CLOSING.search(name_called):
            return Effect.UNKNOWN
    return None


def _each(node: cst.CSTNode, name: str) -> str:
    """The name that a loop gives to what it takes out of another, or out of its values."""
    if (
        not (type(node) is cst.For or type(node) is cst.CompFor)
        or type(node.target) is not cst.Name
    ):
        return ""
    source = node.iter
    if type(source) is cst.Call and type(source.func) is cst.Attribute:
        source = source.func.value if last_name(source.func) == "values" else source
    return node.target.value if is_name(source, name) else ""


def _ends(node: cst.CSTNode, name: str) -> bool:
    """Whether a node closes, or enters as a context manager, the object of that name."""
    if type(node) is cst.WithItem:
        return is_name(node.item, name)
    if type(node) is cst.Attribute:
        return is_name(node.value, name) and node.attr.value in ENDS
    owner, method = asked_by_name(node)
    return owner is not None and is_name(owner, name) and method in ENDS
