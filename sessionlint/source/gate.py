"""Which files are worth a parse, decided on their bytes.

Parsing is nearly all of the cost of a run, and most files of most projects neither acquire
anything nor hand anything out. The gate errs on the side of parsing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

__all__ = [
    "CATALOGUE",
    "GIVERS",
    "MAKERS",
    "Products",
    "called",
    "is_at_source",
    "is_candidate",
    "may_pass_on",
    "may_speak",
    "own_names",
    "products",
    "renamed",
]

MAKERS: Final = frozenset(
    b"sessionmaker async_sessionmaker scoped_session async_scoped_session create_engine "
    b"create_async_engine engine_from_config async_engine_from_config create_pool "
    b"SimpleConnectionPool ThreadedConnectionPool ConnectionPool AsyncConnectionPool".split()
)
"""The catalogue's calls that give something to acquire from."""

GIVERS: Final = frozenset(
    b"Session AsyncSession create_session connect raw_connection acquire getconn".split()
)
"""The catalogue's calls that acquire."""

CATALOGUE: Final = MAKERS | GIVERS
"""The catalogue's calls."""

_LIBRARY: Final = re.compile(rb"sqlalchemy|sqlmodel|SQLAlchemy|asyncpg|psycopg|aiomysql|aiosqlite")
_SPEAKS: Final = (b"ession", b"onnect", b"ngine", b"acquire", b"pool", b"Pool")
_LAST: Final = re.compile(rb"(\.?)([A-Za-z_]\w*)(?:\[[^\]]*\])?$")
_TELLING: Final = re.compile(rb"(?i)session|engine|conn|maker|factory|pool|acquire|^db$|_db$|^db_")
_PASSED: Final = re.compile(rb"(?:run_in_threadpool|to_thread|run_sync|partial)\(\s*([\w.]+)")
_CUSTOM_SESSION: Final = re.compile(rb"ession(?i:_?(?:local|maker|factory))?[ \t]*\(")
_CUSTOM_ENGINE: Final = re.compile(rb"ngine(?:\([^)]*\))?\.(?:raw_)?connect")
_USED: Final = re.compile(
    rb"\.(?:query|commit|rollback|scalars?|flush|refresh|merge|expunge|expire|add_all|exec(?:ute)?)\("
)
_VALUE: Final = (
    rb"(?:\(\s*)?(?:await\s+)?([A-Za-z_][\w.]*\.)?([A-Za-z_]\w*)[ \t]*(?:\[[^\]\n]*\])?\("
)
_ASSIGNED: Final = re.compile(
    rb"^[ \t]*([A-Za-z_][\w.,\[\]\"' \t]*?)(?::[^=\n()]+(?:\([^)\n]*\))?)?=[ \t]*" + _VALUE,
    re.MULTILINE,
)
_ALIASED: Final = re.compile(
    rb"^[ \t]*([A-Za-z_][\w.]*)[ \t]*=[ \t]*(?:[\w.]+\.)?(\w+)[ \t]*$", re.MULTILINE
)
_DEFINED: Final = re.compile(rb"^([ \t]*)(?:async[ \t]+)?def[ \t]+(\w+)", re.MULTILINE)
_RETURNED: Final = re.compile(
    rb"\breturn[ \t]+(?:" + _VALUE + rb"|(\w+)[ \t,]*(?:#.*)?$)", re.MULTILINE
)
_CLASS: Final = re.compile(rb"^[ \t]*class[ \t]+(\w+)\(([^)]*)\)", re.MULTILINE)
_WORD: Final = re.compile(rb"[A-Za-z_]\w*")


def may_speak(data: bytes) -> bool:
    """Whether a file can say anything about sessions, connections or engines of its own."""
    return any(word in data for word in _SPEAKS)


def called(data: bytes) -> frozenset[bytes]:
    """Every name worth following that a file calls, or passes on to be called in a thread."""
    passed = (name.rpartition(b".")[2] for name in _PASSED.findall(data))
    # Splitting at brackets and looking at what stands before is a tenth of the cost of a regex.
    before = {piece.rsplit(None, 1)[-1] for piece in data.split(b"(") if piece[-1:].strip()}
    matches = (_LAST.search(token) for token in before)
    calls = (one[2] for one in matches if one and _is_telling(one[1], one[2]))
    return frozenset(calls).union(passed)


