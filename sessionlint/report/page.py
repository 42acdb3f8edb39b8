"""What `explain` and `rules` print."""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sessionlint.report.paint import Paint

if TYPE_CHECKING:
    from sessionlint.rule import Rule

__all__ = ["styled", "table"]

_HEADING = re.compile(r"#+ ")
_FENCE = re.compile(r"\s*(```|~~~)")


def styled(page: str, paint: Paint) -> Iterator[str]:
    """The lines of a Markdown page, its headings set off from the text."""
    is_code = False
    for line in page.splitlines():
        if _FENCE.match(line):
            is_code = not is_code
        heading = None if is_code else _HEADING.match(line)
        yield line if heading is None else paint(line, "heading")


def table(rules: "Sequence[Rule]", paint: Paint) -> Iterator[str]:
    """One line for each rule, in columns: code, name, severity, summary."""
    heads = ("code", "name", "severity", "summary")
    rows = [(rule.code, rule.name, rule.severity.value, rule.summary) for rule in rules]
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    yield paint(_row(heads, widths), "heading")
    yield from (_row(row, widths) for row in rows)


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip()
