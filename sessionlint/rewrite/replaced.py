"""What tests put in the place of what opens a session."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import libcst as cst

from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.modules import Tree
from sessionlint.facts.places import module_name
from sessionlint.facts.scopes import Block, BlockKind, How
from sessionlint.facts.syntax import bare, last_name
from sessionlint.facts.values import ModuleValue
from sessionlint.source.imports import imports
from sessionlint.source.replacing import is_by_maker, is_for_one_test

__all__ = ["stand_in"]

_PUT: Final = r"(?:\bpatch(?:\.object)?|\bsetattr)\(\s*"
"""What puts one thing in the place of another, of which the name follows."""

_MAKER: Final = (
    r"(?i:(?![\w.]*(?:fake|mock|dummy|stub))[\w.]*\w(?:session(?:local)?|maker|factory))\s*"
)
"""The name of another maker of sessions; `maker` alone may be anything that a test calls so."""

_BY_ANOTHER: Final = rf"[\"'](?!\s*,\s*(?:new\s*=\s*)?{_MAKER}[,)])"
"""What stands behind a name that is not replaced by another maker of sessions."""

_OF_MODULES: Final = frozenset({How.VALUE, How.DEFINITION, How.IMPORT, How.IMPORT_FROM})

_ASSIGNED: Final = rf"[ \t]*=(?!=)(?![ \t]*{_MAKER}[(;#\n])"
"""The same where a test assigns to an attribute of the module."""


class _Place(NamedTuple):
    """The last parts of the names of modules in which something may be replaced.

    Unless `is_of_module`, what an object has may be replaced in its class, whatever that is called.
    With `is_kept` the module in question took what it has from there while it was loaded.
    """

    modules: frozenset[str]
    is_of_module: bool
    is_kept: bool


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
    is_replaced = any(
        evaluator.once((name, place), partial(_is_replaced, evaluator.tree, name, place))
        for place in _places(evaluator, call.func, block)
    )
    return f"tests put something else in the place of `{name}`" if is_replaced else ""


def _places(evaluator: Evaluator, func: cst.BaseExpression, block: Block) -> Iterator[_Place]:
    """Where what is called may be replaced: in its own module, or in others that it comes from."""
    own = _last_parts([module_name(block.home.path)])
    others = _last_parts(_origins(func, block))
    if _is_kept(func, block):
        yield _Place(own, is_of_module=True, is_kept=False)
        if others - own:
            yield _Place(others - own, is_of_module=True, is_kept=True)
    else:
        yield _Place(own | others, _is_of_module(evaluator, func, block), is_kept=False)


def _last_parts(modules: Iterable[str]) -> frozenset[str]:
    return frozenset(one.rpartition(".")[2] for one in modules if one)


def _is_kept(func: cst.BaseExpression, block: Block) -> bool:
    """Whether a module has imported a name while it was loaded, and keeps what that was then."""
    scope = block.binder(func.value) if isinstance(func, cst.Name) else None
    if scope is None or scope.kind is not BlockKind.MODULE:
        return False
    assert isinstance(func, cst.Name)
    return all(one.how is How.IMPORT_FROM for one in scope.bindings(func.value))


def _is_of_module(evaluator: Evaluator, func: cst.BaseExpression, block: Block) -> bool:
    """Whether what is called is something of a module, known by its own name or through it."""
    if isinstance(func, cst.Attribute):
        return isinstance(evaluator.value(func.value, block), ModuleValue)
    bound = block.seen(func.value) if isinstance(func, cst.Name) else ()
    return bool(bound) and all(one.how in _OF_MODULES for one in bound)


def _is_replaced(tree: Tree, name: str, place: _Place) -> bool:
    """Whether a file puts something else in the place of a name, other than a maker of sessions."""
    pattern = _pattern(name, sorted(place.modules))
    # All of a large project would be read for one of its files.
    search = tree.tested if tree.files.is_large else tree.searched
    return any(
        not (place.is_kept and is_for_one_test(data, match.start()))
        and not is_by_maker(data, match.end())
        and (match["of"] is None or _may_be_in(tree, path, data, match["of"], place))
        for path, data in search(name.encode(), pattern)
        for match in pattern.finditer(data)
    )


def _may_be_in(tree: Tree, path: Path, data: bytes, of: bytes, place: _Place) -> bool:
    """Whether what an expression is may be one of the modules."""
    if not place.is_of_module:
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
