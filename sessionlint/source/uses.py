"""What a file does with what a call gives: which names it gets, and which functions return it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from sessionlint.source.around import Head, functions_around, is_own_variable
from sessionlint.source.gate import is_telling
from sessionlint.source.logical import Logical
from sessionlint.source.passing import gives_on
from sessionlint.source.sites import sites
from sessionlint.source.text import line_start
from sessionlint.source.upward import is_handed_up

__all__ = ["Target", "Use", "returned", "uses"]

_FAR: Final = 2_000
"""How far behind the beginning of its statement a call may stand."""

_RETURN: Final = re.compile(rb"return\b(?<=\breturn)")
_WALRUS: Final = re.compile(rb"\b(\w+)[ \t]*:=[^=,]*$")
_EQUALS: Final = re.compile(rb"(?<![=!<>+\-*/%&|^@:])=(?!=)")
_NAME: Final = re.compile(rb"[A-Za-z_]\w*")
_DISPLAYS: Final = frozenset({b"[", b"{"})
_SUBSCRIPTED: Final = re.compile(rb"[\w)\]]\s*$")
_NEAR: Final = 80
"""How much is looked at of what stands before a bracket."""

_DEFINITION: Final = re.compile(rb"[ \t]*(?:async[ \t]+)?def\b")
_VALUE: Final = re.compile(rb"(?<![\w.])([A-Za-z_][\w.]*)(?![\w.]|[ \t]*[(\[])")
_ASKING: Final = (b"if", b"not", b"is", b"in", b"=", b"<", b">")
"""What stands before a name that is only asked about."""


class Target(NamedTuple):
    """A name that is bound: an attribute's, or a variable's, which may be a function's own."""

    name: bytes
    is_attribute: bool
    is_local: bool


class Use(NamedTuple):
    """One call: what gets what it gives, and the functions that return it."""

    targets: list[Target]
    functions: list[Head]


def uses(text: Logical, name: bytes) -> Iterator[Use]:
    """Every use of what calling something of that name gives, but for arguments of other calls."""
    data = text.data
    is_method = is_telling(b".", name)
    for at in sites(data, name):
        line = line_start(data, at)
        start = text.statement(line, at)
        if at - start > _FAR or not (is_method or data[at - 1 : at] != b"."):
            continue
        before = data[start:at]
        walrus = _WALRUS.search(before)
        if walrus is None and _is_argument(text, at, start):
            displayed = _display(text, at, start)
            if displayed is not None and b"=" in data[start:displayed]:
                yield Use(list(_targets(text, line, start, displayed)), [])
            continue
        if _RETURN.search(before):
            if not is_handed_up(text, name, at):
                yield Use([], functions_around(text, line))
        elif walrus is not None:
            is_local = is_own_variable(text, line, walrus[1])
            yield Use([Target(walrus[1], is_attribute=False, is_local=is_local)], [])
        elif b"lambda" not in before:
            yield Use(list(_targets(text, line, start, at)), [])


def returned(text: Logical) -> Iterator[tuple[int, bytes, bool]]:
    """Where a line begins that may return a name, each name, and whether it is an attribute's."""
    for match in _RETURN.finditer(text.data):
        line, start = line_start(text.data, match.start()), match.end()
        stop = text.data.find(b"\n", start, start + _FAR)
        for value in _VALUE.finditer(text.data, start, stop if stop >= 0 else start + _FAR):
            is_asked = text.data[start : value.start()].rstrip().endswith(_ASKING)
            if not is_asked and not _is_argument(text, value.start(), start):
                owner, _, name = value[1].rpartition(b".")
                yield line, name, bool(owner)


def _is_argument(text: Logical, at: int, start: int) -> bool:
    """Whether a place is in brackets, opened since `start`, that give something of their own."""
    return not all(gives_on(text.data, bracket) for bracket in text.opened(at, start))


def _display(text: Logical, at: int, start: int) -> int | None:
    """Where the list or dictionary begins that a place stands in, None if in another bracket."""
    brackets = list(text.opened(at, start))
    data = text.data
    is_display = all(
        data[one : one + 1] in _DISPLAYS and not _SUBSCRIPTED.search(data[:one][-_NEAR:])
        for one in brackets
    )
    return min(brackets) if is_display and brackets else None


def _targets(text: Logical, line: int, start: int, at: int) -> Iterator[Target]:
    """The names that a statement binds in a line, the call standing at `at`."""
    before = text.data[start:at]
    if _DEFINITION.match(before):
        # What is assigned in it is the default of a parameter.
        before = text.data[text.item(at) : at]
    for part in _EQUALS.split(before)[:-1]:
        for target in part.partition(b":")[0].split(b","):
            owner, _, name = target.strip(b" \t()[]*").rpartition(b".")
            if _NAME.fullmatch(name):
                is_local = not owner and is_own_variable(text, line, name)
                yield Target(name, bool(owner), is_local)
