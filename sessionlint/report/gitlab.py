"""Findings as a Code Quality report, which GitLab shows in a merge request."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sessionlint.model import Severity
from sessionlint.report.fingerprint import fingerprints
from sessionlint.report.paths import from_top, in_cell

if TYPE_CHECKING:
    from sessionlint.model import Finding
    from sessionlint.report.output import Placed

__all__ = ["code_quality"]

_SEVERITIES = {
    Severity.ERROR: "blocker",
    Severity.LEAK: "critical",
    Severity.RISK: "major",
    Severity.STYLE: "info",
}


_TOP = "CI_PROJECT_DIR"
"""Where a job finds the repository. Source: GitLab's page "Predefined CI/CD variables"."""


def code_quality(found: Sequence[Placed]) -> str:
    """One array with an object for each finding.

    Paths are from the top of the repository, also in a job that checks a folder of it.

    Source: GitLab's page "Code Quality"; fingerprints have to be unique in a report.
    """
    placed = [(from_top(path, _TOP), finding) for path, finding in found]
    issues = (_issue(*one, mark) for one, mark in zip(placed, fingerprints(placed), strict=True))
    return json.dumps(list(issues), indent=2)


def _issue(path: str, finding: Finding, fingerprint: str) -> dict[str, object]:
    return {
        "description": f"{finding.code}: {in_cell(finding.message, finding.span)}",
        "check_name": finding.code,
        "fingerprint": fingerprint,
        "severity": _SEVERITIES[finding.severity],
        "location": {
            "path": path,
            "lines": {"begin": finding.span.line, "end": finding.span.end_line},
        },
    }
