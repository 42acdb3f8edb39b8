"""What is done with a session where its name stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import Final

import libcst as cst

from sessionlint.facts.classes import bases
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.holding import is_made_of
from sessionlint.facts.receivers import Effect, effect
from sessionlint.facts.scopes import Block, BlockKind
from sessionlint.facts.syntax import is_name, last_name
from sessionlint.facts.values import ClassValue, FunctionValue
from sessionlint.facts.worth import DATABASE
from sessionlint.flow.alternatives import is_rebound
from sessionlint.flow.given import is_left_open
from sessionlint.flow.harmless import is_logging
from sessionlint.flow.later import is_left_to_others
from sessionlint.flow.nodes import Nodes
from sessionlint.flow.shared import is_in_function, uses
from sessionlint.source.walk import descend

__all__ = [
    "ENDING",
    "Use",
    "is_ended_elsewhere",
    "is_kept_open",
    "is_taken_along",
    "is_used",
    "stands_in",
    "use",
]

ENDING: Final = (
    r"clos|release|remove|dispose|reset|invalidate|exit__|enter\w*_context|push|callback"
)
_ASKING: Final = frozenset("isinstance hasattr id type print repr str bool".split())
_IMPORTING: Final = re.compile(r"^[ \t]*(?:from[ \t]+[\w.]+|import[ \t].*)", re.MULTILINE)
"""What names modules in an import: that of `from shop.db import get_db` is no attribute `db`."""

_NO_OBJECT: Final = "".join(rf"(?<!\b{owner})" for owner in ("self", "state", "ctx", "g"))
"""Stands before an attribute of anything but another class, a request or an application."""


class Use(Enum):
    """What one mention of a session does with it."""

    NONE = "nothing that takes a connection"
    DATABASE = "takes a connection"
    OTHER = "may end it, or let somebody else do so"


def is_used(evaluator: Evaluator, body: Nodes, name: str) -> bool:
    """Whether a name is used as an open session, and goes nowhere where it may be closed.

    That of a module is used by its functions as well.
    """
    found = {use(evaluator, *mention) for mention in _mentions(body, name)}
    return Use.DATABASE in found and Use.OTHER not in found


def is_taken_along(block: Block, loop: cst.For, left: cst.CSTNode) -> bool:
    """Whether what a loop gives is used on where that is left, by the function or its caller.

    A `return` gives it, be it in a display or a new object, and a `break` in a loop that does not
    speak of it leaves it to what stands behind.
    """
    name = last_name(loop.target)
    if isinstance(left, cst.Return):
        return _is_in(block, left.value, name)
    return isinstance(left, cst.Break) and not any(is_name(x, name) for x in descend(loop.body))


def _is_in(block: Block, value: cst.BaseExpression | None, name: str) -> bool:
    match value:
        case cst.Name(value=other) if other != name:
            bound = [one.expression for one in block.bindings(other)]
            return bool(bound) and all(is_name(one, name) for one in bound)
        case cst.Tuple(elements=parts) | cst.List(elements=parts) | cst.Dict(elements=parts):
            return any(_is_in(block, part.value, name) for part in parts)
    return is_name(value, name) or is_made_of(value, name)


def _mentions(body: Nodes, name: str) -> Iterator[tuple[Nodes, cst.CSTNode]]:
    """Where a name stands, each with the nodes of what it stands in."""
    if body.block.kind is not BlockKind.MODULE:
        yield from ((body, node) for node in body.nodes if is_name(node, name))
        return
    yield from ((body, node) for node in body.variables(name) if not is_in_function(body, node))
    yield from ((Nodes(inner), node) for inner, node in uses(body.block, name))


def use(evaluator: Evaluator, body: Nodes, name: cst.CSTNode) -> Use:
    """What is done with a session where its name stands."""
    holder, call = stands_in(body, name)
    match holder:
        case cst.Attribute(value=owner, attr=cst.Name(value=method)):
            # The name of an attribute is another name.
            return _of_method(method) if owner is name else Use.NONE
        case cst.AssignTarget() | cst.For() | cst.Annotation() | cst.Param() | cst.FunctionDef():
            return Use.NONE
        case cst.FormattedStringExpression() | cst.Comparison() | cst.UnaryOperation():
            return Use.NONE
        case cst.If(test=test) if test is name:
            return Use.NONE
        case cst.AnnAssign(target=target) if target is name:
            return Use.NONE
        case cst.Arg() if isinstance(call, cst.Call):
            return _of_call(evaluator, body, call, holder)
        case cst.Element(value=value) if is_left_to_others(evaluator, body, value):
            return Use.DATABASE
    return Use.NONE if is_rebound(body, name) else Use.OTHER


def stands_in(body: Nodes, name: cst.CSTNode) -> tuple[cst.CSTNode | None, cst.CSTNode | None]:
    """What a name stands in, and what that stands in; the function's own name has one of these."""
    above = body.above(name)
    return next(above, None), next(above, None)


