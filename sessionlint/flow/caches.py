"""Functions that a cache makes hand the same session to everybody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import libcst as cst

from sessionlint.facts.caching import is_cache
from sessionlint.facts.calls import returned
from sessionlint.facts.catalog import Kind
from sessionlint.facts.conventions import uses_database
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.receivers import CLOSING
from sessionlint.facts.scopes import Block, BlockKind
from sessionlint.facts.syntax import decorator_name, dotted
from sessionlint.facts.values import Pending, Stream, Thing, Value
from sessionlint.source.walk import descend

__all__ = ["Cached", "cached"]


class Cached(NamedTuple):
    """A caching decorator on a function that gives a session or connection.

    `is_stream`: the function is a generator, so what is cached is one generator object.
    """

    decorator: cst.BaseExpression
    thing: Thing
    is_stream: bool


def cached(evaluator: Evaluator, block: Block) -> Iterator[Cached]:
    """The caching decorator of a function whose result must not be shared."""
    if block.kind is not BlockKind.FUNCTION:
        return
    for decorator in block.decorators:
        if not is_cache(evaluator, decorator, block) or _is_closed_by_object(decorator, block):
            continue
        found = returned(evaluator, block)
        thing = _thing(found)
        # Libraries for the web have a `make_session()`, too.
        if thing is not None and (not thing.is_guess or uses_database(block.home)):
            yield Cached(decorator, thing, isinstance(found, Stream))


def _is_closed_by_object(decorator: cst.BaseExpression, block: Block) -> bool:
    """Whether it is an object's own session, which another method of that closes."""
    if not decorator_name(decorator).endswith("property") or block.owner is None:
        return False
    kept = f"self.{block.name}"
    return any(
        isinstance(node, cst.Attribute)
        and CLOSING.search(node.attr.value) is not None
        and dotted(node.value) == kept
        for node in descend(block.owner.node)
    )


def _thing(value: Value) -> Thing | None:
    """The session or connection that a function gives; one from a registry is not its own."""
    if isinstance(value, Pending):
        value = value.result
    if isinstance(value, Stream):
        value = replace(value.item, is_fresh=True) if isinstance(value.item, Thing) else value.item
    if not isinstance(value, Thing) or not value.is_fresh:
        return None
    return value if value.type.kind in {Kind.SESSION, Kind.CONNECTION} else None
