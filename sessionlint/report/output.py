"""Everything that one run prints, in the form that was asked for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sessionlint.model import Finding
from sessionlint.report.paint import Paint
from sessionlint.report.records import findings_as_json, totals_as_json
from sessionlint.report.text import Lines, concise, full, steps
from sessionlint.report.totals import counted, statistics

__all__ = ["Placed", "View", "output"]

Placed = tuple[str, Finding]
"""The path of a file, as it is to be shown, and a finding in it."""


@dataclass(frozen=True)
class View:
    """How findings are to be printed: `form` is `full`, `concise` or `json`."""

    form: str
    has_steps: bool
    has_statistics: bool
    is_quiet: bool
    paint: Paint
    lines: Lines


def output(found: Sequence[Placed], view: View) -> Iterator[str]:
    """The text of a report in pieces that end a line each."""
    findings = [finding for _, finding in found]
    if view.form == "json":
        yield totals_as_json(findings) if view.has_statistics else findings_as_json(found)
        return
    if view.has_statistics:
        yield from statistics(findings)
    else:
        for path, finding in found:
            yield from _shown(path, finding, view)
    if not view.is_quiet:
        yield counted(len(found)) if found else view.paint("All checks passed!", "good")


def _shown(path: str, finding: Finding, view: View) -> Iterator[str]:
    if view.form == "full":
        yield from full(path, finding, view.lines, view.paint)
    else:
        yield concise(path, finding, view.paint)
    if view.has_steps:
        yield from steps(path, finding, view.lines, view.paint)
    if view.form == "full":
        yield ""
