"""A new text as stretches of the old one that give way to others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from typing import NamedTuple

from sessionlint.model import Span
from sessionlint.source.text import line_starts

__all__ = ["Replacement", "replacements"]


class Replacement(NamedTuple):
    """A stretch of the old text, empty where something is only added, and what stands there."""

    span: Span
    text: str


def replacements(before: str, after: str) -> Iterator[Replacement]:
    """The changes from one text to another, in order; whole lines with their own line ends."""
    old, new = _pieces(before), _pieces(after)
    # What is alike at both ends is most of it, and comparing the rest costs its square.
    head = _alike(old, new)
    tail = _alike(old[head:][::-1], new[head:][::-1])
    matcher = SequenceMatcher(
        None, old[head : len(old) - tail], new[head : len(new) - tail], autojunk=False
    )
    for kind, start, stop, new_start, new_stop in matcher.get_opcodes():
        if kind != "equal":
            span = _span(old, head + start, head + stop)
            yield Replacement(span, "".join(new[head + new_start : head + new_stop]))


def _pieces(text: str) -> list[str]:
    """The lines with their ends; the last one has none and may be empty."""
    return [text[start:stop] for start, stop in pairwise([*line_starts(text), len(text)])]


def _alike(one: Sequence[str], other: Sequence[str]) -> int:
    """How many pieces are the same from the start."""
    pairs = enumerate(zip(one, other, strict=False))
    shorter = min(len(one), len(other))
    return next((index for index, (left, right) in pairs if left != right), shorter)


def _span(lines: Sequence[str], start: int, stop: int) -> Span:
    if stop < len(lines):
        return Span(start + 1, 0, stop + 1, 0)
    # Have: the stretch reaches to the end of the text, behind which no line begins.
    last = len(lines), len(lines[-1])
    return Span(*last, *last) if start == len(lines) else Span(start + 1, 0, *last)
