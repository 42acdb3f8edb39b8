"""What tests put in the place of what opens a session."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import libcst as cst

from sessionlint.facts.aside import is_test
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.modules import Tree
from sessionlint.facts.places import module_name
from sessionlint.facts.scopes import Binding, Block, BlockKind, How
from sessionlint.facts.syntax import bare, last_name
from sessionlint.facts.values import FunctionValue, ModuleValue
from sessionlint.source.imports import imports

__all__ = ["stand_in"]

_PUT: Final = r"(?:\bpatch(?:\.object)?|\bsetattr)\(\s*"
"""What puts one thing in the place of another, of which the name follows."""

_MAKER: Final = (
    r"(?i:(?![\w.]*(?:fake|mock|dummy|stub))[\w.]*\w(?:session(?:local)?|maker|factory|engine))\s*"
)
"""The name of another maker of sessions, or engine; `maker` alone may be anything in a test."""

_BY_ANOTHER: Final = rf"[\"'](?!\s*,\s*(?:new\s*=\s*)?{_MAKER}[,)])"
"""What stands behind a name that is not replaced by another maker of sessions."""

_PRETENDING: Final = rb"[Mm]ock|[Ff]ake|[Ss]tub|[Dd]ummy|\blambda\b"
"""What stands in a test that may give a function something that is no maker of sessions."""

_HOPS: Final = 3
"""How many functions of a project are followed to what they open."""

_ITSELF: Final = frozenset({"self", "cls"})
_IMPORTED: Final = frozenset({How.IMPORT, How.IMPORT_FROM})
_OF_MODULES: Final = frozenset({How.VALUE, How.DEFINITION, How.IMPORT, How.IMPORT_FROM})

_ASSIGNED: Final = rf"[ \t]*=(?!=)(?![ \t]*{_MAKER}[(;#\n])"
"""The same where a test assigns to an attribute of the module."""


class _Place(NamedTuple):
    """A name, and the last parts of the names of modules in which it may be replaced.

    Unless `is_of_module`, what an object has may be replaced in its class, whatever that is called.
    What a function or class is `given`, by the name of that, a test may make up.
    """

    name: str
    modules: frozenset[str]
    is_of_module: bool
    given: str = ""


def stand_in(evaluator: Evaluator, block: Block, opened: cst.BaseExpression) -> str:
    """Why a `with` may not enter what a block opens: something else may stand in its place.

    A mock gives something else to a `with` than to who calls it, and a fake may not be entered at
    all. Empty where no test of the project replaces it, or each by a maker of sessions, and no
    class that inherits has another one.
    """
    for call, scope in _openings(evaluator, bare(opened), block, _HOPS):
        if name := _overridden(evaluator, call.func, scope):
            return f"a class that inherits from this one has its own `{name}`"
        for place in _places(evaluator, call.func, scope):
            if evaluator.once(place, partial(_is_replaced, evaluator.tree, place)):
                verb = "may put" if place.given else "put"
                return f"tests {verb} something else in the place of `{place.name}`"
    return ""


def _openings(
    evaluator: Evaluator, made: cst.BaseExpression, block: Block, hops: int
) -> Iterator[tuple[cst.Call, Block]]:
    """A call that opens something, and what the functions of the project call for it.

    As well what made the variable on which it is called: `own` of `own.connect()`.
    """
    if not isinstance(made, cst.Call):
        return
    yield made, block
    if not hops:
        return
    *_, root = _parts(made.func)
    for bound in _local(root, block):
        if bound.expression is not None:
            yield from _openings(evaluator, bare(bound.expression), block, hops - 1)
    called = evaluator.value(made.func, block)
    if not isinstance(called, FunctionValue):
        return
    for one in called.block.returns:
        values = [one.value]
        if isinstance(one.value, cst.Name):
            values = [bound.expression for bound in called.block.bindings(one.value.value)]
        for value in values:
            if value is not None:
                yield from _openings(evaluator, bare(value), called.block, hops - 1)


def _parts(func: cst.BaseExpression) -> Iterator[cst.BaseExpression]:
    """What is called, and what it is an attribute of: `db.engine.connect`, `db.engine`, `db`."""
    yield func
    while isinstance(func, cst.Attribute):
        func = func.value
        yield func


def _local(part: cst.BaseExpression, block: Block) -> list[Binding]:
    """How a function binds a variable of its own."""
    if not isinstance(part, cst.Name) or block.kind is not BlockKind.FUNCTION:
        return []
    bound = [] if part.value in block.declared else block.bindings(part.value)
    return [one for one in bound if one.how not in _IMPORTED]


def _places(evaluator: Evaluator, func: cst.BaseExpression, block: Block) -> Iterator[_Place]:
    """Where what is called, or has it, may be replaced: here, or where it comes from."""
    for part in _parts(func):
        if given := _giver(part, block):
            yield _Place(last_name(part), frozenset(), is_of_module=False, given=given)
        if part is not func and (last_name(part) in _ITSELF or _local(part, block)):
            continue
        names = (module_name(block.home.path), *_origins(part, block))
        modules = frozenset(one.rpartition(".")[2] for one in names if one)
        is_of_module = _is_of_module(evaluator, part, block)
        for name in filter(None, dict.fromkeys((last_name(part), _own_name(part, block)))):
            yield _Place(name, modules, is_of_module)


def _overridden(evaluator: Evaluator, func: cst.BaseExpression, block: Block) -> str:
    """What an object is asked for that a class which inherits from its own defines anew."""
    if block.owner is None:
        return ""
    for name in map(_of_itself, _parts(func)):
        heir = partial(_has_heir, evaluator.tree, block.owner.name, name)
        if name and evaluator.once((_has_heir, block.owner.name, name), heir):
            return name
    return ""


def _of_itself(part: cst.BaseExpression) -> str:
    """The attribute of the object itself that is asked for, empty for anything else."""
    match part:
        case cst.Attribute(value=cst.Name(value=owner), attr=cst.Name(value=name)):
            return name if owner in _ITSELF else ""
    return ""


def _has_heir(tree: Tree, owner: str, name: str) -> bool:
    """Whether a class that inherits from one of that name has a method or attribute of its own."""
    of, word = re.escape(owner.encode()), re.escape(name.encode())
    head = re.compile(rb"\bclass \w+\([^()]{0,200}\b" + of + rb"\b[^()]{0,200}\):")
    own = re.compile(rb"\n[ \t]+(?:(?:async )?def " + word + rb"\(|" + word + rb"[ \t]*[:=])")
    bodies = (
        data[found.end() :].partition(b"\nclass ")[0]
        for _, data in tree.searched(owner.encode(), head)
        for found in head.finditer(data)
    )
    return any(map(own.search, bodies))


def _giver(part: cst.BaseExpression, block: Block) -> str:
    """The function or class whose caller gives it what is called, empty if it has that itself."""
    if any(one.how is How.PARAMETER for one in _local(part, block)):
        return "" if last_name(part) in _ITSELF else block.name
    if block.owner is None:
        return ""
    is_given = any(
        bound.how is How.PARAMETER
        for one in block.home.fields.get(_of_itself(part), [])
        if one.block.owner is block.owner and one.expression is not None
        for bound in _local(one.expression, one.block)
    )
    return block.owner.name if is_given else ""


def _is_of_module(evaluator: Evaluator, func: cst.BaseExpression, block: Block) -> bool:
    """Whether what is called is something of a module, known by its own name or through it."""
    if isinstance(func, cst.Attribute):
        return isinstance(evaluator.value(func.value, block), ModuleValue)
    bound = block.seen(func.value) if isinstance(func, cst.Name) else ()
    return bool(bound) and all(one.how in _OF_MODULES for one in bound)


def _is_replaced(tree: Tree, place: _Place) -> bool:
    """Whether a file puts something else in the place of a name, other than a maker of sessions."""
    if place.given:
        return _is_made_up(tree, place.given)
    pattern = _pattern(place.name, sorted(place.modules))
    return any(
        _may_be_in(tree, path, data, match, place)
        for path, data in _searched(tree, place.name, pattern)
        for match in pattern.finditer(data)
    )


def _searched(tree: Tree, name: str, pattern: re.Pattern[bytes]) -> Iterator[tuple[Path, bytes]]:
    """The tests that replace what has a name, and all other files that speak and match a pattern.

    Of a large project all would be read for one of its files.
    """
    yield from tree.tested(name.encode(), pattern)
    if not tree.files.is_large:
        yield from tree.searched(name.encode(), pattern)


def _is_made_up(tree: Tree, name: str) -> bool:
    """Whether a test that has mocks speaks of the function or class that may be given one."""
    if tree.files.is_large:
        return False
    spoken = re.compile(rf"\b{re.escape(name)}\b".encode())
    return any(
        is_test(path, tree.files.root) and re.search(_PRETENDING, data)
        for path, data in tree.searched(name.encode(), spoken)
    )


def _may_be_in(tree: Tree, path: Path, data: bytes, match: re.Match[bytes], place: _Place) -> bool:
    """Whether what is replaced is an attribute of one of the modules, or of any object."""
    if match["any"] is not None:
        return not place.is_of_module and is_test(path, tree.files.root)
    of = match["of"]
    if of is None or not (place.is_of_module and place.modules):
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

    As well `module.name = fake`, that of `any` object, and a module that is replaced as a whole.
    """
    near, word = "|".join(map(re.escape, modules)), re.escape(name)
    of_object = r"(?P<of>[^()\"'\n]{0,200}),\s*[\"']"
    by_path = rf"[\"'](?:\w+\.)*(?:{near})\."
    named = rf"{_PUT}(?:{of_object}|{by_path}){word}{_BY_ANOTHER}"
    multiple = rf"\bpatch\.multiple\([^()]{{0,200}}\b{word}{_ASSIGNED}"
    module = rf"\bpatch\.dict\(\s*[\"']?sys\.modules\b[^)]{{0,200}}[\"'](?:\w+\.)*(?:{near})[\"']"
    assigned = rf"(?m:^)[ \t]*(?:\w+\.)*(?:{near})\.{word}{_ASSIGNED}"
    of_any = rf"(?m:^)[ \t]*(?P<any>(?!(?:self|cls)\.{word}\b)(?:\w+\.)+){word}{_ASSIGNED}"
    text = f"{named}|{multiple}|{module}|{assigned}|{of_any}"
    # The name of a file may be no text.
    return re.compile(text.encode(errors="surrogateescape"))
