"""A text whose every statement is one line, with nothing in its strings and comments."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property, lru_cache
from typing import Final

from sessionlint.source.formatted import STRING_OF_BYTES, blanked, evaluated, is_formatted
from sessionlint.source.text import line_start

__all__ = ["Logical", "logical"]

_SILENT: Final = re.compile(STRING_OF_BYTES.pattern + rb"|#[^\n]*")
_FIELD: Final = re.compile(rb"\{\{|\}\}|(\{[^{}]+\})")
_SIMPLE: Final = re.compile(rb"[^{}]*(?:(?:\{\{|\}\}|\{[^{}]+\})[^{}]*)*")
"""A string with fields that have no braces in them, and no quotes of its own kind."""

_BRACKETS: Final = re.compile(rb"[()\[\]{}]")
_OPENING: Final = frozenset(b"([{")
_NOWHERE: Final = -1
_CLAUSE: Final = re.compile(
    rb"[ \t]*(?:(?:if|else|elif|try|with|for|while|except|finally|async|def|class)\b"
    rb"|case[ \t]+[^=:\s])"
)
_COLON: Final = re.compile(rb":(?!=)")
_FAR: Final = 2_000
"""How long the head of a clause may be in front of a statement on its line."""

_GLOBAL: Final = rb"\bglobal ([^\n;]*)"
_WORD: Final = rb"\w+"
_LINE: Final = re.compile(rb"^[ \t]*(?=\S)", re.MULTILINE)

_KEPT: Final = 256
"""How many texts are kept: one is asked for its names again when others have given it more."""


class Logical:
    """Logical lines as `data`, of the same length as the `source` they are of.

    Source: the language reference, "Logical lines". What is in a string or a comment is blank, but
    for what a formatted string evaluates; so is an end of line in brackets or behind a backslash.
    """

    def __init__(self, data: bytes) -> None:
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if b"\f" in data:
            data = re.sub(rb"(?m)^[ \t]*\f", b"", data)
        self.source = data
        bare = _bare(data).replace(b"\\\n", b"  ")
        self._brackets = array("i", [match.start() for match in _BRACKETS.finditer(bare)])
        self._around = array("i")
        self.data = b"".join(self._joined(bare))

    def _joined(self, bare: bytes) -> Iterator[bytes]:
        """The text in pieces, without the ends of lines that stand in brackets."""
        opened = [_NOWHERE]
        done = 0
        for at in self._brackets:
            if bare[at] in _OPENING:
                opened.append(at)
            elif len(opened) > 1:
                start = opened.pop()
                if len(opened) == 1 and bare.find(b"\n", start, at) >= 0:
                    yield bare[done:start]
                    yield bare[start:at].replace(b"\n", b" ")
                    done = at
            self._around.append(opened[-1])
        yield bare[done:]

    def opened(self, at: int, start: int | None = None) -> Iterator[int]:
        """Where the brackets begin that a place stands in, the innermost first.

        Those that were opened before `start` are left out; it is the beginning of the line, unless
        given: what is open longer is never closed.
        """
        start = line_start(self.data, at) if start is None else start
        last = bisect_left(self._brackets, at) - 1
        while last >= 0:
            bracket = self._around[last]
            if bracket < start:
                return
            yield bracket
            last = bisect_left(self._brackets, bracket) - 1

    def statement(self, line: int, at: int) -> int:
        """Where the simple statement begins that a place of a line stands in."""
        start = self.data.rfind(b";", line, at) + 1
        if start:
            return start
        if _CLAUSE.match(self.data, line):
            for colon in _COLON.finditer(self.data, line, min(at, line + _FAR)):
                if next(self.opened(colon.start(), line), None) is None:
                    return colon.end()
        return line

    def item(self, at: int) -> int:
        """Where the item begins that a place stands in, of those in the innermost brackets."""
        bracket = next(self.opened(at), -1)
        comma = self.data.rfind(b",", bracket + 1, at)
        while comma >= 0 and next(self.opened(comma), -1) != bracket:
            comma = self.data.rfind(b",", bracket + 1, comma)
        return max(comma, bracket) + 1

    @cached_property
    def lines(self) -> tuple[list[int], list[int], list[int]]:
        """Where each line begins, how far it is indented, and the nearest above that is less.

        The last is an index into the others, -1 for none. Empty lines do not count.
        """
        starts: list[int] = []
        indents: list[int] = []
        above: list[int] = []
        for match in _LINE.finditer(self.data):
            start, end = match.span()
            outer = len(starts) - 1
            while outer >= 0 and indents[outer] >= end - start:
                outer = above[outer]
            starts.append(start)
            indents.append(end - start)
            above.append(outer)
        return starts, indents, above

    @cached_property
    def globals(self) -> frozenset[bytes]:
        """The names of the module that functions may bind."""
        if b"global " not in self.data:
            return frozenset()
        declared = re.findall(_GLOBAL, self.data)
        return frozenset(name for names in declared for name in re.findall(_WORD, names))


@lru_cache(maxsize=_KEPT)
def logical(data: bytes) -> Logical:
    """The logical lines of a source file."""
    return Logical(data)


class _NestedError(Exception):
    """A formatted string may not end where the pattern for strings says."""


def _bare(data: bytes) -> bytes:
    """A text with nothing in its strings and comments but what formatted strings evaluate."""
    try:
        return _SILENT.sub(_blank, data)
    except _NestedError:
        return b"".join(_scanned(data))


def _blank(match: re.Match[bytes]) -> bytes:
    text = match[0]
    if text.startswith(b"#"):
        return b" " * len(text)
    if b"{" not in text or not is_formatted(match.string, match.start()):
        return blanked(text)
    if not _SIMPLE.fullmatch(text):
        raise _NestedError
    return b"".join(_fields(text))


def _fields(text: bytes) -> Iterator[bytes]:
    """A formatted string with nothing in it but its fields."""
    yield text[:1]
    done = 1
    for field in _FIELD.finditer(text):
        if field[1]:
            yield b" " * (field.start() - done)
            yield STRING_OF_BYTES.sub(_blank, field[1]).replace(b"\n", b" ")
            done = field.end()
    yield b" " * (len(text) - 1 - done)
    yield text[-1:]


def _scanned(data: bytes) -> Iterator[bytes]:
    """The same, one string or comment after the other.

    Where a formatted string has no end, none of those that seem to begin in it is looked at: each
    might be as long.
    """
    done = looked_at = 0
    while (match := _SILENT.search(data, done)) is not None:
        start = match.start()
        yield data[done:start]
        whole = None
        if start >= looked_at and not match[0].startswith(b"#") and is_formatted(data, start):
            whole, looked_at = evaluated(data, start)
        if whole is None:
            whole = _silenced(match[0])
        yield whole
        done = start + len(whole)
    yield data[done:]


def _silenced(text: bytes) -> bytes:
    """A string or a comment with nothing in it."""
    return b" " * len(text) if text.startswith(b"#") else blanked(text)
