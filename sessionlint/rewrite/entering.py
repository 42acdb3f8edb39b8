"""A `with` that ends a transaction, put into one that closes the connection as well."""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.syntax import text_of
from sessionlint.flow.entered import Entered
from sessionlint.model import AddImport, Fix, Replace
from sessionlint.rewrite.companions import LASTING
from sessionlint.rewrite.replaced import stand_in
from sessionlint.source.walk import descend

__all__ = ["closed_behind"]


def closed_behind(evaluator: Evaluator, found: Entered) -> Fix | None:
    """The fix that closes a connection when its transaction has ended.

    None where it, or a cursor of it, is used out of a `with` of its own, and where what it was told
    holds as long as it is open.
    """
    if re.search(LASTING, text_of(found.statement)):
        return None
    if _is_spoken_outside(found):
        return None
    closing = cst.Call(cst.Name("closing"), [cst.Arg(found.acquired)])
    opened = found.item.with_changes(
        item=closing, comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    )
    entered = cst.WithItem(cst.Name(found.name), comma=found.item.comma)
    items = [
        new
        for one in found.statement.items
        for new in ((opened, entered) if one is found.item else (one,))
    ]
    edit = Replace(found.statement, found.statement.with_changes(items=items))
    doubt = stand_in(evaluator, found.body.block, found.acquired)
    return Fix.weighed("wrap in `closing`", (edit, AddImport("contextlib", "closing")), doubt)


def _cursors(found: Entered) -> Iterator[str]:
    """The variables to which the statement gives a cursor."""
    for one in descend(found.statement):
        match one:
            case cst.Assign(
                targets=[cst.AssignTarget(target=cst.Name(value=name))],
                value=cst.Call(func=cst.Attribute(value=cst.Name(value=owner))),
            ) if owner == found.name:
                yield name


def _is_spoken_outside(found: Entered) -> bool:
    """Whether it, or a cursor of it, is spoken of where no `with` opens the connection."""
    inside = {
        id(node)
        for one in found.body.nodes
        if type(one) is cst.With and any(_binds(item, found.name) for item in one.items)
        for node in descend(one)
    }
    names = (found.name, *_cursors(found))
    return any(id(one) not in inside for name in names for one in found.body.variables(name))


def _binds(item: cst.WithItem, name: str) -> bool:
    """Whether a `with` opens something under a name."""
    target = item.asname.name if item.asname else None
    return isinstance(item.item, cst.Call) and isinstance(target, cst.Name) and target.value == name
