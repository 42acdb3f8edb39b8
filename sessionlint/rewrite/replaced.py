"""What tests put in the place of what opens a session."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import libcst as cst

from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.modules import Tree
from sessionlint.facts.places import module_name
from sessionlint.facts.scopes import Block, How
from sessionlint.facts.syntax import bare, last_name
from sessionlint.facts.values import FunctionValue, ModuleValue
from sessionlint.source.imports import imports

__all__ = ["stand_in"]

_PUT: Final = r"(?:\bpatch(?:\.object)?|\bsetattr)\(\s*"
"""What puts one thing in the place of another, of which the name follows."""

_MAKER: Final = (
    r"(?i:(?![\w.]*(?:fake|mock|dummy|stub))[\w.]*\w(?:session(?:local)?|maker|factory))\s*"
)
"""The name of another maker of sessions; `maker` alone may be anything that a test calls so."""

_BY_ANOTHER: Final = rf"[\"'](?!\s*,\s*(?:new\s*=\s*)?{_MAKER}[,)])"
"""What stands behind a name that is not replaced by another maker of sessions."""

_HOPS: Final = 3
"""How many functions of a project are followed to what they open."""

_OF_MODULES: Final = frozenset({How.VALUE, How.DEFINITION, How.IMPORT, How.IMPORT_FROM})

_ASSIGNED: Final = rf"[ \t]*=(?!=)(?![ \t]*{_MAKER}[(;#\n])"
"""The same where a test assigns to an attribute of the module."""


class _Place(NamedTuple):
    """A name, and the last parts of the names of modules in which it may be replaced.

    Unless `is_of_module`, what an object has may be replaced in its class, whatever that is called.
    """

    name: str
    modules: frozenset[str]
    is_of_module: bool


def stand_in(evaluator: Evaluator, block: Block, opened: cst.BaseExpression) -> str:
    """Why a `with` may not enter what a block opens: a test may put anything in its place.

    A mock gives something else to a `with` than to who calls it, and a fake may not be entered at
    all. Empty where no test of the project replaces it, or each by a maker of sessions.
    """
    for call, scope in _openings(evaluator, bare(opened), block, _HOPS):
        for place in _places(evaluator, call.func, scope):
            if evaluator.once(place, partial(_is_replaced, evaluator.tree, place)):
                return f"tests put something else in the place of `{place.name}`"
    return ""


def _openings(
    evaluator: Evaluator, made: cst.BaseExpression, block: Block, hops: int
) -> Iterator[tuple[cst.Call, Block]]:
    """A call that opens something, and what the functions of the project call for it."""
    if not isinstance(made, cst.Call):
        return
    yield made, block
    called = evaluator.value(made.func, block)
    if not hops or not isinstance(called, FunctionValue):
        return
    for one in called.block.returns:
        values = [one.value]
        if isinstance(one.value, cst.Name):
            values = [bound.expression for bound in called.block.bindings(one.value.value)]
        for value in values:
            if value is not None:
                yield from _openings(evaluator, bare(value), called.block, hops - 1)


def _places(evaluator: Evaluator, func: cst.BaseExpression, block: Block) -> Iterator[_Place]:
    """Where what is called may be replaced: in this module, or where it comes from."""
    names = (module_name(block.home.path), *_origins(func, block))
    modules = frozenset(one.rpartition(".")[2] for one in names if one)
    is_of_module = _is_of_module(evaluator, func, block)
    for name in filter(None, dict.fromkeys((last_name(func), _own_name(func, block)))):
        yield _Place(name, modules, is_of_module)


def _is_of_module(evaluator: Evaluator, func: cst.BaseExpression, block: Block) -> bool:
    """Whether what is called is something of a module, known by its own name or through it."""
    if isinstance(func, cst.Attribute):
        return isinstance(evaluator.value(func.value, block), ModuleValue)
    bound = block.seen(func.value) if isinstance(func, cst.Name) else ()
    return bool(bound) and all(one.how in _OF_MODULES for one in bound)


def _is_replaced(tree: Tree, place: _Place) -> bool:
    """Whether a file puts something else in the place of a name, other than a maker of sessions."""
    pattern = _pattern(place.name, sorted(place.modules))
    # All of a large project would be read for one of its files.
    search = tree.tested if tree.files.is_large else tree.searched
    return any(
        match["of"] is None or _may_be_in(tree, path, data, match["of"], place)
        for path, data in search(place.name.encode(), pattern)
        for match in pattern.finditer(data)
    )


def _may_be_in(tree: Tree, path: Path, data: bytes, of: bytes, place: _Place) -> bool:
    """Whether what an expression is may be one of the modules."""
    if not (place.is_of_module and place.modules):
        return True
    return any(_may_be_near(tree, one, path, place.modules) for one in _dotted(of.strip(), data))


def _may_be_near(tree: Tree, dotted: str, path: Path, near: frozenset[str]) -> bool:
    """Whether a dotted name may be one of the modules, and is no other module of the project.

    What is none may be one of them under the name that somebody else gave it.
    """
    is_other = tree.places.imported(dotted, path) is not None
    return dotted.rpartition(".")[2] in near or not is_other


def _dotted(owner: bytes, data: bytes) -> list[str]:
    """What an expression of a file may be, in full by its imports: `sched`, `app.jobs.scheduler`.

    An empty name where nothing is imported under it, which then may be anything.
    """
    root, dot, rest = owner.decode("ascii", "replace").partition(".")
    known = imports(data)
    origins = known.items.get(root.encode(), [])
    names = [f"{one}{'' if one.endswith('.') else '.'}{item.decode()}" for one, item in origins]
    module = known.modules.get(root.encode())
    if module is not None:
        # `import app.db` makes `app` known, and says `as` where it gives another name.
        names.append(root if module.partition(".")[0] == root else module)
    return [f"{one}{dot}{rest}" for one in names] or [""]


def _origins(func: cst.BaseExpression, block: Block) -> Iterator[str]:
    """The modules that what is called may be an attribute of: `db.SessionLocal`, or imported."""
    owner = func.value if isinstance(func, cst.Attribute) else None
    if isinstance(owner, cst.Attribute):
        yield owner.attr.value
    for scope in block.scopes:
        yield from (one.origin for one in scope.bindings(last_name(func)))
        if isinstance(owner, cst.Name):
            yield from (one.item or one.origin for one in scope.bindings(owner.value))


def _own_name(func: cst.BaseExpression, block: Block) -> str:
    """The name of what is called where it comes from: of `Mk`, imported as that, its own."""
    name = last_name(func)
    if not isinstance(func, cst.Name):
        return name
    items = {one.item for one in block.seen(name) if one.item}
    return items.pop() if len(items) == 1 else name


def _pattern(name: str, modules: list[str]) -> re.Pattern[bytes]:
    """`setattr(module, "name"`, or `patch("app.module.name"` with one of the modules.

    As well `module.name = fake`, and a module that is replaced as a whole.
    """
    near, word = "|".join(map(re.escape, modules)), re.escape(name)
    of_object = r"(?P<of>[^()\"'\n]{0,200}),\s*[\"']"
    by_path = rf"[\"'](?:\w+\.)*(?:{near})\."
    named = rf"{_PUT}(?:{of_object}|{by_path}){word}{_BY_ANOTHER}"
    multiple = rf"\bpatch\.multiple\([^()]{{0,200}}\b{word}{_ASSIGNED}"
    module = rf"\bpatch\.dict\(\s*[\"']?sys\.modules\b[^)]{{0,200}}[\"'](?:\w+\.)*(?:{near})[\"']"
    assigned = rf"(?m:^)[ \t]*(?:\w+\.)*(?:{near})\.{word}{_ASSIGNED}"
    text = f"{named}|{multiple}|{module}|{assigned}"
    # The name of a file may be no text.
    return re.compile(text.encode(errors="surrogateescape"))
