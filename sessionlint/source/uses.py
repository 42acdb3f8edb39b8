"""What a file does with what a call gives: which names it gets, and which functions return it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from sessionlint.source.around import Head, functions_around, is_in_function
from sessionlint.source.gate import is_telling
from sessionlint.source.naming import is_global
from sessionlint.source.sites import DEFINING, sites
from sessionlint.source.text import line_start

__all__ = ["Target", "Use", "uses"]

_MOST_LINES: Final = 12
"""How many lines a call is followed upwards to where its statement begins."""

_GOING_ON: Final = (b"(", b"[", b"{", b",", b"\\", b" or", b" and", b" else", b" if", b" not")
"""How a line ends after which the statement goes on."""

_CONTINUED: Final = (b"or ", b"and ", b"else ")
_BRACKETS: Final = re.compile(rb"[()\[\]{}]")
_WORDS: Final = re.compile(rb"(?:(\w+)[ \t]+)?(\w*)[ \t]*$")
_TRANSPARENT: Final = frozenset(
    b"cast partial if elif while return yield and or not in is else await assert lambda".split()
)
"""Words before a bracket that gives on what is in it."""

_RETURN: Final = re.compile(rb"\breturn\b")
_WALRUS: Final = re.compile(rb"(\w+)[ \t]*:=[^=]*$")
_EQUALS: Final = re.compile(rb"(?<![=!<>+\-*/%&|^@:])=(?!=)")
_NAME: Final = re.compile(rb"[A-Za-z_]\w*")
_DEFINITION: Final = re.compile(rb"[ \t]*(?:async[ \t]+)?def\b")
_ONE_LINE: Final = re.compile(
    rb"[ \t]*(?:if|else|elif|try|with|for|while|except|finally)\b.*?:[ \t]"
)


class Target(NamedTuple):
    """A name that is bound: an attribute's, or a variable's, which may be a function's own."""

    name: bytes
    is_attribute: bool
    is_local: bool


class Use(NamedTuple):
    """One call: what gets what it gives, and the functions that return it."""

    targets: list[Target]
    functions: list[Head]


def uses(data: bytes, name: bytes) -> Iterator[Use]:
    """Every use of what calling something of that name gives, but for arguments of other calls."""
    for at in sites(data, name):
        start = _beginning(data, at)
        text = data[start:at]
        if _is_argument(text) or (text.endswith(b".") and not is_telling(b".", name)):
            continue
        if _RETURN.search(text):
            yield Use([], functions_around(data, start))
        elif b"lambda" not in text:
            yield Use(list(_targets(data, start, text)), [])


def _beginning(data: bytes, at: int) -> int:
    """Where the first line of a statement begins, by how the lines above a place in it end."""
    start = line_start(data, at)
    for _ in range(_MOST_LINES):
        above = data[max(start - 400, 0) : start].rstrip()
        is_going_on = above.endswith(_GOING_ON)
        if not is_going_on and not data[start:at].lstrip().startswith(_CONTINUED):
            break
        start = line_start(data, max(start - 1, 0))
    return start


def _is_argument(text: bytes) -> bool:
    """Whether brackets that are open at the end of a text make what follows an argument."""
    opened: list[int] = []
    for match in _BRACKETS.finditer(text):
        if match[0] in b"([{":
            opened.append(match.start())
        elif opened:
            opened.pop()
    return any(not _gives_on(text, at) for at in opened)


def _gives_on(text: bytes, at: int) -> bool:
    """Whether a bracket only groups, belongs to `cast` and the like, or holds parameters."""
    if text[at : at + 1] != b"(":
        return False
    words = _WORDS.search(text[:at])
    assert words is not None
    return not words[2] or words[2] in _TRANSPARENT or words[1] in DEFINING


def _targets(data: bytes, start: int, text: bytes) -> Iterator[Target]:
    """The names that a statement binds, given its text up to the call."""
    is_inside = is_in_function(data, start)
    walrus = _WALRUS.search(text)
    if walrus is not None:
        yield Target(walrus[1], is_attribute=False, is_local=is_inside)
        return
    for part in _EQUALS.split(_assigning(text))[:-1]:
        for target in part.partition(b":")[0].split(b","):
            owner, _, name = target.strip(b" \t\n()*").rpartition(b".")
            if _NAME.fullmatch(name):
                is_local = is_inside and not owner and not is_global(data, name)
                yield Target(name, bool(owner), is_local)


def _assigning(text: bytes) -> bytes:
    """The end of a text in which something is assigned, or a parameter has a default."""
    if _DEFINITION.match(text):
        return re.split(rb"[(,]", text)[-1]
    text = text.rpartition(b";")[2]
    one_line = _ONE_LINE.match(text)
    return text[one_line.end() :] if one_line else text
