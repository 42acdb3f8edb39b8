"""What a line stands in, by the lines above it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from sessionlint.source.text import line_start

__all__ = ["Head", "enclosing", "functions_around", "is_in_function"]

_SPACE: Final = re.compile(rb"[ \t]*")
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
    indent = _indent(data, start)
    own = _HEAD.match(data, start)
    if own is not None:
        yield Head(start, own[1], own[2])
    while indent and start > 0:
        start = line_start(data, start - 1)
        before = _indent(data, start)
        if before >= indent or data[start + before : start + before + 1] in _PASSED_OVER:
            continue
        head = _HEAD.match(data, start)
        if head is not None:
            yield Head(start, head[1], head[2])
        indent = before


_PASSED_OVER: Final = frozenset((b"", b"\n", b"#", b")", b"]", b"}"))
"""How a line begins that says nothing about indentation."""


def _indent(data: bytes, start: int) -> int:
    match = _SPACE.match(data, start)
    assert match is not None
    return match.end() - start


def functions_around(data: bytes, start: int) -> list[Head]:
    """The functions around the line that begins at `start`, the innermost first."""
    return [head for head in enclosing(data, start) if head.kind == b"def"]


def is_in_function(data: bytes, start: int) -> bool:
    """Whether a variable that the line binds is a function's own."""
    head = next(enclosing(data, start), None)
    return head is not None and head.kind == b"def"
