"""A module's own imports added and removed, all other lines left as they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import dropwhile, pairwise

import libcst as cst

from sessionlint.errors import UnfitEdit
from sessionlint.source.mentions import (
    Import,
    aliases,
    binders,
    code_of,
    has_comment,
    imports_in,
    is_for_checkers,
    is_mentioned,
    local_name,
    origin_of,
)
from sessionlint.source.placing import exchanged, inserted, left_out, without
from sessionlint.source.walk import descend

__all__ = ["with_import", "without_import"]

WIDEST = 88
"""Columns up to which a line of imports grows. Source: the limit of ruff and black."""


def with_import(module: cst.Module, origin: str, name: str) -> cst.Module:
    """The module with `from origin import name` at its top, if it has no such line yet.

    An import from the same place gets the name; else a line is put where isort would have it.

    Raises:
        UnfitEdit: the name means something else in this module, or is there only sometimes.
    """
    if not all(_gives(node, origin, name) for node in binders(module, name)):
        raise UnfitEdit(f"`{name}` means something else in this file")
    if any(_gives(node, origin, name) for node in _conditional(module)):
        raise UnfitEdit(f"`{name}` is imported under a condition")
    at_top = list(_from(module, origin))
    if any(_gives(node, origin, name) for node in at_top):
        return module
    for node in at_top:
        wider = _extended(node, name)
        if wider is not None:
            return exchanged(module, node, wider)
    return inserted(module, origin, name)


def without_import(module: cst.Module, name: str) -> cst.Module:
    """The module without its import of a name that nothing mentions.

    As well without one for type checkers, or of a function. An import with a comment of its own
    stays, for that may be the reason why it is there; so does `import x as x`, which says that
    others import it from here.
    """
    found = [
        (block, node, alias)
        for block in _lists(module)
        for statement in block.body
        for node in imports_in(statement)
        for alias in aliases(node)
        if local_name(alias) == name and not has_comment(statement)
    ]
    if len(found) != 1 or is_mentioned(module, name):
        return module
    block, node, alias = found[0]
    is_passed_on = alias.evaluated_alias == alias.evaluated_name
    if is_passed_on or (isinstance(node, cst.Import) and "." in alias.evaluated_name):
        # `import a.b` loads `b` as well, which something else may rely on.
        return module
    if len(aliases(node)) > 1:
        fewer = node.with_changes(names=_without(aliases(node), alias))
        return exchanged(module, node, fewer) if block is module else _changed(module, node, fewer)
    return left_out(module, node) if block is module else _left_out_inside(module, block, node)


def _lists(module: cst.Module) -> Iterator[cst.Module | cst.IndentedBlock]:
    """The statements of the module, those for type checkers, and those of its functions."""
    yield module
    for one in module.body:
        if isinstance(one, cst.If) and is_for_checkers(one) and one.orelse is None:
            yield from _indented(one.body)
    for node in descend(module):
        if isinstance(node, cst.FunctionDef):
            yield from _indented(node.body)


def _indented(suite: cst.BaseSuite) -> Iterator[cst.IndentedBlock]:
    if isinstance(suite, cst.IndentedBlock):
        yield suite


def _left_out_inside(
    module: cst.Module, block: cst.Module | cst.IndentedBlock, node: Import
) -> cst.Module:
    """The module without an import that stands in a block; comments above it keep it."""
    [line] = [one for one in block.body if node in imports_in(one)]
    small = line.body if isinstance(line, cst.SimpleStatementLine) else ()
    if len(small) > 1 or any(one.comment for one in _leading(line)):
        return module
    rest = [one for one in block.body if one is not line]
    if not rest:
        return _without_checks(module, block)
    if line is block.body[0]:
        spoken = [*dropwhile(lambda one: one.comment is None, _leading(rest[0]))]
        rest[0] = rest[0].with_changes(leading_lines=spoken)
    return _changed(module, block, block.with_changes(body=rest))


def _leading(statement: cst.BaseStatement) -> Sequence[cst.EmptyLine]:
    lines: Sequence[cst.EmptyLine] = getattr(statement, "leading_lines", ())
    return lines


def _changed(module: cst.Module, old: cst.CSTNode, new: cst.CSTNode) -> cst.Module:
    changed = module.deep_replace(old, new)
    assert isinstance(changed, cst.Module)
    return changed


def _without_checks(module: cst.Module, block: cst.CSTNode) -> cst.Module:
    """The module without an `if TYPE_CHECKING:` that would hold nothing."""
    for one in module.body:
        if isinstance(one, cst.If) and one.body is block and not has_comment(one):
            return without_import(without(module, one), code_of(one.test).partition(".")[0])
    return module


def _gives(node: cst.CSTNode, origin: str, name: str) -> bool:
    """Whether a node is `from origin import name`, with other names or not."""
    if not isinstance(node, cst.ImportFrom) or origin_of(node) != origin:
        return False
    return any(one.evaluated_name == name == local_name(one) for one in aliases(node))


def _from(module: cst.Module, origin: str) -> Iterator[cst.ImportFrom]:
    """The imports of names from one place, before the module's first function or class."""
    for statement in module.body:
        if isinstance(statement, (cst.FunctionDef, cst.ClassDef)):
            return
        for node in imports_in(statement):
            if isinstance(node, cst.ImportFrom) and aliases(node) and origin_of(node) == origin:
                yield node


