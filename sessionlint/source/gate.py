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
from sessionlint.source.logical import Logical, logical
from sessionlint.source.migrations import is_on_lent_connection
from sessionlint.source.passing import gives_on
from sessionlint.source.sites import goes_on, sites
from sessionlint.source.text import line_start
from sessionlint.source.threads import THREADED

__all__ = [
    "CATALOGUE",
    "GIVERS",
    "MAKERS",
    "called",
    "catalogued",
    "engine_calls",
    "is_at_source",
    "is_by_hand",
    "is_calling_session",
    "is_telling",
    "is_used",
    "may_speak",
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
    _PSYCOPG: b"getconn",
}

_BUILDING: Final = frozenset(name for names in _MAKERS.values() for name in names.split())
_ACQUIRING: Final = frozenset(name for names in _GIVERS.values() for name in names.split())

CATALOGUE: Final = _BUILDING | _ACQUIRING
"""The catalogue's calls: they acquire, or give something to acquire from."""

MAKERS: Final = frozenset(name for name in _BUILDING if b"session" in name)
"""Those that give something which is called to acquire."""

GIVERS: Final = CATALOGUE - MAKERS
"""Those that give something whose methods are called."""

_SPEAKS: Final = (b"ession", b"onnect", b"ngine", b"acquire", b"pool", b"Pool")
# Those not compiled here are compiled by `re` when first asked for: for one file, most never are.
_LAST: Final = re.compile(rb"(\.?)([A-Za-z_]\w*)(?:\[[^\]]*\])?$")
_TELLING: Final = re.compile(rb"(?i)session|engine|conn|maker|factory|pool|acquire|^db$|_db$|^db_")
_PASSING: Final = frozenset((b"partial", *(name.encode() for name in THREADED)))
_PASSED: Final = rb"(?:" + b"|".join(sorted(_PASSING)) + rb")\(\s*([\w.]+)"
_SESSION_CALL: Final = re.compile(rb"ession(?i:_?(?:local|maker|factory))?\(")
_ENGINE_CALL: Final = rb"ngine(?:\([^)]*\))?\.(connect|raw_connection)\b"
_METHODS: Final = (
    rb"\.(?:query|commit|rollback|scalars?|flush|refresh|merge|expunge|expire|add(?:_all)?|delete|"
    rb"get(?:_one)?|begin(?:_nested)?|connection|stream|run_sync|exec(?:ute)?|cursor)\b"
)
_BEFORE: Final = (
    rb"(?P<with>^[ \t]*(?:async[ \t]+)?with[ \t]+(?:(?:contextlib\.)?a?closing\()?)?"
    rb"(?:await[ \t]+)?(?P<owner>(?:[A-Za-z_]\w*(?:\([^()\n]*\))?\.)*)$"
)
_ASSIGNED: Final = rb"^[ \t]*([A-Za-z_][\w., \t\[\]:|\"']*?)=(?!=)|([A-Za-z_]\w*)[ \t]*:="
# In brackets over several lines.
_CARRIED: Final = rb"^\s*$|\b(?:else|or|and|if|not)\s*$"
_FAR: Final = 200
"""How much is looked at of each end of a very long statement."""
_CACHING: Final = rb"@[\w.]*cache|cache\w* as "
_WORD: Final = rb"[A-Za-z_]\w*"


def may_speak(data: bytes) -> bool:
    """Whether a file can say anything about sessions, connections or engines of its own."""
    return any(word in data for word in _SPEAKS)


def is_at_source(data: bytes) -> bool:
    """Whether a file may call the libraries themselves, or an engine made from them."""
    if b"ngine" in data:
        return True
    # All of the names hold one of these, so that most files are searched for fewer words.
    return any(part in data for part in _PARTS) and _is_about(data, _LIBRARIES)


def _is_about(data: bytes, libraries: tuple[bytes, ...]) -> bool:
    return any(word in data for word in libraries)


