"""What a logical line stands in, by the lines above it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final, NamedTuple

from sessionlint.source.logical import Logical

__all__ = ["Head", "enclosing", "functions_around", "is_own_variable"]

_HEAD: Final = re.compile(rb"[ \t]*(?:async[ \t]+)?(def|class)[ \t]+(\w+)")


class Head(NamedTuple):
    """The line of a function or class: where it begins, and what is defined."""

    start: int
    kind: bytes
    name: bytes


def enclosing(text: Logical, start: int) -> Iterator[Head]:
    """The functions and classes around the line that begins at `start`, the innermost first.

    A line that begins one itself stands in it: what follows its colon does.
    """
    starts, indents, above = text.lines
    at = first = bisect_right(starts, start) - 1
    while at >= 0:
        if at == first or indents[at] < indents[first]:
            head = _HEAD.match(text.data, starts[at])
            if head is not None:
                yield Head(starts[at], head[1], head[2])
        at = above[at]


def functions_around(text: Logical, start: int) -> list[Head]:
    """The functions around the line that begins at `start`, the innermost first."""
    return [head for head in enclosing(text, start) if head.kind == b"def"]


def is_own_variable(text: Logical, start: int, name: bytes) -> bool:
    """Whether a variable that the line at `start` binds is one of a function."""
    head = next(enclosing(text, start), None)
    return head is not None and head.kind == b"def" and name not in text.globals
