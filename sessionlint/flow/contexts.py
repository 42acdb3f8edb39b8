"""Sessions in the context of a GraphQL application, which closes nothing that is in it.

    def get_context():
        return {"db": SessionLocal()}

    router = GraphQLRouter(schema, context_getter=get_context)

Source: Strawberry, "FastAPI", `context_getter`; Ariadne, "ASGI application", `context_value`;
graphql-server, "Flask", `get_context`. Each resolver reads it by `info.context["db"]`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import libcst as cst

from sessionlint.facts.aside import is_test
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.module import Module
from sessionlint.facts.scopes import Block, BlockKind
from sessionlint.facts.syntax import bare, keyword, last_name
from sessionlint.facts.values import FunctionValue, Thing
from sessionlint.flow.acquisitions import has_mocks, sure_session
from sessionlint.flow.circumstances import serves
from sessionlint.flow.generators import taken_out
from sessionlint.flow.handed import alone, may_be_closed_elsewhere, returned_alone
from sessionlint.flow.nodes import Nodes
from sessionlint.flow.read_back import is_asked, is_left_open_by, modules_with, subscripts
from sessionlint.flow.shared import Shared

__all__ = ["InContext", "in_applications", "in_contexts"]

_CONTEXT: Final = "context"
"""The name of what resolvers read, be it an attribute."""

_GETTERS: Final = ("context_getter", "context_value", "get_context")
"""By what an application is told which function makes the context of a request."""

_LIBRARIES: Final = (
    "strawberry",
    "ariadne",
    "graphql",
    "graphql_server",
    "flask_graphql",
    "starlette_graphene3",
    "graphene",
)
_APPLICATIONS: Final = frozenset({"GraphQL", "GraphQLApp"})
"""What takes the context of all requests as a value, too.

Source: Ariadne, "ASGI application"; starlette-graphene3, `GraphQLApp`.
"""
_RUNNING: Final = frozenset(
    {"graphql", "graphql_sync", "execute", "execute_sync", "execute_async", "subscribe"}
)
"""What runs one query, with the context that it is given.