def _is_telling(owner: bytes, name: bytes) -> bool:
    """Whether a call is worth following: any plain name, but a method only by a telling name.

    Half of all methods are called `get`, `run` or `client`, and one of them that gives a session
    would make every file a candidate.
    """
    return not owner or _TELLING.search(name) is not None


def _renamed(data: bytes) -> Iterable[tuple[bytes, bytes]]:
    """Every `old as new` of an import, on its own line or in brackets."""
    if b" as " not in data:
        return
    for before, after in pairwise(data.split(b" as ")):
        line = before[before.rfind(b"\n") + 1 :].lstrip()
        old, new = line[-80:].rsplit(None, 1)[-1:], _WORD.match(after)
        if old and new and (line == old[0] or line.startswith((b"import ", b"from "))):
            yield old[0].rpartition(b",")[2].lstrip(b"("), new[0]


def is_candidate(data: bytes, names: frozenset[bytes]) -> bool:
    """Whether a file may acquire something, when `names` are what the project acquires through."""
    if b"ession" in data and _CUSTOM_SESSION.search(data) and _USED.search(data):
        return True
    if b"ngine" in data and _CUSTOM_ENGINE.search(data):
        return True
    calls = called(data)
    if not names.isdisjoint(calls):
        return True
    return not CATALOGUE.isdisjoint(calls) and _LIBRARY.search(data) is not None


def may_pass_on(data: bytes, calls: frozenset[bytes], names: frozenset[bytes]) -> bool:
    """Whether a file calls one of `names`, or gives one of them another name."""
    return not calls.isdisjoint(names) or any(old in names for old, _ in _renamed(data))


def is_at_source(data: bytes) -> bool:
    """Whether a file may call the libraries themselves, or an engine made from them."""
    return _LIBRARY.search(data) is not None or b"ngine" in data


def products(data: bytes, makers: frozenset[bytes], givers: frozenset[bytes]) -> Products:
    """The names that a file gives to makers and givers, or to what calling them gives.

    A variable that holds a maker is a giver; so is a function that returns what a giver gives. A
    variable that holds a session is neither: it is not called.
    """
    found = Products(set(), set())
    held: set[bytes] = set()
    for targets, owner, value in _ASSIGNED.findall(data):
        if not _is_telling(owner, value):
            continue
        if value in makers:
            found.givers.update(_targets(targets))
        elif value in givers:
            held.update(_targets(targets))
    pairs = [(new.rpartition(b".")[2], old) for new, old in _ALIASED.findall(data)]
    pairs += [(new, old) for old, new in _renamed(data)]
    pairs += [(new, old) for new, bases in _CLASS.findall(data) for old in _WORD.findall(bases)]
    found.makers.update(new for new, old in pairs if old in makers)
    found.givers.update(new for new, old in pairs if old in givers)
    for function, value in _returns(data):
        if value in makers:
            found.makers.add(function)
        if value in found.givers or value in held or value in givers or value in makers:
            found.givers.add(function)
        if value in found.givers:
            found.makers.add(function)
    return found


def renamed(data: bytes) -> frozenset[bytes]:
    """Every name that an import gives to something called otherwise."""
    return frozenset(new for _, new in _renamed(data))


def own_names(data: bytes, names: frozenset[bytes]) -> frozenset[bytes]:
    """The names by which a file alone knows something of `names`, or of the catalogue."""
    own = {new for old, new in _renamed(data) if old in names or old in CATALOGUE}
    if is_at_source(data):
        found = products(data, MAKERS, GIVERS)
        own |= found.makers | found.givers
    return frozenset(own)


@dataclass(frozen=True, slots=True)
class Products:
    """Names that stand for makers, and for givers."""

    makers: set[bytes]
    givers: set[bytes]


def _targets(text: bytes) -> Iterable[bytes]:
    for part in text.split(b","):
        name = part.strip().rpartition(b".")[2]
        if name and not name.endswith((b"]", b'"', b"'")):
            yield name


def _returns(data: bytes) -> Iterable[tuple[bytes, bytes]]:
    """Every function with each name it returns, or returns the result of calling."""
    heads = list(_DEFINED.finditer(data))
    for index, head in enumerate(heads):
        later = (one for one in heads[index + 1 :] if len(one[1]) <= len(head[1]))
        end = next(later, None)
        stop = end.start() if end else len(data)
        for owner, value, name in _RETURNED.findall(data, head.end(), stop):
            if name or _is_telling(owner, value):
                yield head[2], value or name
