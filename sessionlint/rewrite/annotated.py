"""What only the annotation of a variable needs, which a `with` has no place for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import libcst as cst

from sessionlint.facts.module import Module
from sessionlint.facts.modules import Tree
from sessionlint.facts.scopes import Binding, How
from sessionlint.facts.syntax import names_in
from sessionlint.flow.resource import Resource
from sessionlint.model import RemoveImportIfUnused
from sessionlint.source.mentions import is_for_checkers
from sessionlint.source.walk import descend

__all__ = ["unused_imports"]

_PLAIN: Final = frozenset(
    "sqlalchemy sqlmodel typing typing_extensions collections asyncpg psycopg psycopg2".split()
)
"""Packages whose import is missed by nobody but who names something of them.

A module of the project may register something while it is loaded, unless type checkers alone do.
"""

_WORD: Final = re.compile(r"[^\W\d]\w*")


def unused_imports(resource: Resource) -> Iterator[RemoveImportIfUnused]:
    """The imports that `db: Session = SessionLocal()` needs for its annotation, if nothing else.

    Nobody is asked in a large project whether others import them from here, so they stay, except
    for those of the function itself.
    """
    node, home = resource.binding.node, resource.block.home
    if not isinstance(node, cst.AnnAssign):
        return
    for name in sorted(_named(node.annotation)):
        found = resource.block.seen(name)
        if not found or not all(_is_plain(home, one) for one in found):
            continue
        is_own = found[0].block is not home.top
        if is_own or not _may_be_of_use(resource.evaluator.tree, home, name):
            yield RemoveImportIfUnused(name)


def _named(annotation: cst.Annotation) -> set[str]:
    """The names of an annotation, those in strings among them."""
    strings = (one for one in descend(annotation) if isinstance(one, cst.SimpleString))
    return names_in(annotation).union(*(_WORD.findall(one.value) for one in strings))


def _is_plain(home: Module, binding: Binding) -> bool:
    """Whether a name is imported, and from what does nothing else when it is imported."""
    if binding.how is not How.IMPORT_FROM:
        return False
    return binding.origin.partition(".")[0] in _PLAIN or _is_for_checkers(home, binding)


def _is_for_checkers(home: Module, binding: Binding) -> bool:
    """Whether only type checkers see an import, so that it is never made."""
    node = home.top.node
    lines = node.body if isinstance(node, cst.Module) else ()
    checked = (one for one in lines if isinstance(one, cst.If) and is_for_checkers(one))
    return any(part is binding.node for one in checked for part in descend(one.body))


def _may_be_of_use(tree: Tree, home: Module, name: str) -> bool:
    """Whether somebody may import a name from a module."""
    return home.is_package or tree.files.is_large or _is_said_with(tree, home, name)


def _is_said_with(tree: Tree, home: Module, name: str) -> bool:
    """Whether another file speaks of a name and of the module, in which it may look for that.

    It may import, patch or read it, or pass on all that is in it. A word of an address, `/users/`,
    is no module's.
    """
    stem = re.escape(home.name.rpartition(".")[2].encode())
    word = re.compile(rb"(?<![\w/-])" + stem + rb"(?![\w/-])|/" + stem + rb"\.py\b")
    star = re.compile(rb"\b" + stem + rb"\s+import\s*(?:\(\s*)?\*")
    return tree.has_any(name.encode(), word, besides=home.path) or tree.has_any(b"import", star)
