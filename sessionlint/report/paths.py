"""Paths as people write them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sessionlint.model import Finding, Note

__all__ = ["relative", "shown"]


def shown(path: Path) -> str:
    """A path as people write it: from the current folder if it is below, else in full."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def relative(finding: Finding) -> Finding:
    """A finding with the paths of its notes and steps as people write them."""
    return replace(
        finding,
        notes=tuple(map(_relative_note, finding.notes)),
        steps=tuple(map(_relative_note, finding.steps)),
    )


def _relative_note(note: Note) -> Note:
    return note if note.path is None else replace(note, path=shown(Path(note.path)))
