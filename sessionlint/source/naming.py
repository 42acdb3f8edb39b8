"""The other names that a file gives to things: by assignment, by import, by annotation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from sessionlint.source.gate import CATALOGUE
from sessionlint.source.text import line_start

__all__ = ["Naming", "annotated", "defaults", "is_telling_default", "named", "renamings"]

_FAR: Final = 400
"""How much of a line is looked at."""

# What begins with a literal is searched for several times faster than what begins a line, so the
# beginning of the line is looked at afterwards. Looking ahead for a word and then taking it whole
# gives none of its letters back when something follows it that is not wanted. The rest of
# the line is bounded, as it may be looked at again behind every other `=`.
_NAMED: Final = re.compile(
    rb"=[ \t]*(?:(?=([\w.]+))\1(?:\[[^\[\]\n]{0,80}\])?(?![(\[])"
    rb"([ \t]*,[ \t]*\w[^\n#=;]{0,400}|[ \t]+(?:or|if)\b[^\n#;]{0,400})?"
    rb"|\([ \t]*([\w.]+)[ \t]*((?:or|if)\b[^\n#;]{0,400})?\)"
    rb"|(?:\w+\.)?partial\([ \t]*([\w.]+)[^\n]*)"
    rb"(?=[ \t\r]*(?:[#;\n]|\Z))"
)
_LISTED: Final = re.compile(
    rb"= ?[\[({](?=([^\[\](){}=#]{1,400}))\1[\])}](?=[ \t\r]*(?:[#;\n]|\Z))"
)
_ITEM: Final = re.compile(rb"[A-Za-z_][\w.]*")
_OTHERWISE: Final = re.compile(rb"(?:\bor\b|\belse\b|,)[ \t]*([\w.]+)(?![\w.(\[])")
_TARGETS: Final = re.compile(
    rb"[ \t]*([A-Za-z_][\w.]*(?:[ \t]*[,=][ \t]*[A-Za-z_][\w.]*)*)[ \t]*(?::[^=\n]*)?"
)
_CLAUSE: Final = re.compile(
    rb"[ \t]*(?:if|else|elif|try|with|for|while|except|finally|class)\b.*:[ \t]+"
)
_WORDS: Final = re.compile(rb"[\w.]+")
_MAKER: Final = re.compile(rb"sessionmaker\b(?!\()")
_BEFORE_TYPE: Final = re.compile(rb"\b(\w+)[ \t]*(:)[^:=(),{}]*$")
_PARAMETERS: Final = re.compile(rb"def[ \t]+\w+[ \t]*\(([^()]*(?:\([^()]*\)[^()]*)*)\)")
_TELLING: Final = rb"[\w.]*(?:[sS]ession|[mM]aker|[fF]actory|[eE]ngine|[cC]onn|DB|db)\w*"
_DEFAULT: Final = rb"=\s*(?!(?:None|True|False)\b)([A-Za-z_][\w.]*)\s*(?:,|\Z)"
_PARAMETER: Final = re.compile(rb"[\s*]*(\w+)\s*(?::|\Z)")
_BRACKETED: Final = re.compile(rb"\[[^\[\]]*\]|\([^()]*\)")
_FARTHEST: Final = 2_000
"""How long parameters are that are looked at."""

_ALIAS: Final = re.compile(rb"[ \t]*([A-Za-z_]\w*)")
_IMPORTING: Final = re.compile(rb"[:;][ \t]*(?:from|import)[ \t]")
_ITEMS: Final = re.compile(rb"[ \t]*\(?[\w., \t]*")
_WITH: Final = (b"with ", b"async ", b"except ", b"case ")


class Naming(NamedTuple):
    """One `target = old`, on the line that begins at `start`, or in the `def` that stands there.

    Both may be attributes.
    """

    start: int
    target: bytes
    value: bytes

    @property
    def new(self) -> bytes:
        """The other name."""
        return self.target.rpartition(b".")[2]

    @property
    def old(self) -> bytes:
        """The name it stands for."""
        return self.value.rpartition(b".")[2]

    @property
    def is_attribute(self) -> bool:
        """Whether the other name is that of an attribute."""
        return b"." in self.target

    @property
    def is_of_attribute(self) -> bool:
        """Whether the name it stands for is that of an attribute."""
        return b"." in self.value


def named(data: bytes) -> Iterator[Naming]:
    """Every `new = old` of two names, be they attributes; of `new = one or other` both.

    So of a list, a tuple or a dictionary of names, and of `new = old[0]`, which is one of these.
    """
    for match in _NAMED.finditer(data):
        rest = match[2] or match[4] or b""
        values = [match[1] or match[3] or match[5], *_OTHERWISE.findall(rest)]
        yield from _given(data, match.start(), values)
    for match in _LISTED.finditer(data):
        parts = match[1].strip().removesuffix(b",").split(b",")
        items = [part.rpartition(b":")[2].strip() for part in parts]
        # A dictionary of a library's classes holds options, for the most part.
        if all(map(_ITEM.fullmatch, items)) and CATALOGUE.isdisjoint(items):
            yield from _given(data, match.start(), items)


def _given(data: bytes, equals: int, values: list[bytes]) -> Iterator[Naming]:
    """What gets one of the values by the `=` that stands at a place."""
    line = data.rfind(b"\n", max(equals - _FAR - 1, 0), equals) + 1
    if equals - line > _FAR:
        return
    clause = _CLAUSE.match(data, line, equals)
    start = clause.end() if clause else max(line, data.rfind(b";", line, equals) + 1)
    targets = _TARGETS.fullmatch(data, start, equals)
    for target in _WORDS.findall(targets[1]) if targets is not None else ():
        yield from (Naming(line, target, value) for value in values)


def annotated(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Every name that by its annotation is a sessionmaker, and where the colon behind it stands."""
    for match in _MAKER.finditer(data) if b"sessionmaker" in data else ():
        start = max(line_start(data, match.start()), match.start() - _FAR)
        name = _BEFORE_TYPE.search(data[start : match.start()])
        if name is not None:
            yield name[1], start + name.start(2)