def called(data: bytes) -> frozenset[bytes]:
    """Every name worth following that a file calls, derives from, or has called in a thread."""
    # Splitting at brackets and looking at what stands before is a tenth of the cost of a regex.
    pieces = data.split(b"(")[:-1]
    before = {one.rsplit(None, 1)[-1] for one in pieces if one and not one.isspace()}
    calls = frozenset(filter(None, (_called_name(token[-80:]) for token in before)))
    if b"class" in data:
        calls = calls.union(base for _, base in derived(data))
    return calls if _PASSING.isdisjoint(calls) else calls | _passed(data)


@lru_cache(maxsize=2**15)
def _called_name(token: bytes) -> bytes | None:
    """The name worth following that ends what stands before a bracket."""
    _, owner, name = token.rpartition(b".")
    if not name.replace(b"_", b"a").isalnum() or name[:1].isdigit():
        match = _LAST.search(token)
        if match is None:
            return None
        owner, name = match[1], match[2]
    return name if name in _PASSING or is_telling(owner, name) else None


def _passed(data: bytes) -> frozenset[bytes]:
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


def is_by_hand(data: bytes, name: bytes) -> bool:
    """Whether a file calls something of that name so that something may be left to close.

    In `with name(…) as x:` the `with` releases it, and an argument belongs to whoever is called;
    but a cache around a generator with such a block shares what it lends.
    """
    if name in _passed(data):
        return True
    is_shared = b"yield" in data and _is_caching(data)
    text = logical(data)
    return any(
        _is_left(text, name, at, is_shared=is_shared)
        for at in sites(text.data, name)
        if not is_on_lent_connection(text, name, at + len(name))
    )


def _is_left(text: Logical, name: bytes, at: int, *, is_shared: bool) -> bool:
    """Whether nobody has to close what a call gives but the one who calls."""
    if goes_on(text.data, at + len(name)):
        return True
    if not is_shared and _is_managed(text, at):
        return False
    return name in _BUILDING or not _is_argument(text, at)


def _is_managed(text: Logical, at: int) -> bool:
    """Whether a call stands directly behind `with`, or in `closing` behind it."""
    before = re.search(_BEFORE, _seen_before(text, at))
    return before is not None and before["with"] is not None


def _seen_before(text: Logical, at: int) -> bytes:
    """What stands in its statement before a call; of a very long one, both ends of that."""
    start = text.statement(line_start(text.data, at), at)
    if at - start <= 2 * _FAR:
        return text.data[start:at]
    return text.data[start : start + _FAR] + text.data[at - _FAR : at]


def _is_argument(text: Logical, at: int) -> bool:
    """Whether a call is an argument of another one that gives something of its own.

    A `return` may give on what an argument makes.
    """
    bracket = next(text.opened(at), None)
    if bracket is None or text.data.find(b"return", line_start(text.data, at), at) >= 0:
        return False
    return text.data[bracket : bracket + 1] == b"(" and not gives_on(text.data, bracket)


def is_used(data: bytes, name: bytes) -> bool:
    """Whether what a call of that name gives may get a name that is used as a session is."""
    return _is_used(logical(data), name, frozenset({name}))


def _is_used(text: Logical, name: bytes, asked: frozenset[bytes]) -> bool:
    data = text.data
    for at in sites(data, name):
        before = re.sub(_BEFORE, b"", _seen_before(text, at))
        if goes_on(data, at + len(name)):
            return True
        if b"return" in before:
            giver = _function_around(data, at)
            is_new = giver not in asked and _is_used(text, giver, asked | {giver})
            if is_new or _is_caching(data):
                return True
            continue
        assigned = re.search(_ASSIGNED, before)
        if assigned is None and re.search(_CARRIED, before):
            return True
        targets = re.findall(_WORD, assigned[1] or assigned[2]) if assigned else ()
        if any(re.search(rb"\b" + target + _METHODS, data) for target in targets):
            return True
    return False


def _is_caching(data: bytes) -> bool:
    """Whether a file decorates anything with a cache."""
    return b"cache" in data and re.search(_CACHING, data) is not None


def _function_around(data: bytes, at: int) -> bytes:
    start = data.rfind(b"def ", 0, at)
    word = re.match(_WORD, data[start + 4 : start + 84].lstrip()) if start >= 0 else None
    return word[0] if word else b""