Source: Ariadne, "API reference"; Strawberry, "Schema"; Graphene, "Execution".
"""

_OF_REQUEST: Final = frozenset({"request", "req", "info"})
"""Parameters of what runs for one request."""


class InContext(NamedTuple):
    """A session that is opened for one request, and the function that makes the context, if any."""

    thing: Thing
    acquired: cst.Call
    maker: str


def in_contexts(evaluator: Evaluator, block: Block) -> Iterator[InContext]:
    """The sessions that a function or a lambda opens for the context of each request."""
    if block.kind is BlockKind.LAMBDA:
        made, maker = _of_lambda(block), "a lambda"
    else:
        made, maker = _alone(block, returned_alone(block), cst.Dict), f"`{block.name}`"
    for key, call, thing in _opened(evaluator, made, block):
        is_context = block.kind is BlockKind.LAMBDA or _makes_contexts(evaluator, block)
        if is_context and _is_left_open(evaluator, key):
            yield InContext(thing, call, maker)
    for given in _given(block, _RUNNING) if block.kind is BlockKind.FUNCTION else ():
        for key, call, thing in _opened(evaluator, given, block):
            if _is_left_open(evaluator, key):
                yield InContext(thing, call, "")


def in_applications(evaluator: Evaluator, block: Block) -> Iterator[Shared]:
    """The sessions that all requests of an application share: `GraphQL(schema, context_value={…})`.

    One of a module or a function; a value is the context of every request, as it is.
    """
    given_to = {parameter.name.value for parameter in block.parameters}
    if serves(block) or not given_to.isdisjoint(_OF_REQUEST):
        return
    for given in _given(block, _APPLICATIONS):
        for key, call, thing in _opened(evaluator, given, block):
            if any(True for _ in _reading(evaluator, key)):
                yield Shared(f'context["{key}"]', thing, call, None, is_kept=True)


def _alone(
    block: Block, value: cst.BaseExpression | None, *kinds: type[cst.BaseExpression]
) -> cst.BaseExpression | None:
    """An expression of some kind, or what a variable holds that stands for such a one alone.

    The function is gone through for a variable only, and only for one that holds such a thing.
    """
    if isinstance(value, cst.Name):
        bound = block.bindings(value.value)
        value = (
            alone(block, value) if any(isinstance(one.expression, kinds) for one in bound) else None
        )
    return value if isinstance(value, kinds) else None


def _of_lambda(block: Block) -> cst.BaseExpression | None:
    """What a lambda gives that makes contexts: `get_context=lambda: {…}`."""
    node, outer = block.node, block.parent
    if not isinstance(node, cst.Lambda) or outer is None or not _is_of_graphql(block.home):
        return None
    given = (keyword(call, name) for call in outer.near.calls for name in _GETTERS)
    return node.body if any(one is node for one in given) else None


def _given(block: Block, takers: Iterable[str]) -> Iterator[cst.BaseExpression]:
    """What is given as the context to some calls of a block."""
    for call in list(block.near.calls):
        value = keyword(call, "context_value") if last_name(call.func) in takers else None
        if value is not None and _is_of_graphql(block.home):
            mapping = _alone(block, value, cst.Dict)
            yield from () if mapping is None else (mapping,)


def _opened(
    evaluator: Evaluator, mapping: cst.BaseExpression | None, block: Block
) -> Iterator[tuple[str, cst.Call, Thing]]:
    """The sessions that a mapping holds and nothing else does, each with its key."""
    if not isinstance(mapping, cst.Dict) or is_test(block.home.path, evaluator.tree.files.root):
        return
    for one in mapping.elements:
        if not isinstance(one, cst.DictElement) or not isinstance(one.key, cst.SimpleString):
            continue
        value = _alone(block, one.value, cst.Call, cst.Await)
        made, key = None if value is None else bare(value), one.key.raw_value
        if not isinstance(made, cst.Call):
            continue
        thing = sure_session(evaluator, made, block)
        if thing is None and made is not bare(one.value):
            # Of a generator that is dropped in the mapping itself another rule tells.
            thing = taken_out(evaluator, made, block)
        if thing is not None and not has_mocks(block):
            yield key, made, thing


def _is_of_graphql(home: Module) -> bool:
    return any(map(home.imports, _LIBRARIES))


def _makes_contexts(evaluator: Evaluator, block: Block) -> bool:
    """Whether an application is told that a function makes its contexts, and nobody closes all."""
    getters = "|".join(_GETTERS)
    pattern = re.compile(rf"\b(?:{getters})\s*=\s*(?:\w+\.)*{re.escape(block.name)}\b".encode())
    found = modules_with(evaluator, block.name, pattern)
    told = any(_is_told(evaluator, home, block) for home in found if _is_of_graphql(home))
    return told and not may_be_closed_elsewhere(evaluator, block)


def _is_told(evaluator: Evaluator, home: Module, maker: Block) -> bool:
    """Whether a call in a module is given the function by one of these names."""
    for where in home.speaking(maker.name):
        for call in list(where.near.calls):
            for value in filter(None, (keyword(call, name) for name in _GETTERS)):
                function = evaluator.value(value, where)
                if isinstance(function, FunctionValue) and function.block is maker:
                    return True
    return False


def _reading(evaluator: Evaluator, key: str) -> Iterator[Module]:
    """The modules that read what has a key, be it from a context or from another mapping."""
    quoted = re.escape(key)
    pattern = re.compile(rf"(?:\[|\.(?:get|pop)\()\s*[\"']{quoted}[\"']".encode())
    return modules_with(evaluator, key, pattern)


def _is_left_open(evaluator: Evaluator, key: str) -> bool:
    """Whether resolvers take a connection by what is under a key, and nobody may close that."""
    modules = _reading(evaluator, key)
    return is_left_open_by(evaluator, modules, (_CONTEXT,), lambda nodes: _reads(nodes, key))


def _reads(nodes: Nodes, key: str) -> Iterator[cst.BaseExpression]:
    """Where a function reads a key of a context: `info.context["db"]`, `context.get("db")`."""
    yield from subscripts(nodes, _CONTEXT, key)
    yield from (call for call in nodes.of(cst.Call) if is_asked(call, _CONTEXT, key, {"get"}))
