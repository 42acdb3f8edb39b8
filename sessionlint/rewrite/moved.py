"""What a `try` around does before the close, and would do behind the end of a `with` inside it."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Final

import libcst as cst

from sessionlint.facts.syntax import Try
from sessionlint.flow.nodes import Nodes
from sessionlint.rewrite.closes import ends_with
from sessionlint.rewrite.leaving import Loaded
from sessionlint.rewrite.lists import lines_of, parts_of
from sessionlint.rewrite.region import Region, is_target
from sessionlint.source.walk import descend

__all__ = ["is_needed_there", "parts_around"]

_CLOSABLE: Final = frozenset({"Connection", "psycopg2.connection", "psycopg.Connection"})
"""What has results, transactions and cursors that may be closed behind it.

Source: measured with SQLAlchemy 2.1, psycopg2 2.9 and psycopg 3.3; a cursor of sqlite3 refuses.
"""

_ASKING: Final = frozenset({"bool", "id", "isinstance", "len", "type"})
"""Built-ins that ask nothing of the database."""

_DISPLAYS: Final = (cst.Element, cst.DictElement, cst.Tuple, cst.List, cst.Dict)


def parts_around(
    guard: Try,
) -> list[cst.ExceptHandler | cst.ExceptStarHandler | cst.Else | cst.Finally]:
    """What a `try` has besides its body."""
    last = [part for part in (guard.orelse, guard.finalbody) if part is not None]
    return [*guard.handlers, *last]


def is_needed_there(place: Region, marks: AbstractSet[int]) -> bool:
    """Whether something works before the close with what was made of the resource.

    That is a transaction, a cursor, a result or an object of a session. Returned as it is, it is
    in the caller's hands behind the close anyway. `marks` are the ids of the closes.
    """
    names = Loaded.through(place.resource, place.statements).names - {place.resource.name}
    if place.guard is None or not names:
        return False
    # What follows a body that ends with a close stands behind that already.
    is_closed = ends_with(place.last, marks)
    parts = place.guard.handlers if is_closed else parts_around(place.guard)
    before = {id(node) for part in parts for node in _before(part.body, marks)}
    spoken = (node for name in names for node in place.body.variables(name) if id(node) in before)
    kind = place.resource.thing.type.name
    return any(_is_work(place.body, node, kind) for node in spoken)


def _before(suite: cst.BaseSuite, marks: AbstractSet[int]) -> Iterator[cst.CSTNode]:
    """All that stands in a suite before a close, or at all where there is none."""
    for line in lines_of(suite):
        for part in parts_of(line, marks):
            if id(part) in marks:
                return
            yield from descend(part)


def _is_work(body: Nodes, name: cst.Name, kind: str) -> bool:
    """Whether more is done with a variable than to ask whether it is there, or to pass it on."""
    above = [one for one in body.above(name) if not isinstance(one, _DISPLAYS)]
    match above:
        case [cst.Return() | cst.Assign(), *_]:
            return False
        case [cst.If() | cst.UnaryOperation() | cst.BooleanOperation(), *_]:
            return False
        case [cst.Comparison(comparisons=[cst.ComparisonTarget(comparator=cst.Name("None"))]), *_]:
            return False
        case [cst.Arg(), cst.Call(func=cst.Name(value=asked)), *_]:
            return asked not in _ASKING
        case [cst.Attribute(attr=cst.Name("close")), cst.Call(), *_]:
            return kind not in _CLOSABLE
    return not is_target(body, name)
