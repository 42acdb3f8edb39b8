"""Findings as a JUnit report, which most build servers show as failed tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from sessionlint.model import Severity
from sessionlint.report.paths import text_name
from sessionlint.report.visible import printable

if TYPE_CHECKING:
    from sessionlint.model import Finding, Span
    from sessionlint.report.output import Placed

__all__ = ["test_suites"]

_HEAD = '<?xml version="1.0" encoding="utf-8"?>'


def test_suites(found: Sequence[Placed]) -> Iterator[str]:
    """The lines of a report with one failed test for each finding and one suite for each file.

    Without findings there is one test that passed, for a report without tests counts as broken.
    Source: XML 1.0 allows no control characters, escaped or not, so each becomes a visible sign.
    """
    yield from map(_in_ascii, _lines(found))


def _in_ascii(line: str) -> str:
    """A line that is the same in every encoding in which standard output may be written."""
    return line.encode("ascii", "xmlcharrefreplace").decode("ascii")


def _lines(found: Sequence[Placed]) -> Iterator[str]:
    yield _HEAD
    yield f"<testsuites {_attributes(name='sessionlint', **_counts(found))}>"
    if not found:
        passed = _attributes(name="no findings", classname="sessionlint")
        yield '  <testsuite name="sessionlint" tests="1" failures="0" errors="0">'
        yield f"    <testcase {passed}/>"
        yield "  </testsuite>"
    for path, group in groupby(found, key=itemgetter(0)):
        yield from _suite(path, [finding for _, finding in group])
    yield "</testsuites>"


def _suite(path: str, findings: Sequence[Finding]) -> Iterator[str]:
    counts = _counts([(path, finding) for finding in findings])
    yield f"  <testsuite {_attributes(name=path, **counts)}>"
    for finding in findings:
        place = _place(path, finding.span).removeprefix(f"{path}:")
        case = _attributes(
            name=f"{finding.code} {finding.name} at {place}",
            classname=path,
            file=path,
            line=finding.span.line,
        )
        kind = _kind(finding)
        told = _attributes(type=finding.code, message=finding.message)
        yield f"    <testcase {case}>"
        yield f"      <{kind} {told}>{_body(path, finding)}</{kind}>"
        yield "    </testcase>"
    yield "  </testsuite>"


def _kind(finding: Finding) -> str:
    return "error" if finding.severity is Severity.ERROR else "failure"


def _counts(found: Iterable[Placed]) -> dict[str, int]:
    kinds = [_kind(finding) for _, finding in found]
    return {
        "tests": len(kinds) or 1,
        "failures": kinds.count("failure"),
        "errors": kinds.count("error"),
    }


def _body(path: str, finding: Finding) -> str:
    """The finding's own place and message, and its notes."""
    places = [(path, finding.span, finding.message)]
    places += [(note.path or path, note.span, note.message) for note in finding.notes]
    told = (f"{_place(where, span)}: {words}" for where, span, words in places)
    return "\n".join(escape(printable(line)) for line in told)


def _place(path: str, span: Span) -> str:
    return f"{text_name(path, span)}:{span.line}:{span.column + 1}"


def _attributes(**values: object) -> str:
    pairs = values.items()
    return " ".join(f'{name}="{escape(printable(str(value)))}"' for name, value in pairs)
