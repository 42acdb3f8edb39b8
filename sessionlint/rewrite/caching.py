"""Caches taken off what must not be shared, and put on what should be."""

from __future__ import annotations

import re
from typing import Final

import libcst as cst

from sessionlint.facts.caching import is_cache
from sessionlint.facts.calls import returned
from sessionlint.facts.catalog import Kind
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.scopes import Block, BlockKind
from sessionlint.facts.syntax import bare, dotted, last_name
from sessionlint.facts.values import FunctionValue, Thing
from sessionlint.flow.built import built_by
from sessionlint.flow.caches import Cached
from sessionlint.flow.upkeep import is_outside
from sessionlint.model import AddImport, Fix, RemoveImportIfUnused, Replace, Safety
from sessionlint.source.walk import descend

__all__ = ["shared_engine", "uncached"]

_HOPS: Final = 3
"""How many functions are asked one behind the other what they build."""


def uncached(evaluator: Evaluator, block: Block, found: Cached) -> Fix | None:
    """The fix that lets every caller have a session of its own.

    None where the project asks the cache for something, `get_session.cache_clear()`. None for a
    property: each read of it would open a session that nobody sees, let alone closes. None where
    the cache is all that keeps an engine: every caller would build one of its own.
    """
    node = block.node
    assert isinstance(node, cst.FunctionDef)
    marks = [one for one in node.decorators if one.decorator is found.decorator]
    callee = found.decorator.func if isinstance(found.decorator, cst.Call) else found.decorator
    root = (dotted(callee) or "").partition(".")[0]
    asked = f"{block.name}.".encode()
    asking = re.compile(re.escape(asked) + rb"(?:cache|clear)")
    if not marks or not root or evaluator.tree.has(asked, asking):
        return None
    [mark] = marks
    if last_name(callee) == "cached_property" or _builds_engines(evaluator, block, _HOPS):
        return None
    return Fix(
        "remove the cache",
        Safety.UNSAFE,
        (Replace(node, _without(node, mark)), RemoveImportIfUnused(root)),
        f"every caller gets a {found.thing.type.noun} of its own and has to close it",
    )


def _builds_engines(evaluator: Evaluator, block: Block, hops: int) -> bool:
    """Whether a function, or one that it calls, builds an engine each time and keeps none."""
    for call in block.calls:
        if built_by(evaluator, call, block) is not None:
            if not _is_kept(block, call):
                return True
            continue
        callee = evaluator.value(call.func, block) if hops else None
        if not isinstance(callee, FunctionValue) or _is_cached(evaluator, callee.block):
            continue
        if _builds_engines(evaluator, callee.block, hops - 1):
            return True
    return False


def _is_kept(block: Block, made: cst.Call) -> bool:
    """Whether what a call makes is assigned to something that outlives the function."""
    assigned = (one for one in descend(block.node) if isinstance(one, cst.Assign))
    return any(
        bare(one.value) is made and any(is_outside(block, to.target) for to in one.targets)
        for one in assigned
    )


def _is_cached(evaluator: Evaluator, block: Block) -> bool:
    return any(is_cache(evaluator, one, block) for one in block.decorators)


def _without(node: cst.FunctionDef, mark: cst.Decorator) -> cst.FunctionDef:
    """A function without one decorator, whose comments stay."""
    lines = list(mark.leading_lines)
    if mark.trailing_whitespace.comment is not None:
        lines.append(cst.EmptyLine(comment=mark.trailing_whitespace.comment))
    index = node.decorators.index(mark)
    others = [one for one in node.decorators if one is not mark]
    if index < len(others):
        after = others[index]
        others[index] = after.with_changes(leading_lines=[*lines, *after.leading_lines])
        return node.with_changes(decorators=others)
    own = [*lines, *node.lines_after_decorators]
    return node.with_changes(decorators=others, lines_after_decorators=own)


def shared_engine(evaluator: Evaluator, block: Block) -> Fix | None:
    """The fix that builds the engine once: a cache on the function that does nothing else.

    None where the function takes something, so that its engines may differ, or is no plain one.
    """
    node = block.node
    if not isinstance(node, cst.FunctionDef) or block.is_async or block.yields or block.parameters:
        return None
    if node.decorators or block.parent is None or block.parent.kind is not BlockKind.MODULE:
        return None
    given = returned(evaluator, block)
    if not isinstance(given, Thing) or given.type.kind is not Kind.ENGINE or given.is_maybe:
        return None
    once = cst.Call(
        cst.Name("lru_cache"),
        [
            cst.Arg(
                cst.Name("None"),
                cst.Name("maxsize"),
                equal=cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace("")),
            )
        ],
    )
    new = node.with_changes(decorators=[cst.Decorator(once)])
    return Fix(
        "build the engine once",
        Safety.UNSAFE,
        (Replace(node, new), AddImport("functools", "lru_cache")),
        "every caller shares one engine and its pool, also one that disposes of it",
    )
