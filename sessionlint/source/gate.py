"""Which files are worth a parse, decided on their bytes.

Parsing is nearly all of the cost of a run, and most files of most projects neither acquire
anything nor hand anything out. The gate errs on the side of parsing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from sessionlint.source.bases import derived
from sessionlint.source.threads import PASSING

__all__ = [
    "BUILDING",
    "CATALOGUE",
    "GIVERS",
    "HALF_MANAGED",
    "MAKERS",
    "OF_POOLS",
    "SPEAKS",
    "called",
    "called_name",
    "catalogued",
    "engine_calls",
    "is_at_source",
    "is_calling_session",
    "is_telling",
    "may_speak",
    "passed",
    "session_names",
    "word_of",
]

_SQLALCHEMY: Final = (b"sqlalchemy", b"sqlmodel", b"SQLAlchemy")
_PSYCOPG: Final = (b"psycopg",)
_POOLED: Final = (b"asyncpg", b"aiomysql")
_DRIVERS: Final = (*_PSYCOPG, *_POOLED, b"aiosqlite")
_LIBRARIES: Final = (*_SQLALCHEMY, *_DRIVERS)
_PARTS: Final = (b"lchemy", b"sql", b"psycopg", b"asyncpg")

_MAKERS: Final[dict[tuple[bytes, ...], bytes]] = {
    _SQLALCHEMY: (
        b"sessionmaker async_sessionmaker scoped_session async_scoped_session create_engine "
        b"create_async_engine engine_from_config async_engine_from_config"
    ),
    _POOLED: b"create_pool",
    _PSYCOPG: b"SimpleConnectionPool ThreadedConnectionPool ConnectionPool AsyncConnectionPool",
}
_GIVERS: Final[dict[tuple[bytes, ...], bytes]] = {
    _SQLALCHEMY: b"Session AsyncSession create_session",
    _LIBRARIES: b"connect raw_connection",
    _POOLED: b"acquire",
}

BUILDING: Final = frozenset(name for names in _MAKERS.values() for name in names.split())
"""The catalogue's calls that give something to acquire from."""

HALF_MANAGED: Final = "psycopg2"
"""A library whose connections stay open behind their `with`, which ends a transaction alone.

Source: https://www.psycopg.org/docs/usage.html#with-statement
"""

OF_POOLS: Final = b"getconn"
"""What gives a connection in a file that need not say of which library."""

_ACQUIRING: Final = frozenset(
    name for names in (*_GIVERS.values(), OF_POOLS) for name in names.split()
)

CATALOGUE: Final = BUILDING | _ACQUIRING
"""The catalogue's calls: they acquire, or give something to acquire from."""

MAKERS: Final = frozenset(name for name in BUILDING if b"session" in name)
"""Those that give something which is called to acquire."""

GIVERS: Final = CATALOGUE - MAKERS
"""Those that give something whose methods are called."""

SPEAKS: Final = (b"ession", b"onnect", b"ngine", b"acquire", b"pool", b"Pool")
"""A file that has none of these says nothing about databases."""

# Those not compiled here are compiled by `re` when first asked for: for one file, most never are.
_LAST: Final = re.compile(rb"(\.?)([A-Za-z_]\w*)(?:\[[^\]]*\])?$")
_TELLING: Final = re.compile(rb"(?i)session|engine|conn|maker|factory|pool|acquire|^db$|_db$|^db_")
_PASSING: Final = frozenset(name.encode() for name in PASSING)
_PASSED: Final = rb"(?:" + b"|".join(sorted(_PASSING)) + rb")\(\s*([\w.]+)"
_SESSION: Final = rb"ession\w*"
_OF_NAMES: Final = bytes(
    code if bytes((code,)).isalnum() or code == ord("_") else ord(" ") for code in range(256)
)
"""Spaces for all that no name has in it."""

_LONGEST: Final = 80
"""How much is looked at of what stands before a bracket, or in a word."""

