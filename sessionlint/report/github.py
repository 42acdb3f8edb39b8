"""Findings as workflow commands, which GitHub shows at their lines in a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from sessionlint.model import Finding, Severity, Span
from sessionlint.report.paths import from_top, text_name

if TYPE_CHECKING:
    from sessionlint.report.output import Placed

__all__ = ["commands"]

_KINDS = {
    Severity.LEAK: "error",
    Severity.ERROR: "error",
    Severity.RISK: "warning",
    Severity.STYLE: "notice",
}

_TOP = "GITHUB_WORKSPACE"
"""Where a job finds the repository. Source: GitHub's page "Variables reference"."""

_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = _DATA | str.maketrans({":": "%3A", ",": "%2C"})


def commands(found: Iterable[Placed]) -> Iterator[str]:
    """One command a line; the place is in the message, too, because the log shows nothing else.

    Paths are from the top of the repository, also in a job that checks a folder of it.

    Source: GitHub's page "Workflow commands"; what has to be escaped is said by @actions/core.
    """
    for path, finding in found:
        where = from_top(path, _TOP)
        told = {"file": where, **_place(finding.span), "title": f"{finding.code} {finding.name}"}
        pairs = (f"{key}={str(value).translate(_PROPERTY)}" for key, value in told.items())
        yield f"::{_KINDS[finding.severity]} {','.join(pairs)}::{_message(where, finding)}"


def _place(span: Span) -> dict[str, object]:
    """Lines and columns from 1; GitHub takes columns for stretches of one line only."""
    ends = {"line": span.line, "endLine": span.end_line}
    if span.line != span.end_line:
        return {**ends}
    return {**ends, "col": span.column + 1, "endColumn": span.end_column + 1}


def _message(where: str, finding: Finding) -> str:
    span = finding.span
    place = f"{text_name(where, span)}:{span.line}:{span.column + 1}"
    text = f"{place}: {finding.code} {finding.message}"
    return text.translate(_DATA)
