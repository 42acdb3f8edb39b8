"""Findings as an editor shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from lsprotocol import types
from pygls.uris import from_fs_path

from sessionlint.model import Finding, Severity
from sessionlint.server.places import Text

__all__ = ["SOURCE", "Texts", "diagnostic"]

SOURCE = "sessionlint"
"""Who says it, as editors show it."""

Texts = Callable[[Path], Text]
"""Gives the text of a file by its absolute path."""

_SEVERITIES = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.LEAK: types.DiagnosticSeverity.Error,
    Severity.RISK: types.DiagnosticSeverity.Warning,
    Severity.STYLE: types.DiagnosticSeverity.Information,
}


def diagnostic(finding: Finding, path: Path, uri: str, texts: Texts) -> types.Diagnostic:
    """A finding in the file of that path, which the client knows by `uri`."""
    return types.Diagnostic(
        range=texts(path).range(finding.span),
        message=finding.message,
        severity=_SEVERITIES[finding.severity],
        code=finding.code,
        source=SOURCE,
        related_information=[*_related(finding, path, uri, texts)] or None,
    )


def _related(
    finding: Finding, path: Path, uri: str, texts: Texts
) -> Iterator[types.DiagnosticRelatedInformation]:
    for note in finding.notes:
        where = path if note.path is None else Path(note.path)
        location = types.Location(
            uri if where == path else from_fs_path(str(where)) or uri, texts(where).range(note.span)
        )
        yield types.DiagnosticRelatedInformation(location, note.message)
