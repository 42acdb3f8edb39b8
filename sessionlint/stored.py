"""Findings as plain rows, for caches and pipes, and back again exactly."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sessionlint.model import Finding, Fix, Note

__all__ = ["Row", "findings_of", "rows_of"]

Row = list[Any]
"""What JSON can hold; what stands where is known to this module alone."""


def rows_of(findings: Iterable[Finding]) -> list[Row]:
    """One row for each finding; a fix goes without its edits, which are about a tree."""
    return [_row(finding) for finding in findings]


def findings_of(rows: Iterable[Row]) -> list[Finding]:
    """The findings of rows.

    Raises:
        ValueError, TypeError: a row was not made by `rows_of`.
    """
    rows = list(rows)
    # Most files have no findings, and the model takes as long to load as a few hundred files.
    return [_finding(*row) for row in rows] if rows else []


def _row(finding: Finding) -> Row:
    return [
        finding.code,
        finding.name,
        finding.severity.value,
        finding.message,
        _place(finding),
        [_note_row(note) for note in finding.notes],
        [_note_row(note) for note in finding.steps],
        None if finding.fix is None else _fix_row(finding.fix),
        finding.function,
        finding.text,
    ]


def _place(one: Finding | Note) -> list[int]:
    span = one.span
    return [span.line, span.column, span.end_line, span.end_column, span.cell]


def _note_row(note: Note) -> Row:
    return [_place(note), note.message, note.path]


def _fix_row(fix: Fix) -> Row:
    return [fix.title, fix.safety.value, fix.reason]


def _finding(
    code: str,
    name: str,
    severity: str,
    message: str,
    place: list[int],
    *others: Any,  # Any: rows from JSON
) -> Finding:
    from sessionlint.model import Finding, Severity, Span

    notes, steps, fix, function, text = others
    return Finding(
        code,
        name,
        Severity(severity),
        message,
        Span(*place),
        tuple(_note(*row) for row in notes),
        tuple(_note(*row) for row in steps),
        None if fix is None else _fix(*fix),
        function,
        text,
    )


def _note(place: list[int], message: str, path: str | None) -> Note:
    from sessionlint.model import Note, Span

    return Note(Span(*place), message, path)


def _fix(title: str, safety: str, reason: str) -> Fix:
    from sessionlint.model import Fix, Safety

    return Fix(title, Safety(safety), reason=reason)