def defaults(data: bytes) -> Iterator[Naming]:
    """Every parameter whose default is a name, if one of them tells: `def f(make=SessionLocal)`."""
    for head in _PARAMETERS.finditer(data):
        given = head[1]
        if b"=" in given and len(given) < _FARTHEST and re.search(_DEFAULT, given):
            given = _without_brackets(given)
            for match in re.finditer(_DEFAULT, given):
                item = given[: match.start()].rpartition(b",")[2]
                parameter = _PARAMETER.match(item)
                if parameter is not None and is_telling_default(match[1], parameter[1]):
                    yield Naming(head.start(), parameter[1], match[1])


def is_telling_default(name: bytes, parameter: bytes) -> bool:
    """Whether the default of a parameter is looked at that is a name."""
    return any(re.fullmatch(_TELLING, one) is not None for one in (name, parameter))


def _without_brackets(text: bytes) -> bytes:
    """What is left when brackets go, in which commas part nothing."""
    left = text
    while (text := _BRACKETED.sub(b"", left)) != left:
        left = text
    return left


def renamings(data: bytes, names: frozenset[bytes] | None = None) -> Iterator[tuple[bytes, bytes]]:
    """Every `old as new` of an import, on its own line or in brackets; `names` bounds the old."""
    at = data.find(b" as ")
    while at >= 0:
        word = data[max(at - 80, 0) : at].rsplit(None, 1)[-1:]
        name = word[0].rpartition(b",")[2].lstrip(b"(") if word else b""
        if name and (names is None or name in names) and _is_import(data, at):
            new = _ALIAS.match(data, at + 4)
            if new is not None:
                yield name, new[1]
        at = data.find(b" as ", at + 4)


def _is_import(data: bytes, at: int) -> bool:
    """Whether what stands before an `as` belongs to an import, as far as its line tells."""
    line = data[max(line_start(data, at), at - _FAR) : at].lstrip()
    if line.startswith((b"from ", b"import ")) or _IMPORTING.search(line):
        return True
    return _ITEMS.fullmatch(line) is not None and not line.startswith(_WITH)
