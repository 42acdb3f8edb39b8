"""Objects known by custom alone, where no import, class or assignment tells."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from typing import Final

import libcst as cst

from sessionlint.facts.binds import is_told_to_commit
from sessionlint.facts.catalog import LIBRARIES, TYPES, Gift, How, Type
from sessionlint.facts.module import Module
from sessionlint.facts.scopes import Block
from sessionlint.facts.syntax import is_name, keyword, last_name
from sessionlint.facts.values import Foreign, Thing, Value
from sessionlint.source.custom import is_customary

__all__ = [
    "AWAITED",
    "CONNECTION_CALLS",
    "DATABASE_CALLS",
    "OTHERS_CALLS",
    "PARTIAL",
    "guess",
    "is_of_database",
    "is_of_no",
    "uses_database",
]

DATABASE_CALLS: Final = frozenset(
    "query commit rollback scalars scalar flush refresh merge expunge expire add_all exec".split()
)
"""Methods whose use tells a database session from the other things called session.

Source: measured on labelled code, see the page of SES102."""

CONNECTION_CALLS: Final = DATABASE_CALLS | {"execute", "cursor"}
"""The same where a database library is near, and of what only SQLAlchemy gives."""

OTHERS_CALLS: Final = frozenset(
    "fetch fetchrow fetchval fetch_one fetch_all fetch_val execute_many find_one insert_one "
    "insert_many update_one update_many delete_one delete_many begin_transaction execute_read "
    "execute_write read_transaction write_transaction".split()
)
"""Methods of asyncpg, databases, MongoDB's clients and Neo4j's that nothing of SQLAlchemy has.

Source: `dir` of SQLAlchemy's classes, see tests/test_facts.py.
"""

AWAITED: Final = {"Session": "AsyncSession", "Connection": "AsyncConnection"}
"""The types whose methods nobody awaits, each with the one that such an object has otherwise."""

PARTIAL: Final = frozenset("expire expunge refresh merge add_all".split())
"""Those of them that are about the objects they are given."""

_ENGINE: Final = re.compile(r"(?:\w*_)?engine", re.IGNORECASE)

_CLIENT: Final = r"Client|Socket|Channel|Transport|Listener|Bot(?![a-z])"
_DATABASE: Final = (
    r"(?i:engine|database|sql|postgres|redshift|oracle|mongo|snowflake|warehouse|storage)"
    r"|(?i:db)(?![a-z])"
)
"""What the name of a class holds whose object may be called an engine, be it a client."""

_SESSION: Final = re.compile(r"(?:\w*_)?session")

_ENGINE_CALLS: Final[dict[str, Gift]] = {
    "connect": Gift(How.FRESH, "Connection"),
    "raw_connection": Gift(How.FRESH, "RawConnection"),
}

_LEGACY: Final = ".get_legacy_facade.get_session"
"""What gives sessions that are `autocommit`. Source: oslo.db, `LegacyEngineFacade`."""

_OWN: Final = "raw_connection"
"""What only engines of SQLAlchemy have, wherever they come from."""


@lru_cache(maxsize=64)
def uses_database(home: Module) -> bool:
    """Whether a module imports a library of the catalogue."""
    return any(map(home.imports, LIBRARIES))


def is_of_database(thing: Thing, home: Module) -> bool:
    """Whether a guess can hardly be of anything but a database."""
    return thing.type.name == "RawConnection" or uses_database(home)


def guess(call: cst.Call, block: Block, found: Value) -> Value:
    """What an unresolved call gives by its customary name, else what was found."""
    name = last_name(call.func)
    gift = _ENGINE_CALLS.get(name)
    is_known = name == _OWN or uses_database(block.home)
    if gift is not None and isinstance(call.func, cst.Attribute) and is_known:
        return _guessed(TYPES[gift.type]) if _is_of_engine(call.func) else found
    if is_told_to_commit(call, block) or (isinstance(found, Foreign) and _is_legacy(found, call)):
        return found
    # What `transaction` manages is closed by its commit. Source: zope.sqlalchemy, README.
    is_managed = block.home.imports("transaction")
    if is_customary(name) and not (is_managed or any(_is_session(arg.value) for arg in call.args)):
        return _guessed(TYPES["Session"])
    return found


def is_of_no(owner: Block, method: cst.Attribute, block: Block) -> bool:
    """Whether a method of what is called an engine is none of a class, as the class's name tells.

    `engine.connect` is not that of the only other class that can `connect`, an `HTTPClient`.
    """
    is_known = method.attr.value in _ENGINE_CALLS and uses_database(block.home)
    is_other = re.search(_CLIENT, owner.name) and not re.search(_DATABASE, owner.name)
    return is_known and _is_of_engine(method) and bool(is_other)


def _is_of_engine(method: cst.Attribute) -> bool:
    owner = method.value.func if isinstance(method.value, cst.Call) else method.value
    return _ENGINE.fullmatch(last_name(owner)) is not None


def _is_legacy(found: Foreign, call: cst.Call) -> bool:
    """Whether a session of oslo.db's legacy facade is given, and not told otherwise."""
    told = keyword(call, "autocommit")
    return found.name.endswith(_LEGACY) and (told is None or not is_name(told, "False"))


def _is_session(given: cst.BaseExpression) -> bool:
    """Whether an argument is named like a session: who is given one gives that back, or its own."""
    return _SESSION.fullmatch(last_name(given)) is not None


def _guessed(kind: Type) -> Thing:
    return replace(Thing(kind), is_fresh=True, is_guess=True)
