"""The engine or pool that a call builds, and what it is told of the pool."""

from __future__ import annotations

import re
from itertools import islice
from typing import Final

import libcst as cst

from sessionlint.facts.catalog import CALLS, TYPES, Kind
from sessionlint.facts.catalog import How as Gives
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.scopes import Block, BlockKind, How
from sessionlint.facts.syntax import arguments, keyword, last_name
from sessionlint.facts.values import Symbol, Thing
from sessionlint.facts.worth import BUILDERS, TAKING
from sessionlint.flow.nodes import Nodes

__all__ = ["built_by"]

_IMPORTED: Final = frozenset({How.IMPORT, How.IMPORT_FROM})
_KEEPING: Final = frozenset(
    "QueuePool AsyncAdaptedQueuePool FallbackAsyncAdaptedQueuePool SingletonThreadPool None".split()
)
"""What may be named as `poolclass` and keeps connections; of a variable, nobody knows."""

_OF_POOLS: Final = r"""poolclass|(?:Null|Static|Assertion)Pool|\b(?:pool|creator)["']?\]?\s*[:=]"""
"""What a module says that chooses a pool for its engines."""


def built_by(evaluator: Evaluator, call: cst.Call, block: Block) -> Thing | None:
    """The engine or pool that this very call to a library builds, if it keeps connections."""
    is_plain = isinstance(call.func, cst.Name) or last_name(call.func) in BUILDERS
    # A method of another name builds an engine only in its own body, which is looked at there.
    if not is_plain or not evaluator.may_give(call, block, BUILDERS):
        return None
    callee = evaluator.value(call.func, block)
    gift = CALLS.get(callee.name) if isinstance(callee, Symbol) else None
    if gift is None or gift.how is not Gives.FRESH:
        return None
    kind = TYPES[gift.type]
    if kind.kind is Kind.POOL:
        # `poolclass` is what SQLAlchemy is told; the pool of a driver is what it is.
        return Thing(kind, is_fresh=True)
    chosen = keyword(call, "poolclass")
    is_pooled = chosen is None or last_name(chosen) in _KEEPING
    is_unsure = any(_may_choose(evaluator, arg, block) for arg in call.args) or _is_in_memory(call)
    if _is_on_lent(keyword(call, "creator"), block):
        return None
    is_engine = kind.kind is Kind.ENGINE
    return Thing(kind, is_fresh=True) if is_engine and is_pooled and not is_unsure else None


def _is_on_lent(creator: cst.BaseExpression | None, block: Block) -> bool:
    """Whether an engine takes a connection that is there: `creator=lambda: connection.driver()`."""
    given = creator.body if isinstance(creator, cst.Lambda) else None
    if isinstance(given, cst.Call) and last_name(given.func) in TAKING:
        return False
    while isinstance(given, (cst.Attribute, cst.Call)):
        given = given.value if isinstance(given, cst.Attribute) else given.func
    bindings = block.names.get(given.value, []) if isinstance(given, cst.Name) else []
    return bool(bindings) and not any(one.how in _IMPORTED for one in bindings)


def _may_choose(evaluator: Evaluator, argument: cst.Arg, block: Block) -> bool:
    """Whether an argument may hold a choice of the pool, as `**options` does that are not known."""
    if not argument.star:
        return False
    if argument.star == "*" or re.search(_OF_POOLS, block.home.reader.text):
        return True
    name = argument.value.value if isinstance(argument.value, cst.Name) else ""
    given = [one.expression for one in block.seen(name)] if name else [argument.value]
    if not given or not all(map(_is_written_out, given)):
        return True
    return bool(name) and not _is_private(evaluator, block, name)


def _is_written_out(value: cst.BaseExpression | None) -> bool:
    """Whether a dictionary has the keys that are written there, and no others, nor an address."""
    keys: list[str] = []
    match value:
        case cst.Dict(elements=elements):
            for one in elements:
                key = one.key if isinstance(one, cst.DictElement) else None
                keys.append(key.raw_value if isinstance(key, cst.SimpleString) else "")
        case cst.Call(func=cst.Name(value="dict"), args=args):
            keys = [arg.keyword.value if arg.keyword is not None else "" for arg in args]
        case _:
            return False
    return not {"", "url"}.intersection(keys)


def _is_private(evaluator: Evaluator, block: Block, name: str) -> bool:
    """Whether a dictionary that has a name holds what it is given where that can be read."""
    scope = block.binder(name)
    if scope is None:
        return False
    if scope.kind is BlockKind.MODULE:
        word = re.compile(rb"\b" + re.escape(name.encode()) + rb"\b")
        if evaluator.tree.has_any(name.encode(), word, besides=block.home.path):
            return False
    nodes = Nodes(scope)
    return all(_adds_nothing(nodes, one) for one in nodes.variables(name))


def _adds_nothing(nodes: Nodes, name: cst.Name) -> bool:
    """Whether a dictionary gets nothing that is not written out where its name stands."""
    match list(islice(nodes.above(name), 2)):
        case [cst.Arg(star="**"), *_] | [cst.AssignTarget(), cst.Assign(targets=[_])]:
            return True
        case [cst.Subscript(slice=[cst.SubscriptElement(slice=index)]), cst.AssignTarget()]:
            key = index.value if isinstance(index, cst.Index) else None
            return isinstance(key, cst.SimpleString) and key.raw_value != "url"
        case [cst.AnnAssign(target=target), *_]:
            return target is name
        case [cst.Attribute(attr=cst.Name(value="update")), cst.Call(args=args) as call]:
            values = list(arguments(call))
            named = [arg for arg in args if arg.keyword is not None and arg.keyword.value != "url"]
            return len(values) + len(named) == len(args) and all(map(_is_written_out, values))
    return False


def _is_in_memory(call: cst.Call) -> bool:
    """Whether an engine has a database of its own in the memory of the process: `sqlite://`."""
    url = next(arguments(call), None)
    text = url.raw_value if isinstance(url, cst.SimpleString) else ""
    return text.startswith("sqlite") and (text.endswith("://") or ":memory:" in text)
