"""Formatted strings by bytes, whose fields may hold the quote that ends the string.

Source: PEP 701, and PEP 750 for template strings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from sessionlint.source.strings import STRING_OR_REST

__all__ = ["STRING_OF_BYTES", "blanked", "evaluated", "is_formatted"]

_MOST: Final = 20_000
"""How long a string with fields may be."""

_DEEPEST: Final = 20
"""How many formatted strings may stand in each other's fields."""

_PREFIX: Final = re.compile(rb"(?i:[ft]r?|r[ft])$")
STRING_OF_BYTES: Final = re.compile(STRING_OR_REST.encode())
"""What a string literal looks like, without its prefix."""

_QUOTE: Final = re.compile(rb"'''|\"\"\"|['\"]")
_IN_LITERAL: Final = re.compile(rb"'''|\"\"\"|['\"\n{}\\]")
_IN_FIELD: Final = re.compile(rb"['\"()\[\]{}:#]")
_COMMENT: Final = re.compile(rb"#[^\n]*")


class _UnclosedError(Exception):
    """What looks like a formatted string has no end."""


def is_formatted(data: bytes, start: int) -> bool:
    """Whether the string whose quote stands at `start` has fields, by its prefix."""
    return _PREFIX.search(data[max(start - 2, 0) : start]) is not None


def blanked(text: bytes) -> bytes:
    """As much space as there is text, between its first and last mark."""
    return text[:1] + b" " * (len(text) - 2) + text[-1:]


def evaluated(data: bytes, start: int) -> tuple[bytes | None, int]:
    """The formatted string whose quote stands at `start`, blank but for what is in its fields.

    None if it has no end. Also how far the text was looked at.
    """
    return _Scan(data, start).whole()


class _Scan:
    """Goes once through a formatted string and gives what is left of it, piece by piece."""

    def __init__(self, data: bytes, start: int) -> None:
        self._data = data
        self._at = start
        self._stop = min(start + _MOST, len(data))
        self._depth = 0

    def whole(self) -> tuple[bytes | None, int]:
        """The string on one line, None if it has no end, and how far the scan came."""
        try:
            return b"".join(self.string()).replace(b"\n", b" "), self._at
        except _UnclosedError:
            return None, self._at

    def string(self) -> Iterator[bytes]:
        """One string, from its quote to its end."""
        quote = self._found(_QUOTE)
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _UnclosedError
        yield quote[:1] + self._passed(len(quote))[1:]
        while True:
            yield from self._literal()
            if self._data.startswith(quote, self._at):
                break
            # Another quote, or a line of a long string.
            if len(quote) == 1 and self._data.startswith(b"\n", self._at):
                raise _UnclosedError
            yield self._passed(1)
        self._depth -= 1
        yield self._passed(len(quote))[1:] + quote[:1]

    def _literal(self) -> Iterator[bytes]:
        """What stands between fields, with the fields, up to a quote or the end of a line."""
        while True:
            start = self._at
            token = self._found(_IN_LITERAL)
            yield b" " * (self._at - start)
            if token == b"{" and not self._data.startswith(b"{{", self._at):
                yield from self._field()
            elif token in {b"{", b"\\"}:
                yield self._passed(2)
            elif token == b"}":
                yield self._passed(1)
            else:
                return

    def _field(self) -> Iterator[bytes]:
        """What stands in braces, and those."""
        yield self._kept(1)
        depth = 0
        while True:
            start = self._at
            token = self._found(_IN_FIELD)
            yield self._data[start : self._at]
            if token in {b"'", b'"'}:
                yield from self._inner()
            elif token == b"#":
                comment = _COMMENT.match(self._data, self._at)
                assert comment is not None
                yield self._passed(len(comment[0]))
            elif token == b":" and depth == 0:
                yield self._passed(1)
                yield from self._format()
                return
            else:
                yield self._kept(1)
                depth += 1 if token in {b"(", b"[", b"{"} else -1 if token != b":" else 0
                if depth < 0:
                    return

    def _inner(self) -> Iterator[bytes]:
        """A string in a field."""
        if is_formatted(self._data, self._at):
            yield from self.string()
            return
        string = STRING_OF_BYTES.match(self._data, self._at, self._stop)
        if string is None:
            self._at = self._stop
            raise _UnclosedError
        self._at = string.end()
        yield blanked(string[0])

    def _format(self) -> Iterator[bytes]:
        """How a field is to be written, which may have fields of its own; and its last brace."""
        while True:
            start = self._at
            token = self._found(_IN_LITERAL)
            yield b" " * (self._at - start)
            if token == b"{":
                yield from self._field()
            elif token == b"}":
                yield self._kept(1)
                return
            else:
                yield self._passed(1)

    def _found(self, pattern: re.Pattern[bytes]) -> bytes:
        """Go to the next token."""
        match = pattern.search(self._data, self._at, self._stop)
        if match is None:
            self._at = self._stop
            raise _UnclosedError
        self._at = match.start()
        return match[0]

    def _kept(self, length: int) -> bytes:
        self._at += length
        return self._data[self._at - length : self._at]

    def _passed(self, length: int) -> bytes:
        self._at += length
        return b" " * length
