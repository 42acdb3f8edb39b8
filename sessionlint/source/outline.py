"""A text cut at its statements without parsing it: imports and assignments, functions, classes.

Building nodes is nearly all of the cost of a parse, so what nobody asks about is better not
parsed. One regular expression takes a whole statement with all that is indented below it; strings
and comments in it are stepped over.
"""

import re
from enum import Enum
from typing import Final, NamedTuple

from sessionlint.source.strings import STRING, STRING_OR_REST

__all__ = ["Part", "PartKind", "is_balanced", "outlined", "whole"]


class PartKind(Enum):
    """What kind of statement a part is. CODE is whatever defines neither function nor class."""

    FUNCTION = "function"
    CLASS = "class"
    CODE = "code"


class Part(NamedTuple):
    """One statement: the text from `start` to `stop`, comments and empty lines after it included.

    `name` is what a function or class is called. `members` are the statements of a class body,
    which begins at `body`; no other part has any.
    """

    kind: PartKind
    start: int
    stop: int
    name: str = ""
    body: int = 0
    members: tuple["Part", ...] = ()


# Compiled by `re` when first asked for: mostly, the brackets agree with those in strings.
_SKIPPED: Final = rf"{STRING_OR_REST}|#[^\n]*"
# A line that begins so goes on with the statement before it.
_CONTINUING: Final = r"[\s#)\]}]|(?:else|elif|except|finally)\b"


def _statement(indent: str) -> re.Pattern[str]:
    """Matches one statement that is indented so far, with all that is indented farther."""
    inside = rf"[^\"'#\n\\]+|{STRING}|#[^\n]*|\\[\s\S]|\n(?!{indent}(?!{_CONTINUING}))"
    return re.compile(rf"^{indent}(?=[^\s#])(?:{inside})*", re.MULTILINE)


_TOP: Final = _statement("")
_DEFINED: Final = re.compile(r"[ ]*(?:(?:async[ ]+)?def|(class))[ ]+(\w+)")
_HEAD: Final = re.compile(
    r"[ ]*class[ ]+\w+[ ]*(?:\((?:[^()\"'#\\]|\([^()\"'#\\]*\))*\))?[ ]*:[ ]*(?:#[^\n]*)?\n"
)
_FIRST_LINE: Final = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)*([ \t]*)(?=[^\s#])")


def outlined(text: str) -> list[Part]:
    """The statements of a module in their order, together with all of its text from the first on.

    A text that is written in an unusual way is one part of kind CODE; so is a class.
    """
    if "\r" in text or "\f" in text or "\x0b" in text:
        return [whole(text)]
    parts = _parts(text, _TOP, 0, len(text))
    if parts is None:
        return [whole(text)]
    return [_with_members(text, part) if part.kind is PartKind.CLASS else part for part in parts]


def whole(text: str) -> Part:
    """All of a text as one part."""
    return Part(PartKind.CODE, 0, len(text))


def _parts(text: str, statement: re.Pattern[str], start: int, stop: int) -> list[Part] | None:
    """The statements that begin on one level, None where they do not stand one after another."""
    found: list[Part] = []
    first = -1
    for match in statement.finditer(text, start, stop):
        end = match.end()
        if end < stop and text[end] != "\n":
            return None
        end = min(end + 1, stop)
        first = match.start() if first < 0 else first
        begin = match.start()
        mark = _first_mark(text, begin)
        if mark == "@":
            # A decorator belongs to what follows.
            continue
        if not is_balanced(text[first:end]):
            return None
        found.append(_part(text, first, begin, end))
        first = -1
    return found if first < 0 else None


def _first_mark(text: str, start: int) -> str:
    while text[start] == " ":
        start += 1
    return text[start]


def _part(text: str, first: int, begin: int, end: int) -> Part:
    defined = _DEFINED.match(text, begin, end)
    if defined is None:
        return Part(PartKind.CODE, first, end)
    kind = PartKind.CLASS if defined[1] else PartKind.FUNCTION
    return Part(kind, first, end, defined[2], begin)


def is_balanced(text: str) -> bool:
    """Whether every bracket is closed, those in strings and comments left aside."""
    return _counts_agree(text) or _counts_agree(re.sub(_SKIPPED, "", text))


def _counts_agree(text: str) -> bool:
    return all(text.count(one) == text.count(other) for one, other in ("()", "[]", "{}"))


def _with_members(text: str, part: Part) -> Part:
    """A class with the statements of its body, or as mere code if they cannot be told apart."""
    code = Part(PartKind.CODE, part.start, part.stop)
    head = _HEAD.match(text, part.body, part.stop)
    line = _FIRST_LINE.match(text, head.end(), part.stop) if head else None
    if head is None or line is None or not line[1] or "\t" in line[1]:
        return code
    members = _parts(text, _on_level(line[1]), head.end(), part.stop)
    if not members or members[0].start != line.start(1):
        return code
    known = (_unnamed(one) if one.kind is PartKind.CLASS else one for one in members)
    return Part(part.kind, part.start, part.stop, part.name, head.end(), tuple(known))


def _unnamed(part: Part) -> Part:
    return Part(PartKind.CODE, part.start, part.stop)


_LEVELS: Final[dict[str, re.Pattern[str]]] = {}


def _on_level(indent: str) -> re.Pattern[str]:
    if indent not in _LEVELS:
        _LEVELS[indent] = _statement(indent)
    return _LEVELS[indent]
