"""Places and changes of a text as an editor counts them."""

from __future__ import annotations

from collections.abc import Callable

from lsprotocol import types

from sessionlint.model import Span
from sessionlint.source.changes import changes
from sessionlint.source.text import line_starts, lines

__all__ = ["Text", "Units"]

Units = Callable[[str], int]
"""How many units of the client's encoding a piece of text is long."""


class Text:
    """One text whose places are told in the client's units."""

    def __init__(self, text: str, units: Units) -> None:
        self._text = text
        self._units = units
        self._lines = lines(text)

    def range(self, span: Span) -> types.Range:
        """A span, lines from 0; a span of no width reaches to the end of its line."""
        start = self._position(span.line, span.column)
        if (span.line, span.column) == (span.end_line, span.end_column):
            return types.Range(start, self._position(span.line, len(self._line(span.line))))
        return types.Range(start, self._position(span.end_line, span.end_column))

    def edits(self, after: str) -> list[types.TextEdit]:
        """The changes of whole lines that make another text of this one."""
        old, new = _whole_lines(self._text), _whole_lines(after)
        return [
            types.TextEdit(
                types.Range(self._start(one.start, old), self._start(one.stop, old)),
                "".join(new[one.new_start : one.new_stop]),
            )
            for one in changes(old, new)
        ]

    def _start(self, index: int, whole: list[str]) -> types.Position:
        """Where a line begins; past the last one that has no end, where the text ends."""
        if index == len(whole) and len(self._lines) == index:
            return self._position(index, len(self._line(index)))
        return types.Position(index, 0)

    def _position(self, line: int, column: int) -> types.Position:
        return types.Position(max(line - 1, 0), self._units(self._line(line)[:column]))

    def _line(self, number: int) -> str:
        return self._lines[number - 1] if 1 <= number <= len(self._lines) else ""


def _whole_lines(text: str) -> list[str]:
    """The lines of a text with their ends."""
    starts = line_starts(text)
    pieces = [
        text[start:stop] for start, stop in zip(starts, [*starts[1:], len(text)], strict=True)
    ]
    return [*pieces[:-1], *filter(None, pieces[-1:])]
