"""The forms of a report; each for programs is loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sessionlint.report.output import Placed, View

__all__ = ["COUNTED", "FORMS", "PEOPLE", "for_programs"]

PEOPLE = ("full", "concise")
"""The forms that are read in a terminal."""

COUNTED = (*PEOPLE, "json", "json-lines")
"""The forms that can tell how often each rule found something instead of the findings."""

FORMS = (*COUNTED, "sarif", "github", "gitlab", "junit", "markdown")


def for_programs(found: Sequence[Placed], view: View) -> Iterator[str]:
    """The text of a report in one of the other forms, in pieces that end a line each."""
    match view.form:
        case "sarif":
            from sessionlint.report.sarif import sarif

            yield sarif(found, view.rules(), view.rewrites)
        case "github":
            from sessionlint.report.github import commands

            yield from commands(found)
        case "gitlab":
            from sessionlint.report.gitlab import code_quality

            yield code_quality(found)
        case "junit":
            from sessionlint.report.junit import test_suites

            yield from test_suites(found)
        case "markdown":
            from sessionlint.report.markdown import rows

            yield from rows(found)
        case _:
            yield from _records(found, view)


def _records(found: Sequence[Placed], view: View) -> Iterator[str]:
    from sessionlint.report.records import (
        as_array,
        as_lines,
        findings_as_records,
        totals_as_records,
    )

    records = (
        totals_as_records(finding for _, finding in found)
        if view.has_statistics
        else findings_as_records(found)
    )
    yield from as_lines(records) if view.form == "json-lines" else as_array(records)
