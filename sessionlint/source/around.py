"""What a line stands in, by the lines above it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

__all__ = ["Head", "enclosing", "functions_around", "is_in_function"]

_SPACE: Final = re.compile(rb"[ \t]*")
_LINE: Final = re.compile(rb"^[ \t]*(?=[^\s#)\]}])", re.MULTILINE)
_HEAD: Final = re.compile(rb"[ \t]*(?:async[ \t]+)?(def|class)[ \t]+(\w+)")


class Head(NamedTuple):
    """The first line of a function or class: where it begins, and what is defined."""

    start: int
    kind: bytes
    name: bytes


def enclosing(data: bytes, start: int) -> Iterator[Head]:
    """The functions and classes around the line that begins at `start`, the innermost first.

    A line that begins one itself stands in it: what follows its colon does.
    """
    starts, indents, above = _lines(data)
    indent = _end_of_space(data, start) - start
    at = bisect_right(starts, start) - 1
    while at >= 0:
        if starts[at] == start or indents[at] < indent:
            head = _HEAD.match(data, starts[at])
            if head is not None:
                yield Head(starts[at], head[1], head[2])
        at = above[at]


@lru_cache(maxsize=4)
def _lines(data: bytes) -> tuple[list[int], list[int], list[int]]:
    """The lines that say something about indentation: where each begins, how far it is indented.

    The last list gives for each the nearest one above that is indented less, -1 for none.
    """
    starts: list[int] = []
    indents: list[int] = []
    above: list[int] = []
    for match in _LINE.finditer(data):
        start, end = match.span()
        outer = len(starts) - 1
        while outer >= 0 and indents[outer] >= end - start:
            outer = above[outer]
        starts.append(start)
        indents.append(end - start)
        above.append(outer)
    return starts, indents, above


def _end_of_space(data: bytes, start: int) -> int:
    match = _SPACE.match(data, start)
    assert match is not None
    return match.end()


def functions_around(data: bytes, start: int) -> list[Head]:
    """The functions around the line that begins at `start`, the innermost first."""
    return [head for head in enclosing(data, start) if head.kind == b"def"]


def is_in_function(data: bytes, start: int) -> bool:
    """Whether a variable that the line binds is a function's own."""
    head = next(enclosing(data, start), None)
    return head is not None and head.kind == b"def"