_SESSION_CALL: Final = re.compile(rb"ession(?i:_?(?:local|maker|factory))?\(")
# Bounded, for as long a call may begin in the brackets of every other.
_ENGINE_CALL: Final = rb"ngine(?:\([^)]{0,1000}\))?\.(connect|raw_connection)\b"


def may_speak(data: bytes) -> bool:
    """Whether a file can say anything about sessions, connections or engines of its own."""
    return any(word in data for word in SPEAKS)


def is_at_source(data: bytes) -> bool:
    """Whether a file may call the libraries themselves, or an engine made from them."""
    if b"ngine" in data:
        return True
    # All of the names hold one of these, so that most files are searched for fewer words.
    return any(part in data for part in _PARTS) and _is_about(data, _LIBRARIES)


def _is_about(data: bytes, libraries: tuple[bytes, ...]) -> bool:
    return any(word in data for word in libraries)


# Several questions about one file follow each other: four answers of ten were worked out before.
@lru_cache(maxsize=16)
def called(data: bytes) -> frozenset[bytes]:
    """Every name worth following that a file calls, derives from, or has called in a thread."""
    # Splitting at brackets and looking at what stands before is a tenth of the cost of a regex.
    pieces = data.split(b"(")[:-1]
    before = {one.rsplit(None, 1)[-1] for one in pieces if one and not one.isspace()}
    calls = frozenset(filter(None, (called_name(token[-_LONGEST:]) for token in before)))
    if b"class" in data:
        calls = calls.union(base for _, base in derived(data))
    return calls if _PASSING.isdisjoint(calls) else calls | passed(data)


@lru_cache(maxsize=2**12)
def called_name(token: bytes) -> bytes | None:
    """The name worth following that ends what stands before a bracket."""
    _, owner, name = token.rpartition(b".")
    if not name.replace(b"_", b"a").isalnum() or name[:1].isdigit():
        match = _LAST.search(token)
        if match is None:
            return None
        owner, name = match[1], match[2]
    return name if name in _PASSING or is_telling(owner, name) else None


def passed(data: bytes) -> frozenset[bytes]:
    """The names that a file hands to something that calls them."""
    return frozenset(name.rpartition(b".")[2] for name in re.findall(_PASSED, data))


def is_telling(owner: bytes, name: bytes) -> bool:
    """Whether a call is worth following: any plain name, but a method only by a telling name.

    Half of all methods are called `get`, `run` or `client`, and one of them that gives a session
    would make every file a candidate.
    """
    return not owner or _TELLING.search(name) is not None


def catalogued(data: bytes, calls: frozenset[bytes]) -> Iterator[bytes]:
    """Those of a file's calls that are the catalogue's, when the file speaks of their library."""
    if CATALOGUE.isdisjoint(calls):
        return
    if OF_POOLS in calls:
        yield OF_POOLS
    for libraries, names in (*_MAKERS.items(), *_GIVERS.items()):
        found = calls.intersection(names.split())
        if found and _is_about(data, libraries):
            yield from found


def engine_calls(data: bytes) -> frozenset[bytes]:
    """The methods by which a file takes a connection from what it calls an engine."""
    return frozenset(re.findall(_ENGINE_CALL, data)) if b"ngine" in data else frozenset()


def is_calling_session(data: bytes) -> bool:
    """Whether a file calls anything that has the name of a session, or of what makes one."""
    return b"ession" in data and _SESSION_CALL.search(data) is not None


def session_names(data: bytes) -> frozenset[bytes]:
    """Every word of a file that speaks of a session; of a very long one, the part around that."""
    found: set[bytes] = set()
    for match in re.finditer(_SESSION, data):
        at = match.start()
        before = data[max(at - _LONGEST, 0) : at].translate(_OF_NAMES).rpartition(b" ")[2]
        found.add(before + match[0])
    return frozenset(found)


def word_of(name: bytes) -> bytes:
    """A pattern for where a text may call something of that name, or give it another one."""
    word = re.escape(name)
    # What is annotated as an `async_sessionmaker` is one as well.
    before = b"" if name == b"sessionmaker" else rb"(?<!\w" + word + rb")"
    return word + before + rb"(?!\w)"
