"""A new text as stretches of the old one that give way to others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from sessionlint.model import Span
from sessionlint.source.changes import changes
from sessionlint.source.text import line_starts

__all__ = ["Replacement", "replacements"]


class Replacement(NamedTuple):
    """A stretch of the old text, empty where something is only added, and what stands there."""

    span: Span
    text: str


def replacements(before: str, after: str) -> Iterator[Replacement]:
    """The changes from one text to another, in order; whole lines with their own line ends."""
    old, new = _pieces(before), _pieces(after)
    for one in changes(old, new):
        span = _span(old, one.start, one.stop)
        yield Replacement(span, "".join(new[one.new_start : one.new_stop]))


def _pieces(text: str) -> list[str]:
    """The lines with their ends; the last one has none and may be empty."""
    return [text[start:stop] for start, stop in pairwise([*line_starts(text), len(text)])]


def _span(lines: Sequence[str], start: int, stop: int) -> Span:
    if stop < len(lines):
        return Span(start + 1, 0, stop + 1, 0)
    # Have: the stretch reaches to the end of the text, behind which no line begins.
    last = len(lines), len(lines[-1])
    return Span(*last, *last) if start == len(lines) else Span(start + 1, 0, *last)
