"""What a file's names stand for as far as its bytes tell: makers, givers, or other names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from sessionlint.source.bases import derived
from sessionlint.source.gate import CATALOGUE, GIVERS, MAKERS, is_at_source, is_telling
from sessionlint.source.text import line_start

__all__ = ["Products", "named", "own_names", "products", "renamed", "renamings"]

_VALUE: Final = (
    rb"(?:\(\s*)?(?:await\s+)?([A-Za-z_][\w.]*\.)?([A-Za-z_]\w*)[ \t]*(?:\[[^\]\n]*\])?\("
)

# What begins with a literal is searched for several times faster than what begins a line, so the
# beginning of the line is looked at afterwards.
_GIVEN: Final = re.compile(rb"=[ \t]*" + _VALUE)
_TARGETS: Final = re.compile(
    rb"([ \t]*)([A-Za-z_][\w.,\[\]\"' \t]*?)(?::[^=\n()]+(?:\([^)\n]*\))?)?"
)
_NAMED: Final = re.compile(rb"=[ \t]*(?:[\w.]+\.)?(\w+)[ \t]*$", re.MULTILINE)
_TARGET: Final = re.compile(rb"[ \t]*([A-Za-z_][\w.]*)[ \t]*")
_DEFINED: Final = re.compile(rb"def[ \t]+(\w+)")
_BEFORE_DEF: Final = re.compile(rb"([ \t]*)(?:async[ \t]+)?")
_RETURNED: Final = re.compile(
    rb"return\b(?<=\breturn)[ \t]+"
    rb"(?:" + _VALUE + rb"|\(?(\w+(?:[ \t]*,[ \t]*\w+)*)[ \t,)]*(?:#.*)?$)",
    re.MULTILINE,
)
_WORD: Final = re.compile(rb"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class Products:
    """Names that stand for makers, and for givers; the `local` ones only inside a function."""

    makers: set[bytes] = field(default_factory=set[bytes])
    givers: set[bytes] = field(default_factory=set[bytes])
    local: set[bytes] = field(default_factory=set[bytes])


def products(data: bytes, makers: frozenset[bytes], givers: frozenset[bytes]) -> Products:
    """The names that a file gives to makers and givers, or to what calling them gives.

    A variable that holds a maker is a giver; so is a function that returns what a giver gives. A
    variable that holds a session is neither: it is not called.
    """
    found = Products()
    held: set[bytes] = set()
    assigned = list(_assigned(data))
    for targets, value in assigned:
        if value in makers:
            for name, is_local in _targets(targets):
                found.givers.add(name)
                if is_local:
                    found.local.add(name)
    pairs = [*named(data), *derived(data)]
    pairs += [(new, old) for old, new in renamings(data, makers | givers)]
    found.makers.update(new for new, old in pairs if old in makers)
    found.givers.update(new for new, old in pairs if old in givers)
    for targets, value in assigned:
        if value in givers or value in found.givers:
            held.update(name for name, _ in _targets(targets))
    for function, value in _returns(data):
        if value in makers:
            found.makers.add(function)
        if value in found.givers or value in held or value in givers or value in makers:
            found.givers.add(function)
        if value in found.givers:
            found.makers.add(function)
    return found


def named(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Every `new = old` of two names, be they attributes."""
    for match in _NAMED.finditer(data):
        start = match.start()
        target = _TARGET.fullmatch(data, line_start(data, start), start)
        if target is not None:
            yield target[1].rpartition(b".")[2], match[1]


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


def own_names(data: bytes, names: frozenset[bytes]) -> frozenset[bytes]:
    """The names by which a file alone knows something of `names`, or of the catalogue."""
    own = {new for _, new in renamings(data, names | CATALOGUE)}
    if is_at_source(data):
        found = products(data, MAKERS, GIVERS)
        own |= found.makers | found.givers
    return frozenset(own)


def _assigned(data: bytes) -> Iterator[tuple[re.Match[bytes], bytes]]:
    """What stands before `= name(`, if it is targets, with the name of what is called."""
    for match in _GIVEN.finditer(data):
        if is_telling(match[1], match[2]):
            start = match.start()
            targets = _TARGETS.fullmatch(data, line_start(data, start), start)
            if targets is not None:
                yield targets, match[2]


def _targets(match: re.Match[bytes]) -> Iterable[tuple[bytes, bool]]:
    """The names that an assignment binds, each with whether it is seen in its function alone."""
    is_inside: bool | None = None
    for part in match[2].split(b","):
        owner, _, name = part.strip().rpartition(b".")
        if not name or name.endswith((b"]", b'"', b"'")):
            continue
        if is_inside is None and not owner:
            is_inside = _is_in_function(match.string, match.start(), len(match[1]))
        yield name, bool(is_inside and not owner and not _is_global(match.string, name))


def _is_global(data: bytes, name: bytes) -> bool:
    if b"global " not in data:
        return False
    return re.search(rb"\bglobal [^\n]*\b" + re.escape(name) + rb"\b", data) is not None


def _is_in_function(data: bytes, start: int, indent: int) -> bool:
    """Whether the line that begins at `start` stands in a function, by the lines above it."""
    while indent and start > 0:
        end, start = start - 1, line_start(data, start - 1)
        text = data[start:end].lstrip()
        before = end - start - len(text)
        if before >= indent or not text or text.startswith((b"#", b")", b"]", b"}")):
            continue
        if text.startswith((b"def ", b"async def ")):
            return True
        indent = 0 if text.startswith(b"class ") else before
    return False


def _returns(data: bytes) -> Iterable[tuple[bytes, bytes]]:
    """Every function with each name it returns, or returns the result of calling."""
    inside: list[tuple[int, bytes]] = []
    heads = _heads(data)
    begin = 0
    for stop, indent, name in (*heads, (len(data), 0, b"")):
        for owner, value, names in _RETURNED.findall(data, begin, stop) if inside else ():
            for _, function in inside:
                if value and is_telling(owner, value):
                    yield function, value
                yield from ((function, returned) for returned in _WORD.findall(names))
        inside = [one for one in inside if one[0] < indent]
        inside.append((indent, name))
        begin = stop


def _heads(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Where the line of every definition begins, how far it is indented, and its name."""
    for match in _DEFINED.finditer(data):
        start = line_start(data, match.start())
        before = _BEFORE_DEF.fullmatch(data, start, match.start())
        if before is not None:
            yield start, len(before[1]), match[1]
