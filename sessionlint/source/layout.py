"""The comments of a text, and which of its lines make one statement, without parsing it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from sessionlint.source.strings import STRING_OR_REST

__all__ = ["Comment", "Layout", "layout"]

_TOKEN: Final = re.compile(
    rf"(?P<string>{STRING_OR_REST})|(?P<comment>#[^\n]*)|(?P<open>[(\[{{])|(?P<close>[)\]}}])"
    r"|(?P<joint>\\\n)|(?P<end>\n)"
)


class Comment(NamedTuple):
    """What stands from a `#` to the end of its line, the column counted from 0."""

    line: int
    column: int
    text: str


class Layout(NamedTuple):
    """Where comments stand, by line, and how lines hang together.

    `tied` are the lines that end inside a string or with a backslash. `statements` are those of
    several lines, by each of their lines.
    """

    comments: Mapping[int, Comment]
    tied: frozenset[int]
    statements: Mapping[int, range]

    def statement(self, line: int) -> range:
        """The lines of the statement that a line is part of; of a compound one, its header."""
        return self.statements.get(line, range(line, line + 1))

    def ending(self, line: int) -> int:
        """The first line from this one on that a comment can be written at the end of."""
        while line in self.tied:
            line += 1
        return line


def layout(lines: Sequence[str]) -> Layout:
    """How a text is laid out, given as lines without their ends.

    Strings inside the braces of an f-string may be taken for code, and the other way round.
    Where brackets do not pair, lines hang together by strings and backslashes only.
    """
    comments: dict[int, Comment] = {}
    tied: set[int] = set()
    ends: list[int] = []
    line, begin, depth = 1, 0, 0
    text = "\n".join([*lines, ""])
    for match in _TOKEN.finditer(text):
        match match.lastgroup:
            case "comment":
                comments[line] = Comment(line, match.start() - begin, match[0])
            case "open":
                depth += 1
            case "close":
                depth -= 1
            case "end":
                if depth == 0:
                    ends.append(line)
                line, begin = line + 1, match.end()
            case _:
                inside = match[0].count("\n")
                tied.update(range(line, line + inside))
                if inside:
                    line, begin = line + inside, text.rfind("\n", 0, match.end()) + 1
    if depth:
        ends = [number for number in range(1, line) if number not in tied]
    return Layout(comments, frozenset(tied), dict(_statements(ends)))


def _statements(ends: Sequence[int]) -> Iterator[tuple[int, range]]:
    """The lines of every statement that ends on one of these and begins on another."""
    start = 1
    for end in ends:
        lines = range(start, end + 1)
        if len(lines) > 1:
            yield from ((line, lines) for line in lines)
        start = end + 1
