"""Where a session may be used behind the `with` that closes it, told from text alone."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from sessionlint.errors import UnreadableFile
from sessionlint.source.bracketed import bracketed
from sessionlint.source.text import decoded

__all__ = ["TAKING", "afterwards", "may_outlive"]

TAKING: Final = frozenset(
    "execute scalar scalars query get get_one merge exec stream stream_scalars".split()
)
"""Methods that take a connection.

`add` and `flush` take none by themselves, and `refresh` fails: a close forgets all objects.
"""


# Compiled by `re` when first asked for: few files have a `with` for a session.
_WITH: Final = r"with\b(?=[^\n]{0,1000}ession)"
_HEAD: Final = (
    r"with\b(?=[^\n]*ession)[^\n]*\bas[ \t]+\w+[ \t]*(?:[,)][^\n]*)?:[ \t]*(?:#[^\n]*)?\r?\n"
)
_LONGEST: Final = 1_000
"""How long the line of a head may be: the pattern takes its square."""

_METHODS: Final = "|".join(sorted(TAKING))
_SPOKEN: Final = rf"(?<![\w.]){{}}(?:\s*\.\s*(?:{_METHODS})\b|\s*[,)])"
"""Where a session may be used on the database, or given to somebody, by its name."""

_QUERY: Final = r"\b(\w+)[ \t]*=[\s(\\]*{}\s*\.\s*query\b"
"""Where a query gets a name."""

_RUN: Final = r"(?<![\w.]){}\s*[.,)]"
"""Where one may be run, by a method or by what it is given to."""

_GIVING: Final = r"(?:\breturn|=)[ \t]*\("
"""Where a generator expression may be returned, or get a name."""

_INNER: Final = r"\([^()]*\)"
_END: Final = r"[ \t\r]*(?:[#\n;]|\Z)"
_NAME: Final = r"\bas[ \t]+(\w+)"
_BEFORE: Final = r"([ \t]+)(?:async[ \t]+)?"
_DEEPEST: Final = 400
"""How far the head of a block may be indented."""

_LARGEST: Final = 1_000
"""How long a generator expression may be."""

_FAR: Final = 5_000
"""How much is looked at of what follows the head of a block, and of what follows the block."""


def may_outlive(data: bytes) -> bool:
    """Whether a file that speaks of sessions may use one behind its `with`, or return it."""
    if b"with" not in data:
        return False
    try:
        return next(afterwards(decoded(data)), None) is not None
    except UnreadableFile:
        # Reported where it is checked; here it only says nothing.
        return False


def afterwards(text: str) -> Iterator[tuple[int, str]]:
    """Where a `with` of a function stands whose session may be used behind it, and its name.

    Only one whose head is on one line, with no other value for the name behind it.
    """
    for head, indent in _heads(text):
        block, rest = _around(text, head.end(), indent)
        for name in re.findall(_NAME, head[0]):
            if _is_used(block, rest, name):
                yield head.start(), name


def _heads(text: str) -> Iterator[tuple[re.Match[str], int]]:
    """Every `with` on a line of its own that gives a session a name, and how far it is indented."""
    for word in re.finditer(_WITH, text):
        at = word.start()
        line = text[max(at - _DEEPEST, 0) : at].rpartition("\n")[2]
        before = re.fullmatch(_BEFORE, line)
        stop = text.find("\n", at, at + _LONGEST) + 1
        head = re.compile(_HEAD).match(text, at, stop) if before and stop else None
        if before and head:
            yield head, len(before[1])


def _around(text: str, start: int, indent: int) -> tuple[str, str]:
    """A block that begins at `start`, and what follows of its function."""
    dedented, ending = _ends(indent)
    end = dedented.search(text, start, start + _FAR)
    if end is None:
        return text[start : start + _FAR], ""
    stop = end.start() + _FAR
    over = ending.search(text, end.start(), stop)
    return text[start : end.start()], text[end.start() : over.start() if over else stop]


@lru_cache(maxsize=32)
def _ends(indent: int) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """How the first line behind a block of that indentation begins, and behind its function."""
    dedented = re.compile(rf"^[ \t]{{0,{indent}}}[^\s#]", re.MULTILINE)
    function = rf"^[ \t]{{0,{indent - 1}}}(?:(?:async[ \t]+def|def|class)\b|@)"
    return dedented, re.compile(function, re.MULTILINE)


def _is_used(block: str, rest: str, name: str) -> bool:
    """Whether a name is returned, or used behind its block on the database or as an argument.

    So may it be in a generator expression, or by a query, which are run behind the block.
    """
    if f"return {name}" in block and re.search(rf"\breturn {name}{_END}", block):
        return True
    if " for " in block and _is_put_off(block, name):
        return True
    queries = re.findall(_QUERY.format(name), block) if "query" in block else ()
    if any(one in rest and re.search(_RUN.format(one), rest) for one in queries):
        return True
    bound = rf"(?m)^[^#\n]*(?:\bas {name}\b|\b{name}\s*=(?!=))"
    if name not in rest or re.search(bound, rest):
        return False
    uses = rf"\breturn {name}{_END}|{_SPOKEN.format(name)}"
    return re.search(uses, rest) is not None


def _is_put_off(block: str, name: str) -> bool:
    """Whether a name is used in a generator expression that is returned, or gets a name."""
    spoken = re.compile(_SPOKEN.format(name))
    for given in re.finditer(_GIVING, block):
        whole = bracketed(block, given.end() - 1, _LARGEST)
        if spoken.search(whole) and re.search(r"\bfor\b", _without_inner(whole[1:-1])):
            return True
    return False


def _without_inner(text: str) -> str:
    """A text without what stands in brackets."""
    left = text
    while (text := re.sub(_INNER, "", left)) != left:
        left = text
    return left
