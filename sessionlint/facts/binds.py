"""What sessions are bound to: an engine they take connections from, or somebody's connection.

Source: SQLAlchemy, "Joining a Session into an External Transaction".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING, Final

import libcst as cst

from sessionlint.facts.aside import is_test
from sessionlint.facts.catalog import Kind
from sessionlint.facts.scopes import Block, BlockKind
from sessionlint.facts.syntax import arguments, dotted, is_name, keyword, last_name
from sessionlint.facts.values import OTHER, Foreign, Thing

if TYPE_CHECKING:
    from sessionlint.facts.evaluate import Evaluator

__all__ = ["as_told", "bind_of", "bound_before", "gives_back", "is_connection", "is_told_to_commit"]

_LENDING: Final = frozenset({"get_bind", "connection", "get_connection"})
"""Functions that, where nothing else tells, give a connection that its owner closes."""

_CONNECTION: Final = re.compile(r"(?:\w*_)?(?:conn|connection)", re.IGNORECASE)
_BIND: Final = re.compile(r"(?:\w*_)?bind", re.IGNORECASE)

_OTHERWISE: Final = r"\([^()]*\bautocommit\s*=\s*False\b(?![^()]*\)\s*(?:->[^:]*)?:)"
"""What stands behind the name of a function where it is called, and not defined, without."""

_CONFIGURED: Final = r"\.configure\((?:[^()]|\([^()]*\))*\bautocommit\s*=\s*True\b"


def bind_of(call: cst.Call) -> cst.BaseExpression | None:
    """What a session, or a factory of sessions, is bound to by the call that makes it."""
    return keyword(call, "bind") or next(arguments(call), None)


def as_told(made: Thing, call: cst.Call) -> Thing:
    """A session whose call may say what its commit does, `expire_on_commit=False`."""
    told = keyword(call, "expire_on_commit")
    return made if told is None else replace(made, is_lasting=not is_name(told, "True"))


def gives_back(call: cst.Call, block: Block) -> bool:
    """Whether a session, or a factory of sessions, is made that keeps no connection.

    With `autocommit` each statement gives its connection back. Source: SQLAlchemy 1.4, Session;
    since 2.0 there is none. A parameter may be for it, with this as its default; a factory may get
    it later, by `configure` in the same module. What is registered with zope.sqlalchemy is closed
    at the end of the transaction. Source: its `SessionDataManager._finish`.
    """
    if keyword(call, "autocommit") is not None:
        return is_told_to_commit(call, block)
    if last_name(call.func) == "create_session":
        return True
    text = block.home.reader.text
    if "zope.sqlalchemy" in text:
        return True
    return "autocommit" in text and re.search(_CONFIGURED, text) is not None


def is_told_to_commit(call: cst.Call, block: Block) -> bool:
    """Whether a call says `autocommit=True`, be it by the default of a parameter."""
    told = keyword(call, "autocommit")
    given = () if told is None else (told, *_defaults(told, block))
    return any(is_name(one, "True") for one in given)


def _defaults(given: cst.BaseExpression, block: Block) -> Iterator[cst.BaseExpression]:
    """What a parameter is where a function's caller does not give it, and nobody otherwise."""
    for parameter in block.parameters:
        name = parameter.name.value
        if parameter.default is None or not is_name(given, name) or len(block.bindings(name)) > 1:
            continue
        if not re.search(rf"\b{block.name}{_OTHERWISE}", block.home.reader.text):
            yield parameter.default


def bound_before(call: cst.Call, block: Block) -> cst.BaseExpression | None:
    """What a function has bound a factory to when it calls that, None where it binds nothing.

    By `maker.configure(bind=connection)` above the call.
    """
    if block.kind is not BlockKind.FUNCTION or ".configure(" not in block.home.reader.text:
        return None
    maker = dotted(call.func)
    for one in takewhile(lambda each: each is not call, block.calls):
        match one.func:
            case cst.Attribute(value=owner, attr=cst.Name(value="configure")):
                if maker is not None and dotted(owner) == maker:
                    return keyword(one, "bind")
    return None


def is_connection(
    evaluator: Evaluator, bind: cst.BaseExpression, block: Block, *, is_for_all: bool = False
) -> bool:
    """Whether a session that gets this takes no connection of its own.

    What is unknown goes by its name. `is_for_all`: it is given to a factory for all its sessions,
    for which a `bind` is an engine as likely as not.
    """
    if _is_of_a_test(evaluator, bind, block):
        return True
    value = evaluator.value(bind, block)
    if isinstance(value, Thing):
        return value.type.kind is not Kind.ENGINE
    if isinstance(value, Foreign) and _is_lent(value.name):
        return True
    if isinstance(bind, cst.Call):
        return last_name(bind.func) in _LENDING
    if _CONNECTION.fullmatch(last_name(bind)) or _is_run_on(bind, block):
        return True
    return not is_for_all and (value == OTHER or _BIND.fullmatch(last_name(bind)) is not None)


def _is_of_a_test(evaluator: Evaluator, bind: cst.BaseExpression, block: Block) -> bool:
    """Whether it is what the session of a test is bound to: `sessionmaker(bind=db_session.bind)`.

    Which is a connection as likely as not, whose transaction the test rolls back.
    """
    is_bind = isinstance(bind, cst.Attribute) and bind.attr.value == "bind"
    return is_bind and is_test(block.home.path, evaluator.tree.files.root)


def _is_lent(name: str) -> bool:
    """Whether a stranger's function gives a connection that is its own to close.

    Alembic's are: `context.get_context().bind`. Source: Alembic, `MigrationContext.bind`.
    """
    return name.rpartition(".")[2] in _LENDING or name.startswith("alembic.")


def _is_run_on(bind: cst.BaseExpression, block: Block) -> bool:
    """Whether it may be what an asynchronous connection runs a function with, by `run_sync`.

    Source: SQLAlchemy, `AsyncConnection.run_sync`: the function gets its `Connection`.
    """
    if not any(is_name(bind, one.name.value) for one in block.parameters):
        return False
    called = "lambda" if block.kind is BlockKind.LAMBDA else block.name
    pattern = rf"\brun_sync\(\s*(?:\w+\.)*{called}\b"
    return re.search(pattern, block.home.reader.text) is not None
