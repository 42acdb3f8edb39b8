"""Engines and pools that a function builds anew at every call."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import libcst as cst

from sessionlint.facts.calls import decorator_name, is_cache
from sessionlint.facts.catalog import Kind
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.scopes import Binding, Block, BlockKind, How
from sessionlint.facts.syntax import bare, keyword, last_name
from sessionlint.facts.values import Thing
from sessionlint.source.walk import descend

__all__ = ["EnginePerCall", "engines"]

_STARTS: Final = re.compile(
    r"^_*(?:main|lifespan|create_app|make_app|build_app|init\w*|setup\w*|set_up\w*|start\w*|"
    r"on_startup|startup\w*|bootstrap\w*|configure\w*|run_migrations\w*|do_run_migrations|upgrade|"
    r"downgrade|test\w*|migrate\w*|create_tables|create_db\w*|create_all|app_factory|connect_db|"
    r"__init__|__new__|__enter__|__aenter__|__post_init__|__setstate__|cli|run|seed\w*)$",
    re.IGNORECASE,
)
_TEST_PATH: Final = re.compile(
    r"(?:^|/)(?:tests?|testing|migrations?|alembic|conftest\.py|versions|scripts?|docs?|examples?|"
    r"env\.py|test_[^/]*|[^/]*_test\.py|benchmarks?)(?:/|$)"
)
_NO_POOL: Final = frozenset({"NullPool", "StaticPool", "AssertionPool"})


@dataclass(frozen=True, slots=True, eq=False)
class EnginePerCall:
    """An engine that is built and used, or given away, each time its function is called.

    `caller` names one of the functions that call a factory, None when the function uses it itself.
    """

    name: str | None
    thing: Thing
    acquired: cst.BaseExpression
    is_factory: bool


def engines(evaluator: Evaluator, block: Block) -> Iterator[EnginePerCall]:
    """The engines of one function that nobody keeps and nobody disposes of."""
    if block.kind is not BlockKind.FUNCTION or _starts_up(evaluator, block):
        return
    for call in block.calls:
        thing = _engine(evaluator, call, block)
        if thing is None:
            continue
        name = _bound_name(block, call)
        if name is None:
            if _is_returned(block, call) and _is_called_often(evaluator, block):
                yield EnginePerCall(None, thing, call, True)
            elif _feeds_a_maker(evaluator, block, call):
                yield EnginePerCall(None, thing, call, False)
        elif _is_given_back(block, name):
            if _is_called_often(evaluator, block):
                yield EnginePerCall(name, thing, call, True)
        elif not _is_looked_after(block, name) and _is_used(block, name):
            yield EnginePerCall(name, thing, call, False)


def _starts_up(evaluator: Evaluator, block: Block) -> bool:
    names = {decorator_name(decorator) for decorator in block.decorators}
    if names & {"fixture", "asynccontextmanager", "on_event", "command", "before_first_request"}:
        return True
    try:
        path = block.home.path.relative_to(evaluator.tree.root).as_posix()
    except ValueError:
        path = block.home.path.name
    above: Block | None = block
    while above is not None:
        if above.kind is BlockKind.FUNCTION and _STARTS.match(above.name):
            return True
        if any(is_cache(evaluator, decorator, above) for decorator in above.decorators):
            return True
        above = above.parent
    return _TEST_PATH.search(path) is not None


def _engine(evaluator: Evaluator, call: cst.Call, block: Block) -> Thing | None:
    """The engine that this very call to a library builds."""
    if "engine" not in last_name(call.func) and "pool" not in last_name(call.func).lower():
        return None
    value = evaluator.value(call, block)
    if not isinstance(value, Thing) or not value.is_fresh:
        return None
    chosen = keyword(call, "poolclass")
    is_pooled = chosen is None or last_name(chosen) not in _NO_POOL
    is_spread = any(arg.star for arg in call.args)
    is_engine = value.type.kind in {Kind.ENGINE, Kind.POOL}
    return value if is_engine and is_pooled and not is_spread and _is_library(call) else None


def _is_library(call: cst.Call) -> bool:
    return last_name(call.func) in {
        "create_engine",
        "create_async_engine",
        "engine_from_config",
        "async_engine_from_config",
        "create_pool",
        "ConnectionPool",
        "AsyncConnectionPool",
        "SimpleConnectionPool",
        "ThreadedConnectionPool",
    }


def _bindings(block: Block) -> Iterator[tuple[str, Binding]]:
    for name, bindings in block.names.items():
        for binding in bindings:
            if binding.how is How.VALUE:
                yield name, binding


def _bound_name(block: Block, call: cst.Call) -> str | None:
    for name, binding in _bindings(block):
        if binding.expression is not None and bare(binding.expression) is call:
            return name
    return None


def _is_returned(block: Block, call: cst.Call) -> bool:
    return any(node.value is not None and bare(node.value) is call for node in block.returns)


def _is_given_back(block: Block, name: str) -> bool:
    """Whether the function's whole purpose is to return the engine it builds."""
    returned = [node.value for node in block.returns if node.value is not None]
    is_plain = bool(returned) and all(_is_name(value, name) for value in returned)
    return is_plain and name not in block.declared and name not in block.kept


