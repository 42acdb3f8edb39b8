"""Paths as people write them."""

from __future__ import annotations

import os
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sessionlint.model import Finding, Note, Span

__all__ = ["from_top", "in_cell", "relative", "shown", "text_name", "text_named"]

_CELL = ":cell "


def shown(path: Path) -> str:
    """A path as people write it: from the current folder if it is below, else in full."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def from_top(path: str, variable: str) -> str:
    """A path from the top of a repository that a variable of the environment names, with slashes.

    `path` is one as people write it, and stays so where the variable names no folder above it.
    """
    top = os.environ.get(variable)
    place = Path(os.path.abspath(path))
    # The current folder is known without links, the other one may be named by one.
    for folder in (top, os.path.realpath(top)) if top else ():
        if place.is_relative_to(folder):
            return place.relative_to(folder).as_posix()
    return PurePath(path).as_posix()


def text_name(path: str, span: Span) -> str:
    """What a text is called whose lines a place counts: a file, or one cell of a notebook.

    Source: ruff and IPython's own messages name cells so.
    """
    return f"{path}{_CELL}{span.cell}" if span.cell else path


def in_cell(words: str, span: Span) -> str:
    """Words about a place, with the cell in front for whoever can only show a file and a line."""
    return f"cell {span.cell}: {words}" if span.cell else words


def text_named(name: str) -> tuple[str, int]:
    """The path and the number of the cell that a text's name stands for; 0 for a file."""
    path, _, number = name.rpartition(_CELL)
    is_cell = path.endswith(".ipynb") and number.isdecimal()
    return (path, int(number)) if is_cell else (name, 0)


def relative(finding: Finding) -> Finding:
    """A finding with the paths of its notes and steps as people write them."""
    return finding._replace(
        notes=tuple(map(_relative_note, finding.notes)),
        steps=tuple(map(_relative_note, finding.steps)),
    )


def _relative_note(note: Note) -> Note:
    return note if note.path is None else note._replace(path=shown(Path(note.path)))
