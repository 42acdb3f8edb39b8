"""What only the annotation of a variable needs, which a `with` has no place for."""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from sessionlint.facts.module import Module
from sessionlint.facts.syntax import names_in
from sessionlint.flow.resource import Resource
from sessionlint.model import RemoveImportIfUnused

__all__ = ["unused_imports"]


def unused_imports(resource: Resource) -> Iterator[RemoveImportIfUnused]:
    """The imports that `db: Session = SessionLocal()` needs for its annotation, if nothing else.

    Nobody is asked in a large project whether others import them from here, so they stay.
    """
    node = resource.binding.node
    if not isinstance(node, cst.AnnAssign) or resource.evaluator.tree.files.is_large:
        return
    for name in sorted(names_in(node.annotation)):
        if not _is_passed_on(resource, resource.block.home, name):
            yield RemoveImportIfUnused(name)


def _is_passed_on(resource: Resource, home: Module, name: str) -> bool:
    """Whether another module may import a name from this one."""
    stem = home.name.rpartition(".")[2].encode()
    word = re.escape(name.encode())
    # In brackets the names may stand on lines of their own.
    names = rb"(?:\([^)]{0,2000}|[^\n(]{0,200})\b" + word + rb"\b"
    taken = rb"\s+import\b[ \t]*(?:\*|" + names + rb")"
    pattern = re.compile(rb"from\s+[\w.]*\b" + re.escape(stem) + taken)
    return resource.evaluator.tree.has_any(stem, pattern)
