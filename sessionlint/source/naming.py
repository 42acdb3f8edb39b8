"""The other names that a file gives to things: by assignment, by import, by annotation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

from sessionlint.source.around import is_in_function
from sessionlint.source.text import line_start

__all__ = ["Naming", "annotated", "is_global", "named", "renamed", "renamings"]

# What begins with a literal is searched for several times faster than what begins a line, so the
# beginning of the line is looked at afterwards.
_NAMED: Final = re.compile(
    rb"=[ \t]*([\w.]+)(?:[ \t]*$|[ \t]+((?:or|if)\b[^\n#(]*)?(?:#[^\n]*)?$)", re.MULTILINE
)
_OTHERWISE: Final = re.compile(rb"\b(?:or|else)[ \t]+([\w.]+)")
_TARGET: Final = re.compile(rb"[ \t]*([A-Za-z_][\w.]*)[ \t]*(?::[^=\n]*)?")
_MAKER: Final = re.compile(rb"sessionmaker\b(?!\()")
_BEFORE_TYPE: Final = re.compile(rb"(\w+)[ \t]*:[^:=(),{}]*$")
_WORD: Final = re.compile(rb"[A-Za-z_]\w*")


class Naming(NamedTuple):
    """One `new = old`; `is_local` is known when it is asked for."""

    data: bytes
    start: int
    target: bytes
    old: bytes

    @property
    def new(self) -> bytes:
        """The other name, be it that of an attribute."""
        return self.target.rpartition(b".")[2]

    @property
    def is_local(self) -> bool:
        """Whether it is a variable of a function."""
        if b"." in self.target or not is_in_function(self.data, self.start):
            return False
        return not is_global(self.data, self.target)


def named(data: bytes) -> Iterator[Naming]:
    """Every `new = old` of two names, be they attributes; of `new = one or other` both."""
    for match in _NAMED.finditer(data):
        start = line_start(data, match.start())
        target = _TARGET.fullmatch(data, start, match.start())
        if target is not None:
            for word in (match[1], *_OTHERWISE.findall(match[2] or b"")):
                yield Naming(data, start, target[1], word.rpartition(b".")[2])


def annotated(data: bytes) -> Iterator[tuple[bytes, bool]]:
    """Every name that by its annotation is a sessionmaker, and whether it is known in one place."""
    for match in _MAKER.finditer(data) if b"sessionmaker" in data else ():
        start = line_start(data, match.start())
        name = _BEFORE_TYPE.search(data[start : match.start()])
        if name is not None:
            yield name[1], is_in_function(data, start)


def renamings(data: bytes, names: frozenset[bytes] | None = None) -> Iterator[tuple[bytes, bytes]]:
    """Every `old as new` of an import, on its own line or in brackets; `names` bounds the old."""
    if b" as " not in data:
        return
    for before, after in pairwise(data.split(b" as ")):
        old = before[-80:].rsplit(None, 1)[-1:]
        name = old[0].rpartition(b",")[2].lstrip(b"(") if old else b""
        if not name or (names is not None and name not in names):
            continue
        line = before[before.rfind(b"\n") + 1 :].lstrip()
        new = _WORD.match(after)
        if new and (line == old[0] or line.startswith((b"import ", b"from "))):
            yield name, new[0]


def renamed(data: bytes) -> frozenset[bytes]:
    """Every name that an import gives to something called otherwise."""
    return frozenset(new for _, new in renamings(data))


def is_global(data: bytes, name: bytes) -> bool:
    """Whether a function of the file declares the name to be that of the module."""
    if not _declares_globals(data):
        return False
    return re.search(rb"\bglobal [^\n]*\b" + re.escape(name) + rb"\b", data) is not None


@lru_cache(maxsize=4)
def _declares_globals(data: bytes) -> bool:
    return b"global " in data