def _is_looked_after(block: Block, name: str) -> bool:
    """Stored, returned inside something, yielded, disposed of, or out of sight."""
    if name in block.declared or name in block.kept:
        return True
    for node in descend(block.node):
        match node:
            case cst.Attribute(value=cst.Name(value=owner), attr=cst.Name(value=method)):
                if owner == name and method in {"dispose", "close", "terminate", "closeall"}:
                    return True
            case cst.WithItem(item=cst.Name(value=entered)):
                if entered == name:
                    return True
            case cst.Return(value=value) | cst.Yield(value=value) if value is not None:
                if _carries(value, name):
                    return True
            case cst.Lambda() | cst.FunctionDef() if node is not block.node:
                if any(_is_name(part, name) for part in descend(node)):
                    return True
            case cst.Assign(targets=targets, value=value):
                is_inside = any(not isinstance(target.target, cst.Name) for target in targets)
                if is_inside and any(_is_name(part, name) for part in descend(value)):
                    return True
            case cst.Dict() | cst.List() | cst.Tuple():
                if any(_is_name(element.value, name) for element in node.elements):
                    return True
    return False


def _carries(value: cst.CSTNode, name: str) -> bool:
    """Whether a returned value holds the engine, or something made of it."""
    is_made = isinstance(value, cst.Call) and any(_is_name(arg.value, name) for arg in value.args)
    return is_made or _is_name(value, name) or isinstance(value, (cst.Tuple, cst.Dict))


def _is_used(block: Block, name: str) -> bool:
    """Whether the engine is connected to, or handed to a session or sessionmaker made here."""
    for node in descend(block.node):
        match node:
            case cst.Attribute(value=cst.Name(value=owner), attr=cst.Name(value=method)):
                if owner == name and method in {"connect", "begin", "raw_connection", "acquire"}:
                    return True
            case cst.Call(func=func, args=args):
                takes = any(_is_name(arg.value, name) for arg in args)
                if takes and re.search(r"session", last_name(func), re.IGNORECASE):
                    return True
    return False


def _feeds_a_maker(evaluator: Evaluator, block: Block, call: cst.Call) -> bool:
    """`sessionmaker(bind=create_engine(…))()` in one expression, not returned or stored."""
    return False


def _is_called_often(evaluator: Evaluator, block: Block) -> bool:
    """Whether the project calls the factory from two or more functions, or in a loop."""
    word = block.name.encode()
    pattern = re.compile(rb"(?<!def )\b" + re.escape(word) + rb"\s*\(")
    callers = 0
    for path, data in evaluator.fields.texts:
        if word not in data or not pattern.search(data):
            continue
        relative = path.relative_to(evaluator.tree.root).as_posix()
        module = None if _TEST_PATH.search(relative) else evaluator.tree.module(path)
        for caller in module.blocks if module is not None else ():
            callers += _calls_from(evaluator, caller, block)
            if callers > 1:
                return True
    return False


def _calls_from(evaluator: Evaluator, caller: Block, factory: Block) -> int:
    """1 for a function that calls the factory, 2 when it does so in a loop, else 0."""
    from sessionlint.facts.values import FunctionValue

    if caller.kind is not BlockKind.FUNCTION or _starts_up(evaluator, caller):
        return 0
    for call in caller.calls:
        if last_name(call.func) != factory.name:
            continue
        callee = evaluator.value(call.func, caller)
        if isinstance(callee, FunctionValue) and callee.block is factory:
            return 2 if _in_loop(caller, call) else 1
    return 0


def _in_loop(block: Block, call: cst.Call) -> bool:
    loops = (node for node in descend(block.node) if isinstance(node, (cst.For, cst.While)))
    return any(part is call for loop in loops for part in descend(loop.body))


def _is_name(node: cst.CSTNode | None, name: str) -> bool:
    return isinstance(node, cst.Name) and node.value == name
