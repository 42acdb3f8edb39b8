"""Findings as SARIF 2.1.0, which code hosts and editors read.

Source: Static Analysis Results Interchange Format (SARIF) Version 2.1.0, an OASIS standard.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING
from urllib.parse import quote

from sessionlint import __version__
from sessionlint.model import Finding, Fix, Note, Severity, Span
from sessionlint.report.fingerprint import fingerprints
from sessionlint.report.paths import in_cell
from sessionlint.report.replacements import replacements
from sessionlint.report.rulebook import section

if TYPE_CHECKING:
    from sessionlint.report.output import Page, Placed, Rewrites

__all__ = ["sarif"]

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_BASE = "%SRCROOT%"
"""What paths are relative to, under the name that GitHub's own tools give it."""

_LEVELS = {
    Severity.LEAK: "error",
    Severity.ERROR: "error",
    Severity.RISK: "warning",
    Severity.STYLE: "note",
}

_Object = dict[str, object]


def sarif(found: Sequence[Placed], rules: Sequence[Page], rewrites: Rewrites) -> str:
    """One log with one run, which tells of all rules and of each finding.

    Paths are relative to the current folder, but in full outside of it.
    """
    indices = {rule.code: index for index, (rule, _) in enumerate(rules)}
    prints = fingerprints(found)
    results = [
        _result(*placed, indices, mark) | _fixes(*placed, rewrites)
        for placed, mark in zip(found, prints, strict=True)
    ]
    is_whole = all(finding.severity is not Severity.ERROR for _, finding in found)
    driver = {"name": "sessionlint", "version": __version__, "rules": list(map(_rule, rules))}
    run = {
        "tool": {"driver": driver},
        "invocations": [{"executionSuccessful": is_whole}],
        "originalUriBaseIds": {_BASE: {"uri": f"{Path.cwd().as_uri().rstrip('/')}/"}},
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _rule(told: Page) -> _Object:
    rule, page = told
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": _message(rule.summary),
        "fullDescription": _message(section(page, "What it finds")),
        "help": _message(page) | {"markdown": _braced(page)},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _result(path: str, finding: Finding, indices: Mapping[str, int], mark: str) -> _Object:
    result: _Object = {
        "ruleId": finding.code,
        "ruleIndex": indices.get(finding.code, -1),
        "level": _LEVELS[finding.severity],
        "message": _message(in_cell(finding.message, finding.span)),
        "locations": [_location(path, finding.span)],
        # GitHub compares the findings of two runs by a print of this name.
        "partialFingerprints": {"primaryLocationLineHash": mark},
    }
    if finding.notes:
        result["relatedLocations"] = [_told(path, note) for note in finding.notes]
    if finding.steps:
        steps = [{"location": _told(path, step)} for step in finding.steps]
        result["codeFlows"] = [{"threadFlows": [{"locations": steps}]}]
    return result


def _fixes(path: str, finding: Finding, rewrites: Rewrites) -> _Object:
    """The finding's fix, where it is known what it makes of the file."""
    texts = rewrites.get((path, finding.code, finding.span))
    if finding.fix is None or texts is None:
        return {}
    changes = [
        {"deletedRegion": _region(one.span), "insertedContent": {"text": one.text}}
        for one in replacements(*texts)
    ]
    change = {"artifactLocation": _artifact(path), "replacements": changes}
    return {"fixes": [{"description": _message(_title(finding.fix)), "artifactChanges": [change]}]}


def _title(fix: Fix) -> str:
    return f"{fix.title} ({fix.safety.value}{f': {fix.reason}' if fix.reason else ''})"


def _told(path: str, note: Note) -> _Object:
    return _location(note.path or path, note.span) | {
        "message": _message(in_cell(note.message, note.span))
    }


def _location(path: str, span: Span) -> _Object:
    return {"physicalLocation": {"artifactLocation": _artifact(path), "region": _region(span)}}


def _region(span: Span) -> _Object:
    """Lines and columns from 1, the end column exclusive."""
    return {
        "startLine": span.line,
        "startColumn": span.column + 1,
        "endLine": span.end_line,
        "endColumn": span.end_column + 1,
    }


def _artifact(path: str) -> _Object:
    uri = quote(PurePath(path).as_posix().encode(errors="surrogateescape"))
    return {"uri": f"file://{uri}"} if PurePath(path).is_absolute() else _relative(uri)


def _relative(uri: str) -> _Object:
    return {"uri": uri, "uriBaseId": _BASE}


def _message(text: str) -> _Object:
    return {"text": _braced(text)}


def _braced(text: str) -> str:
    """A text as SARIF wants it, whose single braces are placeholders."""
    return text.replace("{", "{{").replace("}", "}}")
