"""What only the annotation of a variable needs, which a `with` has no place for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import libcst as cst

from sessionlint.facts.module import Module
from sessionlint.facts.modules import Tree
from sessionlint.facts.scopes import How
from sessionlint.facts.syntax import names_in
from sessionlint.flow.resource import Resource
from sessionlint.model import RemoveImportIfUnused

__all__ = ["unused_imports"]

_PLAIN: Final = frozenset(
    "sqlalchemy sqlmodel typing typing_extensions collections asyncpg psycopg psycopg2".split()
)
"""Packages whose import is missed by nobody but who names something of them.

A module of the project may register something while it is loaded.
"""


def unused_imports(resource: Resource) -> Iterator[RemoveImportIfUnused]:
    """The imports that `db: Session = SessionLocal()` needs for its annotation, if nothing else.

    Nobody is asked in a large project whether others import them from here, so they stay.
    """
    node, home = resource.binding.node, resource.block.home
    tree = resource.evaluator.tree
    if not isinstance(node, cst.AnnAssign) or home.is_package or tree.files.is_large:
        return
    for name in sorted(names_in(node.annotation)):
        if _is_plain(home, name) and not _is_said_with(tree, home, name):
            yield RemoveImportIfUnused(name)


def _is_plain(home: Module, name: str) -> bool:
    """Whether a name comes out of a library that does nothing else when it is imported."""
    found = home.top.bindings(name)
    return bool(found) and all(
        one.how is How.IMPORT_FROM and one.origin.partition(".")[0] in _PLAIN for one in found
    )


def _is_said_with(tree: Tree, home: Module, name: str) -> bool:
    """Whether another file speaks of a name and of the module, in which it may look for that.

    It may import, patch or read it, or pass on all that is in it. A word of an address, `/users/`,
    is no module's.
    """
    stem = re.escape(home.name.rpartition(".")[2].encode())
    word = re.compile(rb"(?<![\w/-])" + stem + rb"(?![\w/-])|/" + stem + rb"\.py\b")
    star = re.compile(rb"\b" + stem + rb"\s+import\s*(?:\(\s*)?\*")
    return tree.has_any(name.encode(), word, besides=home.path) or tree.has_any(b"import", star)
