"""Everything that one run prints, in the form that was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from sessionlint.report.forms import PEOPLE, for_programs

if TYPE_CHECKING:
    from sessionlint.model import Finding, Span
    from sessionlint.report.paint import Paint
    from sessionlint.report.text import Lines
    from sessionlint.rule import Rule

__all__ = ["Page", "Placed", "Rewrites", "View", "output"]

Placed = tuple[str, "Finding"]
"""The path of a file, as it is to be shown, and a finding in it."""

Page = tuple["Rule", str]
"""A rule and its page, as Markdown."""

Rewrites = Mapping[tuple[str, str, "Span"], tuple[str, str]]
"""The text of a file before and after one fix, by path, code and place of the finding."""


class View(NamedTuple):
    """How findings are to be printed: `form` is one of `FORMS`.

    With `has_unsafe_fixes`, fixes count that are not SAFE; `has_fixes` lists those that were made.
    `rules` and `rewrites` are for forms that tell of more than findings.
    """

    form: str
    has_steps: bool
    has_statistics: bool
    is_quiet: bool
    paint: Paint
    lines: Lines
    has_unsafe_fixes: bool = False
    has_fixes: bool = False
    rules: Callable[[], Sequence[Page]] = tuple
    rewrites: Rewrites = MappingProxyType({})


def output(found: Sequence[Placed], view: View, applied: Sequence[Placed] = ()) -> Iterator[str]:
    """The text of a report in pieces that end a line each.

    `applied` are the findings that were there before they were fixed.
    """
    findings = [finding for _, finding in found]
    if view.form not in PEOPLE:
        yield from for_programs(found, view)
        return
    if not found and not applied:
        # Most runs end here, without what shows findings.
        if not view.is_quiet:
            yield view.paint("All checks passed!", "good")
        return
    if view.has_statistics:
        from sessionlint.report.totals import statistics

        yield from statistics(findings)
    else:
        for path, finding in found:
            yield from _shown(path, finding, view)
    if view.has_fixes:
        from sessionlint.report.fixes import fixes

        yield from fixes(applied)
    if not view.is_quiet:
        yield from _summary(findings, view, len(applied))


def _summary(findings: Sequence[Finding], view: View, fixed: int) -> Iterator[str]:
    from sessionlint.report.fixes import offers
    from sessionlint.report.totals import counted

    yield counted(len(findings), fixed)
    yield from offers(findings, view.paint, has_unsafe_fixes=view.has_unsafe_fixes)


def _shown(path: str, finding: Finding, view: View) -> Iterator[str]:
    from sessionlint.report.fixes import is_offered
    from sessionlint.report.text import below, concise, steps

    has_fix = is_offered(finding, has_unsafe_fixes=view.has_unsafe_fixes)
    yield concise(path, finding, view.paint, has_fix=has_fix)
    if view.form == "full":
        yield from below(path, finding, view.lines, view.paint)
    if view.has_steps:
        yield from steps(path, finding, view.lines, view.paint)
    if view.form == "full":
        yield ""