def _conditional(module: cst.Module) -> Iterator[Import]:
    """The module's imports inside compound statements, those for type checkers left out."""
    for statement in module.body:
        scopes = (cst.SimpleStatementLine, cst.FunctionDef, cst.ClassDef)
        if isinstance(statement, scopes) or is_for_checkers(statement):
            continue
        for node in descend(statement, cst.FunctionDef, cst.ClassDef):
            if isinstance(node, (cst.Import, cst.ImportFrom)):
                yield node


def _extended(node: cst.ImportFrom, name: str) -> cst.ImportFrom | None:
    """An import with one more name in its place; None where that would not look right."""
    old = aliases(node)
    if has_comment(node):
        return None
    at = _place(old, name)
    comma = cst.Comma(whitespace_after=_lead(node, min(at, len(old) - 1)))
    if at < len(old):
        names = [*old[:at], cst.ImportAlias(cst.Name(name), comma=comma), *old[at:]]
    else:
        last = old[-1]
        new = cst.ImportAlias(cst.Name(name), comma=last.comma)
        names = [*old[:-1], last.with_changes(comma=comma), new]
    wider = node.with_changes(names=names)
    is_on_one_line = "\n" not in code_of(node) and "\r" not in code_of(node)
    return None if is_on_one_line and len(code_of(wider)) > WIDEST else wider


def _lead(node: cst.ImportFrom, at: int) -> cst.BaseParenthesizableWhitespace:
    """What stands before one of the names: a line of its own, or one space."""
    before = aliases(node)[at - 1].comma if at else node.lpar
    if isinstance(before, (cst.Comma, cst.LeftParen)):
        space = before.whitespace_after
        if isinstance(space, cst.ParenthesizedWhitespace):
            return space
    return cst.SimpleWhitespace(" ")


def _without(old: Sequence[cst.ImportAlias], gone: cst.ImportAlias) -> list[cst.ImportAlias]:
    kept = [alias for alias in old if alias is not gone]
    if gone is old[-1]:
        kept[-1] = kept[-1].with_changes(comma=gone.comma)
    return kept


def _place(old: Sequence[cst.ImportAlias], name: str) -> int:
    """Where a name goes among others in order; behind them when they are in none."""
    for key in (_by_kind, _by_letter, _by_code_point):
        keys = [key(alias.evaluated_name) for alias in old]
        if all(one <= other for one, other in pairwise(keys)):
            return sum(one <= key(name) for one in keys)
    return len(old)


def _by_kind(name: str) -> tuple[int, str]:
    """Source: isort puts CONSTANTS first, then Classes, then the rest (`order_by_type`)."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return kind, name.lower()


def _by_letter(name: str) -> tuple[int, str]:
    return 0, name.lower()


def _by_code_point(name: str) -> tuple[int, str]:
    return 0, name
