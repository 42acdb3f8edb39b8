"""Objects known by custom alone, where no import, class or assignment tells."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from typing import Final

import libcst as cst

from sessionlint.facts.binds import is_told_to_commit
from sessionlint.facts.catalog import LIBRARIES, TYPES, Gift, How, Type
from sessionlint.facts.scopes import Block, Module
from sessionlint.facts.syntax import is_name, keyword, last_name
from sessionlint.facts.values import Foreign, Thing, Value
from sessionlint.source.custom import is_customary

__all__ = ["AWAITED", "DATABASE_CALLS", "PARTIAL", "guess", "uses_database"]

DATABASE_CALLS: Final = frozenset(
    "query commit rollback scalars scalar flush refresh merge expunge expire add_all exec".split()
)
"""Methods whose use tells a database session from the other things called session.

Source: measured on labelled code, see the page of SES102."""

AWAITED: Final = {"Session": "AsyncSession", "Connection": "AsyncConnection"}
"""The types whose methods nobody awaits, each with the one that such an object has otherwise."""

PARTIAL: Final = frozenset("expire expunge refresh merge add_all".split())
"""Those of them that are about the objects they are given."""

_ENGINE: Final = re.compile(r"(?:\w*_)?engine", re.IGNORECASE)

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


def guess(call: cst.Call, block: Block, found: Value) -> Value:
    """What an unresolved call gives by its customary name, else what was found."""
    name = last_name(call.func)
    owner = call.func.value if isinstance(call.func, cst.Attribute) else None
    gift = _ENGINE_CALLS.get(name)
    is_known = name == _OWN or uses_database(block.home)
    if gift is not None and owner is not None and is_known:
        is_engine = _ENGINE.fullmatch(last_name(_callee(owner))) is not None
        return _guessed(TYPES[gift.type]) if is_engine else found
    if is_told_to_commit(call, block) or (isinstance(found, Foreign) and _is_legacy(found, call)):
        return found
    if is_customary(name) and not any(_is_session(arg.value) for arg in call.args):
        return _guessed(TYPES["Session"])
    return found


def _is_legacy(found: Foreign, call: cst.Call) -> bool:
    """Whether a session of oslo.db's legacy facade is given, and not told otherwise."""
    told = keyword(call, "autocommit")
    return found.name.endswith(_LEGACY) and (told is None or not is_name(told, "False"))


def _is_session(given: cst.BaseExpression) -> bool:
    """Whether an argument is named like a session: who is given one gives that back, or its own."""
    return _SESSION.fullmatch(last_name(given)) is not None


def _guessed(kind: Type) -> Thing:
    return replace(Thing(kind), is_fresh=True, is_guess=True)


def _callee(owner: cst.BaseExpression) -> cst.BaseExpression:
    return owner.func if isinstance(owner, cst.Call) else owner
