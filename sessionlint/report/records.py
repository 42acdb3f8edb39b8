"""Findings as JSON for programs."""

import json
from collections.abc import Iterable, Iterator

from sessionlint.model import Finding, Fix, Note, Span
from sessionlint.report.totals import totals

__all__ = ["as_array", "as_lines", "findings_as_records", "totals_as_records"]

Record = dict[str, object]


def findings_as_records(placed: Iterable[tuple[str, Finding]]) -> list[Record]:
    """One object for each finding and the path of its file.

    Lines and columns count from 1, the end column is exclusive. What lies in a notebook has the
    number of its `cell`, and lines count from the beginning of that.
    """
    return [_record(path, finding) for path, finding in placed]


def totals_as_records(findings: Iterable[Finding]) -> list[Record]:
    """One object with code, name and count for each rule that found something."""
    return [{"code": code, "name": name, "count": n} for code, name, n in totals(findings)]


def as_array(records: Iterable[Record]) -> Iterator[str]:
    """All records as one array."""
    yield json.dumps(list(records), indent=2)


def as_lines(records: Iterable[Record]) -> Iterator[str]:
    """Each record on a line of its own, for programs that read while others write."""
    return map(json.dumps, records)


def _record(path: str, finding: Finding) -> Record:
    return {
        "path": path,
        **_place(finding.span),
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity.value,
        "message": finding.message,
        "notes": [_note(path, note) for note in finding.notes],
        "steps": [_note(path, step) for step in finding.steps],
        "fix": None if finding.fix is None else _fix(finding.fix),
    }


def _fix(fix: Fix) -> Record:
    told: Record = {"title": fix.title, "safety": fix.safety.value}
    return told | {"reason": fix.reason} if fix.reason else told


def _note(path: str, note: Note) -> Record:
    return {"path": note.path or path, **_place(note.span), "message": note.message}


def _place(span: Span) -> Record:
    return {
        **({"cell": span.cell} if span.cell else {}),
        "line": span.line,
        "column": span.column + 1,
        "end_line": span.end_line,
        "end_column": span.end_column + 1,
    }
