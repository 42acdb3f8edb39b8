"""Findings as a Markdown table, for a comment on a pull request or a summary of a job."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sessionlint.report.paths import text_name
from sessionlint.report.totals import counted
from sessionlint.report.visible import printable

if TYPE_CHECKING:
    from sessionlint.model import Finding
    from sessionlint.report.output import Placed

__all__ = ["rows"]

_CODE = re.compile(r"`([^`]+)`")
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&@!])")


def rows(found: Sequence[Placed]) -> Iterator[str]:
    """A sentence that sums up, and below it one row for each finding, if there is one."""
    if not found:
        yield "sessionlint found nothing."
        return
    yield f"**sessionlint**: {counted(len(found))}"
    yield ""
    yield "| place | rule | severity | message |"
    yield "| --- | --- | --- | --- |"
    yield from (_row(path, finding) for path, finding in found)


def _row(path: str, finding: Finding) -> str:
    span = finding.span
    place = f"{text_name(path, span)}:{span.line}:{span.column + 1}"
    rule = f"{finding.code} {finding.name}"
    cells = (_code(place), _text(rule), finding.severity.value, _text(finding.message))
    return f"| {' | '.join(cells)} |"


def _text(text: str) -> str:
    """Words in which only what stands between backticks is code."""
    pieces = _CODE.split(printable(text))
    return "".join(_code(piece) if i % 2 else _escaped(piece) for i, piece in enumerate(pieces))


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)


def _code(text: str) -> str:
    """A text as code, whatever backticks and bars it has.

    Source: GitHub Flavored Markdown; a bar is escaped in a table even inside code, a backtick
    cannot be, and stands between longer runs of them instead.
    """
    shown = printable(text).replace("|", "\\|")
    longest = max(map(len, re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    space = " " if longest else ""
    return f"{fence}{space}{shown}{space}{fence}"