def _of_method(method: str) -> Use:
    if re.search(ENDING, method):
        return Use.OTHER
    return Use.DATABASE if method in DATABASE else Use.NONE


def _of_call(evaluator: Evaluator, body: Nodes, call: cst.Call, given: cst.Arg) -> Use:
    """What becomes of a session that is an argument: only what is followed is sure to lend it."""
    owner, method = getattr(call.func, "value", call.func), last_name(call.func)
    if method in _ASKING or is_logging(owner, method):
        return Use.NONE
    match evaluator.value(call.func, body.block):
        case FunctionValue():
            is_lent = effect(evaluator, call, given, body.block) is Effect.LOAN
        case ClassValue():
            is_lent = is_left_open(evaluator, body, call, given)
        case _:
            is_lent = is_left_to_others(evaluator, body, given.value)
    return Use.DATABASE if is_lent else Use.OTHER


def is_kept_open(text: str, name: str) -> bool:
    """Whether a module uses what a dotted name holds, and does nothing else with it."""
    owner, _, last = name.rpartition(".")
    word = (r"\." if owner else r"\b") + re.escape(last)
    # What a quote ends is the name of a file: `sqlite:///shop.db`.
    mention = rf"{word}\b(?![\"'])(?:\s*\.\s*(\w+)|(\s*(?:=(?!=)|:)))?"
    mentions = re.findall(mention, _IMPORTING.sub("", text))
    uses = {_of_method(method) if method or bound else Use.OTHER for method, bound in mentions}
    return Use.DATABASE in uses and Use.OTHER not in uses


def is_ended_elsewhere(evaluator: Evaluator, block: Block, name: str) -> bool:
    """Whether another module may end what a dotted name holds in an object: `users.db.close()`.

    By `self` that is done in what the class of the object inherits from, or in what inherits of it.
    """
    owner, _, last = name.rpartition(".")
    if not owner or block.owner is None:
        return False
    ending = rf"\.{re.escape(last)}\s*\.\s*\w*(?:{ENDING})"
    if any(re.search(ending, text) for text in _inherited(evaluator, block.owner)):
        return True
    heir = rf"\bclass \w+\([^)]*\b{re.escape(block.owner.name)}\b[^)]*\)[\s\S]*?"
    ways = ((f".{last}", _NO_OBJECT + ending), (block.owner.name, heir + ending))
    return any(
        evaluator.tree.has_any(word.encode(), re.compile(way.encode()), besides=block.home.path)
        for word, way in ways
    )


def _inherited(evaluator: Evaluator, of: Block, depth: int = 4) -> Iterator[str]:
    """The texts of the modules in which the bases of a class stand."""
    for base in bases(evaluator, of) if depth else ():
        if isinstance(base, ClassValue):
            yield base.block.home.reader.text
            yield from _inherited(evaluator, base.block, depth - 1)
