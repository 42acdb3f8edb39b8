"""Source lines with marks under the places that matter, as a compiler shows them."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from sessionlint.model import Span
from sessionlint.report.paint import Paint, printable

__all__ = ["excerpt", "flat"]

CONTEXT = 1
"""How many lines are shown around a marked one."""

LONGEST = 4
"""How many lines of one place are all marked; of more, only the first and the last are."""

WIDEST = 160
"""How many columns of a source line are shown."""

_TAB = 4


class _Mark(NamedTuple):
    """A stretch of one line to underline: columns from 0 in code points, the end exclusive."""

    line: int
    start: int
    end: int
    label: str


def excerpt(
    lines: Sequence[str], places: Iterable[tuple[Span, str]], paint: Paint
) -> Iterator[str]:
    """The lines around some places of a text, with the places underlined and labelled.

    Line n is `lines[n - 1]`; a place beyond the text is left out.
    """
    marks = sorted({mark for span, label in places for mark in _marks(lines, span, label)})
    if not marks:
        return
    by_line = {line: list(group) for line, group in groupby(marks, key=lambda mark: mark.line)}
    shown = _with_context(by_line, lines)
    width = len(str(shown[-1]))
    margin = paint(" " * width + " |", "margin")
    yield margin
    before = shown[0] - 1
    for number in shown:
        if number != before + 1:
            yield paint("...", "margin")
        before = number
        head = paint(f"{number:>{width}} |", "margin")
        yield f"{head} {flat(lines[number - 1])}".rstrip()
        for mark in by_line.get(number, ()):
            yield f"{margin} {_underline(lines[number - 1], mark, paint)}"
    yield margin


def flat(line: str) -> str:
    """A source line as it is shown: tabs widened, control characters made visible, cut if long."""
    text = printable("".join(_cells(line)))
    return text if len(text) <= WIDEST else f"{text[:WIDEST]}…"


def _marks(lines: Sequence[str], span: Span, label: str) -> Iterator[_Mark]:
    last = min(span.end_line, len(lines))
    for number in range(span.line, last + 1):
        if last - span.line >= LONGEST and number not in {span.line, last}:
            continue
        line = lines[number - 1]
        start = span.column if number == span.line else len(line) - len(line.lstrip())
        end = span.end_column if number == span.end_line else len(line.rstrip())
        yield _Mark(number, start, max(end, start + 1), label if number == last else "")


def _with_context(marked: Mapping[int, object], lines: Sequence[str]) -> list[int]:
    """The line numbers to show: the marked ones, text around them, single lines between."""
    near = {line + step for line in marked for step in range(-CONTEXT, CONTEXT + 1)}
    inside = {line for line in near if 1 <= line <= len(lines) and lines[line - 1].strip()}
    wanted = inside | set(marked)
    return sorted(wanted | {line + 1 for line in wanted if line + 2 in wanted})


def _underline(line: str, mark: _Mark, paint: Paint) -> str:
    cells = _cells(line)
    before = min(sum(map(_width, cells[: mark.start])), WIDEST)
    under = sum(map(_width, cells[mark.start : mark.end])) or 1
    under = max(min(under, WIDEST - before), 1)
    label = f" {mark.label}" if mark.label else ""
    return " " * before + paint("^" * under + printable(label), "mark")


def _cells(line: str) -> list[str]:
    """What each character of a line is shown as; a tab reaches to the next multiple of 4."""
    if "\t" not in line:
        return list(line)
    cells: list[str] = []
    column = 0
    for char in line:
        cells.append(" " * (_TAB - column % _TAB) if char == "\t" else char)
        column += _width(cells[-1])
    return cells


def _width(text: str) -> int:
    """How many columns a terminal gives to a text.

    Source: Unicode Standard Annex 11 makes wide and full-width characters two columns wide.
    """
    if text.isascii():
        return len(text)
    return sum(_char_width(char) for char in printable(text))


def _char_width(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1
