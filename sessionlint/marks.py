"""What stays of a finding when others in its file are fixed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sessionlint.model import Finding, Severity

if TYPE_CHECKING:
    from sessionlint.source.parse import Source

__all__ = ["Mark", "marks"]

Mark = tuple[bool, str, str]
"""Whether a finding is more than a matter of form, the function it is in, and the words it is
about. Lines move and messages tell another way out."""


def marks(source: Source, findings: Sequence[Finding]) -> list[frozenset[Mark]]:
    """The marks of each finding: one as a finding, and one more if it is more than form."""
    import libcst as cst

    from sessionlint.source.walk import descend

    if not findings:
        return []
    # `isinstance` takes long to tell of most nodes that they are neither.
    homes = [
        node
        for node in descend(source.module)
        if type(node) is cst.FunctionDef or type(node) is cst.ClassDef
    ]
    places = [(source.positions.span(node), node.name.value) for node in homes]
    found: list[frozenset[Mark]] = []
    for finding in findings:
        at = finding.span
        around = (name for span, name in places if span.line <= at.line <= span.end_line)
        about = ".".join(around), _words(source.lines, finding)
        kinds = {False, finding.severity is not Severity.STYLE}
        found.append(frozenset((kind, *about) for kind in kinds))
    return found


def _words(lines: Sequence[str], finding: Finding) -> str:
    """What a finding underlines up to a bracket, in which other fixes may be at work."""
    span = finding.span
    text = list(lines[span.line - 1 : span.end_line])
    text[-1:] = [line[: span.end_column] for line in text[-1:]]
    text[:1] = [line[span.column :] for line in text[:1]]
    return " ".join(" ".join(text).partition("(")[0].split())
