"""What tests put in the place of what opens a session."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import libcst as cst

from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.places import module_name
from sessionlint.facts.scopes import Block
from sessionlint.facts.syntax import bare, last_name

__all__ = ["stand_in"]

_PUT: Final = r"(?:\bpatch(?:\.object)?|\bsetattr)\(\s*"
"""What puts one thing in the place of another, of which the name follows."""

_MAKER: Final = (
    r"(?i:(?![\w.]*(?:fake|mock|dummy|stub))[\w.]*\w(?:session(?:local)?|maker|factory))\s*"
)
"""The name of another maker of sessions; `maker` alone may be anything that a test calls so."""

_BY_ANOTHER: Final = rf"[\"'](?!\s*,\s*(?:new\s*=\s*)?{_MAKER}[,)])"
"""What stands behind a name that is not replaced by another maker of sessions."""

_ASSIGNED: Final = rf"[ \t]*=(?!=)(?![ \t]*{_MAKER}[(;#\n])"
"""The same where a test assigns to an attribute of the module."""


def stand_in(evaluator: Evaluator, block: Block, opened: cst.BaseExpression) -> str:
    """Why a `with` may not enter what a block opens: a test may put anything in its place.

    A mock gives something else to a `with` than to who calls it, and a fake may not be entered at
    all. Empty where no test of the project replaces it, or each by a maker of sessions.
    """
    call = bare(opened)
    name = _own_name(call.func, block) if isinstance(call, cst.Call) else ""
    if not name:
        return ""
    assert isinstance(call, cst.Call)
    origins = (module_name(block.home.path), *_origins(call.func, block))
    modules = {one.rpartition(".")[2] for one in origins if one}
    pattern = _pattern(name, sorted(modules))
    tree = evaluator.tree
    # All of a large project would be read for one of its files.
    has = tree.is_tested if tree.files.is_large else tree.has
    is_replaced = evaluator.once(pattern, lambda: has(name.encode(), pattern))
    return f"tests put something else in the place of `{name}`" if is_replaced else ""


def _origins(func: cst.BaseExpression, block: Block) -> Iterator[str]:
    """The modules that what is called may be an attribute of: `db.SessionLocal`, or imported."""
    owner = func.value if isinstance(func, cst.Attribute) else None
    if isinstance(owner, cst.Attribute):
        yield owner.attr.value
    for scope in _scopes(block):
        yield from (one.origin for one in scope.bindings(last_name(func)))
        if isinstance(owner, cst.Name):
            yield from (one.item or one.origin for one in scope.bindings(owner.value))


def _scopes(block: Block) -> Iterator[Block]:
    """A block, and those around it."""
    scope: Block | None = block
    while scope is not None:
        yield scope
        scope = scope.parent


def _own_name(func: cst.BaseExpression, block: Block) -> str:
    """The name of what is called where it comes from: of `Mk`, imported as that, its own."""
    name = last_name(func)
    if not isinstance(func, cst.Name):
        return name
    bound = next(filter(None, (scope.bindings(name) for scope in _scopes(block))), ())
    items = {one.item for one in bound if one.item}
    return items.pop() if len(items) == 1 else name


def _pattern(name: str, modules: list[str]) -> re.Pattern[bytes]:
    """`setattr(module, "name"`, or `patch("app.module.name"` with one of the modules.

    As well `module.name = fake`, and a module that is replaced as a whole.
    """
    near, word = "|".join(map(re.escape, modules)), re.escape(name)
    of_object = r"[^()\"'\n]{0,200},\s*[\"']"
    by_path = rf"[\"'](?:\w+\.)*(?:{near})\."
    named = rf"{_PUT}(?:{of_object}|{by_path}){word}{_BY_ANOTHER}"
    multiple = rf"\bpatch\.multiple\([^()]{{0,200}}\b{word}{_ASSIGNED}"
    module = rf"\bpatch\.dict\(\s*[\"']?sys\.modules\b[^)]{{0,200}}[\"'](?:\w+\.)*(?:{near})[\"']"
    assigned = rf"(?m:^)[ \t]*(?:\w+\.)*(?:{near})\.{word}{_ASSIGNED}"
    text = f"{named}|{multiple}|{module}|{assigned}"
    # The name of a file may be no text.
    return re.compile(text.encode(errors="surrogateescape"))
