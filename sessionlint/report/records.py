"""Findings as JSON for programs."""

import json
from collections.abc import Iterable

from sessionlint.model import Finding, Fix, Note, Span
from sessionlint.report.totals import totals

__all__ = ["findings_as_json", "totals_as_json"]


def findings_as_json(placed: Iterable[tuple[str, Finding]]) -> str:
    """One array with an object for each finding and the path of its file.

    Lines and columns count from 1, the end column is exclusive.
    """
    return json.dumps([_record(path, finding) for path, finding in placed], indent=2)


def totals_as_json(findings: Iterable[Finding]) -> str:
    """One array with code, name and count of each rule that found something."""
    rows = [{"code": code, "name": name, "count": n} for code, name, n in totals(findings)]
    return json.dumps(rows, indent=2)


def _record(path: str, finding: Finding) -> dict[str, object]:
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


def _fix(fix: Fix) -> dict[str, object]:
    told: dict[str, object] = {"title": fix.title, "safety": fix.safety.value}
    return told | {"reason": fix.reason} if fix.reason else told


def _note(path: str, note: Note) -> dict[str, object]:
    return {"path": note.path or path, **_place(note.span), "message": note.message}


def _place(span: Span) -> dict[str, object]:
    return {
        "line": span.line,
        "column": span.column + 1,
        "end_line": span.end_line,
        "end_column": span.end_column + 1,
    }
