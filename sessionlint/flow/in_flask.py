"""Sessions that are kept in `g` of Flask or Quart, which close nothing that is in it.

    @app.before_request
    def open_session():
        g.db = SessionLocal()

Source: Flask, "The Application Context": what is in `g` is gone when the request ends, and
`teardown_appcontext` is there for what has to be closed before. Quart does the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

import libcst as cst

from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.module import Module
from sessionlint.facts.scopes import Block
from sessionlint.facts.syntax import bare, dotted, last_name
from sessionlint.facts.values import Thing
from sessionlint.flow.acquisitions import is_of_tests, surely_opened
from sessionlint.flow.built import built_by
from sessionlint.flow.callers import is_called_often
from sessionlint.flow.circumstances import starts_anyway
from sessionlint.flow.engines import EnginePerCall, is_passed_on
from sessionlint.flow.flask_g import G, is_begun_before, is_in_g
from sessionlint.flow.handed import may_be_closed_elsewhere
from sessionlint.flow.nodes import Nodes
from sessionlint.flow.read_back import (
    attributes,
    is_asked,
    is_attribute,
    is_key,
    is_left_open_by,
    may_close,
    modules_with,
    put_aside,
)

__all__ = ["InRequest", "engines_in_requests", "in_requests"]

_BEHIND: Final = (
    "teardown_",
    "after_",
    "appcontext_",
    "request_finished",
    "tearing_down",
    "on_close",
)
"""Parts of the names of what calls functions behind a request.

Source: Flask, "API": `teardown_request`, `after_this_request`, `appcontext_popped`,
`Response.call_on_close` and the like.
"""


class InRequest(NamedTuple):
    """A session or connection that is kept in `g` for a request, and how that is said."""

    name: str
    thing: Thing
    acquired: cst.Call


def in_requests(evaluator: Evaluator, block: Block) -> Iterator[InRequest]:
    """The sessions and connections that a function opens for a request and keeps in `g`."""
    for kept, value in _kept(evaluator, block):
        made, name = bare(value), kept.attr.value
        thing = surely_opened(evaluator, value, block)
        if thing is None or not isinstance(made, cst.Call):
            continue
        # Have: something for `g`. Who calls a function takes a search through the project.
        is_for_all = _gives(block, name) or is_begun_before(evaluator, block)
        if is_for_all and _is_left_open(evaluator, block, name):
            yield InRequest(dotted(kept) or name, thing, made)


def engines_in_requests(evaluator: Evaluator, block: Block) -> Iterator[EnginePerCall]:
    """The engines that a function builds for each request, keeps in `g` and leaves there."""
    for kept, value in _kept(evaluator, block):
        made = bare(value)
        thing = built_by(evaluator, made, block) if isinstance(made, cst.Call) else None
        if thing is None or starts_anyway(evaluator, block) or _disposes(evaluator):
            continue
        is_given = _gives(block, kept.attr.value) and _is_asked_often(evaluator, block)
        if is_given or is_begun_before(evaluator, block):
            yield EnginePerCall(thing, made, is_of_request=True)


def _is_asked_often(evaluator: Evaluator, block: Block) -> bool:
    """Whether several functions, or requests, ask for what a function gives."""

    def is_settled(_: Block, __: cst.Call) -> bool:
        # Have: nobody disposes of any engine.
        return False

    return is_called_often(evaluator, block, is_settled, is_passed_on)


def _kept(evaluator: Evaluator, block: Block) -> Iterator[tuple[cst.Attribute, cst.BaseExpression]]:
    """What a function puts into `g`, each with the attribute."""
    home = block.home
    kept = [one for one in put_aside(block, G) if is_in_g(home, one[0])]
    if kept and not is_of_tests(evaluator, block):
        yield from kept


def _disposes(evaluator: Evaluator) -> bool:
    """Whether the program disposes of any engine."""
    return evaluator.tree.has(b"dispose", re.compile(rb"\bdispose\b"))


def _gives(block: Block, name: str) -> bool:
    """Whether a function gives what it keeps to whoever asks: `return g.db`."""
    return any(is_attribute(node.value, G, name) for node in block.returns)


def _is_left_open(evaluator: Evaluator, block: Block, name: str) -> bool:
    """Whether requests take a connection by what has a name in `g`, and nobody may close that."""
    if may_be_closed_elsewhere(evaluator, block):
        return False
    # Have: nothing that is called behind a request closes anything.
    if any(may_close(one) for word in _BEHIND for one in _modules(evaluator, word)):
        return False
    maker = block.name if _gives(block, name) else ""
    word = re.escape(name)
    mentions = [rf"\b{G}\s*\.\s*{word}\b", rf"[\"']{word}[\"']"]
    spoken = [*modules_with(evaluator, name, re.compile("|".join(mentions).encode()))]
    if maker:
        called = re.compile(rf"\b{re.escape(maker)}\b".encode())
        spoken += modules_with(evaluator, maker, called)
    modules = {one.path: one for one in spoken}.values()
    words = (G, maker) if maker else (G,)
    return is_left_open_by(evaluator, modules, words, lambda nodes: _reads(nodes, name, maker))


def _modules(evaluator: Evaluator, word: str) -> Iterator[Module]:
    return modules_with(evaluator, word, re.compile(re.escape(word).encode()))


def _reads(nodes: Nodes, name: str, maker: str) -> Iterator[cst.BaseExpression]:
    """Where a session is read: `g.db`, `g.get("db")`, and wherever its maker is spoken of."""
    for part in attributes(nodes, G, name):
        if nodes.block.name != maker or not isinstance(next(nodes.above(part)), cst.Return):
            yield part
    for call in nodes.of(cst.Call):
        if _asks(call, name) or (maker and last_name(call.func) == maker):
            yield call
    # Whoever is given the maker may call it.
    for spoken in nodes.variables(maker) if maker else ():
        around = next(nodes.above(spoken))
        if not isinstance(around, (cst.Call, cst.Attribute, cst.ImportAlias, cst.FunctionDef)):
            yield spoken


def _asks(call: cst.Call, name: str) -> bool:
    """Whether a call asks `g` for what has a name: `g.get("db")`, `getattr(g, "db", None)`."""
    match call:
        case cst.Call(
            func=cst.Name(value="getattr"), args=[cst.Arg(value=owner), cst.Arg(value=word), *_]
        ):
            return last_name(owner) == G and is_key(word, name)
    return is_asked(call, G, name, {"get", "pop"})
