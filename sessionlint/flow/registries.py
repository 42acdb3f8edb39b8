"""Registries of a module whose sessions nobody ever removes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

import libcst as cst

from sessionlint.facts.aside import is_aside, is_test
from sessionlint.facts.catalog import Kind
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.scopes import Binding, Block, BlockKind, How
from sessionlint.facts.syntax import arguments, bare, keyword, last_name
from sessionlint.facts.values import ModuleValue, Thing
from sessionlint.facts.worth import DATABASE
from sessionlint.flow.callers import callers, is_dependency, named
from sessionlint.flow.circumstances import serves, starts_by_name
from sessionlint.flow.harmless import SETTLING
from sessionlint.flow.nodes import Nodes
from sessionlint.flow.shared import is_in_function
from sessionlint.flow.spoken import Use, stands_in, use

__all__ = ["Unremoved", "unremoved"]

_MANAGED: Final = (
    rb"\bautocommit\s*=\s*True\b|\bextension\s*=|\bclass_\s*=\s*(?!Async|Session)[A-Z]"
)
"""Options by which sessions give their connections back themselves, or may do so."""

_ASKING: Final = DATABASE - {"add", "add_all", "delete", "commit", "cursor"}
"""Methods that ask the database at once, or put together what does."""

_ENTERED: Final = "()"
"""Stands for a session that a `with` takes, among the methods that are called on the registry."""

_WORKING: Final = DATABASE - {"commit", "flush"}
_LEADING: Final = frozenset({"registry", "get_transaction", "connection", "get_bind"})
"""What leads to other objects, by which a session may be ended."""

_SCOPES: Final = frozenset({"get_ident", "__ident_func__", "current_task"})
"""What tells threads and tasks apart; another scope may end in a way of its own."""

_LOST: Final = "?"
"""Stands for a use that cannot be followed, or that ends a session."""

_CLOSING: Final = frozenset({"close", "aclose"})
_BINDING: Final = (cst.ImportAlias, cst.AssignTarget, cst.AsName)
_Methods: TypeAlias = dict[Block, set[str]]

_HOPS: Final = 2
"""How many functions may stand between a request and what uses the registry for it."""


class Unremoved(NamedTuple):
    """A registry, and a function that runs for each request and leaves a session in it."""

    name: str
    thing: Thing
    created: cst.BaseExpression
    user: str


def unremoved(evaluator: Evaluator, block: Block) -> Iterator[Unremoved]:
    """The registries of a module from which nothing in the project removes a session.

    Source: SQLAlchemy, "Contextual/Thread-local Sessions": whoever uses a registry for requests
    calls `remove()` at the end of each.
    """
    if block.kind is not BlockKind.MODULE:
        return
    near = [(name, one) for name, bindings in block.near.names.items() for one in bindings]
    for name, binding in near:
        made = binding.expression and bare(binding.expression)
        if not isinstance(made, cst.Call) or len(block.bindings(name)) > 1:
            continue
        thing = _registry(evaluator, binding, made)
        if thing is None or _may_give_back(evaluator, block, made):
            continue
        user = _user(evaluator, block, name, thing)
        if user is not None:
            yield Unremoved(name, thing, made, user)


def _registry(evaluator: Evaluator, binding: Binding, made: cst.Call) -> Thing | None:
    """The registry of threads or tasks that a name of a module, and nothing else, is given."""
    is_another = isinstance(binding.node, cst.Assign) and len(binding.node.targets) > 1
    if binding.how is not How.VALUE or is_another or not evaluator.may_acquire(made, binding.block):
        return None
    value = evaluator.value(made, binding.block)
    if not isinstance(value, Thing) or not value.is_fresh or value.type.kind is not Kind.REGISTRY:
        return None
    scope = keyword(made, "scopefunc")
    return value if scope is None or last_name(scope) in _SCOPES else None


def _may_give_back(evaluator: Evaluator, block: Block, made: cst.Call) -> bool:
    """Whether the options of the maker say so, be it in the file that it is imported from."""
    maker = next(arguments(made), None) or keyword(made, "session_factory")
    word = last_name(maker).encode() if isinstance(maker, (cst.Name, cst.Attribute)) else b""
    texts = [block.home.reader.text.encode()]
    if word:
        bound = re.compile(rb"(?m)^[ \t]*(?:\w+\.)*" + re.escape(word) + rb"\s*(?::[^=\n]+)?=")
        texts += (data for _, data in evaluator.tree.searched(word, bound))
    return any(re.search(_MANAGED, text) for text in texts)


def _user(evaluator: Evaluator, block: Block, name: str, thing: Thing) -> str | None:
    """What leaves a session behind for each request, None where that is not sure."""
    root = evaluator.tree.files.root
    word = re.escape(name.encode())
    # Whatever has the name in other files, somebody removes a session there.
    removing = rb"\b" + word + rb"\s*\.\s*remove\b"
    if is_aside(block.home.path, root) or any(_saying(evaluator, name.encode(), removing)):
        return None
    defining = rb"(?m)^" + word + rb"[ \t]*(?::[^=\n]+)?=(?!=)"
    if len(list(islice(_saying(evaluator, name.encode(), defining), 2))) > 1:
        # Whose uses are whose is not for names to say.
        return None
    methods = _methods(evaluator, name, thing)
    if methods is None:
        return None
    users = (one for one, called in methods.items() if _takes(one, called, thing))
    found = next((one for one in users if _is_for_requests(evaluator, one, methods, thing)), None)
    return None if found is None else named(found)


def _saying(evaluator: Evaluator, word: bytes, pattern: bytes) -> Iterator[Path]:
    """The files of the project that say something, tests left out."""
    tree, way = evaluator.tree, re.compile(pattern)
    for path, _ in tree.searched(word, way):
        if not is_test(path, tree.files.root):
            yield path
    yield from (one for one in tree.elsewhere(word, way) if not is_test(one, tree.files.root))


def _methods(evaluator: Evaluator, name: str, thing: Thing) -> _Methods | None:
    """What each function of the project calls on the registry.

    None where it goes somewhere else, or where something ends its sessions.
    """
    found: _Methods = {}
    word = rb"\b" + re.escape(name.encode()) + rb"\b"
    for path in _saying(evaluator, name.encode(), word):
        module = evaluator.tree.module(path)
        if module is None or re.search(rf"\b{re.escape(name)}\s+as\s", module.reader.text):
            return None
        for block in module.speaking(name):
            called = set(filter(None, _called(evaluator, block, name, thing)))
            if _LOST in called:
                return None
            if called:
                found[block] = called
    # What ends them and asks for nothing may run behind every request.
    is_behind = any(
        one.kind is BlockKind.FUNCTION and called & SETTLING and not called & _WORKING
        for one, called in found.items()
    )
    return None if is_behind else found


def _called(evaluator: Evaluator, block: Block, name: str, thing: Thing) -> Iterator[str]:
    """The methods that a block calls on the registry, or on the session it gives."""
    if block.kind not in {BlockKind.FUNCTION, BlockKind.MODULE}:
        return
    body = Nodes(block)
    for node in _mentions(evaluator, body, name):
        above = body.above(node)
        around = next(above, None)
        if not (isinstance(around, cst.Call) and around.func is node):
            yield _method(evaluator, body, node, thing)
            continue
        # Have: `registry()`, the session that the registry holds for whoever asks.
        match next(above, None):
            case cst.Attribute():
                yield _method(evaluator, body, around, thing)
            case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=one))]):
                spoken = (node for node in body.variables(one) if not _is_bound(body, node))
                yield from (_method(evaluator, body, node, thing) for node in spoken)
            case _:
                yield _ENTERED if thing.type.is_async else _LOST


def _method(evaluator: Evaluator, body: Nodes, node: cst.BaseExpression, thing: Thing) -> str:
    """What is called on a registry or its session where it stands."""
    around, _ = stands_in(body, node)
    method = around.attr.value if isinstance(around, cst.Attribute) else ""
    if isinstance(around, cst.Param) or method in _LEADING:
        return _LOST
    if method in _CLOSING and thing.type.is_async:
        return method
    match use(evaluator, body, node):
        case Use.OTHER:
            return _LOST
        case Use.DATABASE:
            return method or "execute"
    return method


def _is_bound(body: Nodes, name: cst.Name) -> bool:
    """Whether a name gets its value where it stands."""
    around, _ = stands_in(body, name)
    return isinstance(around, _BINDING) or (isinstance(around, cst.Param) and around.name is name)


def _mentions(evaluator: Evaluator, body: Nodes, name: str) -> Iterator[cst.BaseExpression]:
    """Where a block speaks of the registry, by its name or as one of its module."""
    of_modules = (one for one in body.nodes if _is_of_module(evaluator, body, one, name))
    for node in (*body.variables(name), *of_modules):
        assert isinstance(node, cst.BaseExpression)
        if body.block.kind is BlockKind.MODULE and is_in_function(body, node):
            continue
        if isinstance(node, cst.Name) and _is_bound(body, node):
            continue
        value = evaluator.value(node, body.block)
        if isinstance(value, Thing) and value.type.kind is Kind.REGISTRY:
            yield node


def _is_of_module(evaluator: Evaluator, body: Nodes, node: cst.CSTNode, name: str) -> bool:
    """`database.session`, where the first is a module; an object has a session of its own."""
    if not isinstance(node, cst.Attribute) or node.attr.value != name:
        return False
    return isinstance(evaluator.value(node.value, body.block), ModuleValue)


def _takes(function: Block, called: set[str], thing: Thing) -> bool:
    """Whether a function takes a connection, or makes a session for its task."""
    taking = _ASKING | {_ENTERED} if thing.type.is_async else _ASKING
    return function.kind is BlockKind.FUNCTION and not called.isdisjoint(taking)


def _gives_back(function: Block, methods: _Methods) -> bool:
    """Whether a function, or one that it may call, ends its transaction."""
    ending = {one.name for one, called in methods.items() if called & SETTLING}
    return bool(methods.get(function, set()) & SETTLING) or any(
        last_name(call.func) in ending for call in function.calls
    )


def _is_for_requests(
    evaluator: Evaluator,
    function: Block,
    methods: _Methods,
    thing: Thing,
    hops: int = _HOPS,
) -> bool:
    """Whether a function runs for each request, and nothing around it ends its transaction."""
    if starts_by_name(function) or (not thing.type.is_async and _gives_back(function, methods)):
        return False
    if serves(function) or is_dependency(evaluator, function):
        return True
    above = (one for one, _ in callers(evaluator, function, is_wide=True)) if hops else iter(())
    return any(
        one.kind is BlockKind.FUNCTION
        and _is_for_requests(evaluator, one, methods, thing, hops - 1)
        for one in above
    )
