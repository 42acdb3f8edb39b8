"""Which `with`, or `finally`, ends a resource exactly as its own close does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Final, NamedTuple

import libcst as cst

from sessionlint.facts.catalog import CALLS
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.scopes import Block
from sessionlint.facts.syntax import bare, last_name
from sessionlint.facts.values import UNKNOWN, FunctionValue, Method, Symbol, Thing
from sessionlint.model import AddImport, Edit, Fix
from sessionlint.rewrite.lists import indent_of, tried
from sessionlint.rewrite.replaced import stand_in
from sessionlint.source.mentions import has_comment

__all__ = ["Opening", "guarding", "opening"]


class _Manner(Enum):
    PLAIN = "`with call() as name`"
    UNAWAITED = "`async with call() as name`, the call itself and not what awaiting it gives"
    CLOSING = "`with closing(call()) as name`"


_MANNERS: Final = {
    "Session": _Manner.PLAIN,
    "AsyncSession": _Manner.PLAIN,
    "Connection": _Manner.PLAIN,
    "AsyncConnection": _Manner.UNAWAITED,
    "asyncpg.PoolConnection": _Manner.UNAWAITED,
    "aiosqlite.Connection": _Manner.UNAWAITED,
    "RawConnection": _Manner.CLOSING,
    "psycopg2.connection": _Manner.CLOSING,
    "psycopg.Connection": _Manner.CLOSING,
}
"""By type of the catalogue; the others have no `with` that does what their close does.

Source: a psycopg connection commits at the end of `with`, which `close` does not; psycopg2's
stays open. An AsyncConnection that was awaited refuses to be entered:
https://docs.sqlalchemy.org/en/20/orm/extensions/asyncio.html#sqlalchemy.ext.asyncio.AsyncConnection.start
"""


class Opening(NamedTuple):
    """What a `with` statement enters; `wrapper` is what of contextlib it is wrapped in, if any.

    `doubt` is why that may go wrong, in words, or empty. What is not `is_manager` no `with` can
    enter: it is closed in a `finally`.
    """

    expression: cst.BaseExpression
    is_async: bool
    wrapper: str = ""
    doubt: str = ""
    is_manager: bool = True

    @property
    def title(self) -> str:
        """What a fix does that uses it."""
        if not self.is_manager:
            return "close in a `finally`"
        if self.wrapper.endswith("contextmanager"):
            return f"enter it by `{self.wrapper}`"
        return "wrap in `async with`" if self.is_async else "wrap in `with`"

    def fix(self, edit: Edit, reasons: Iterable[str] = (), unused: Iterable[Edit] = ()) -> Fix:
        """The fix that makes an edit and what the file needs besides, safe without any reason.

        `unused` lets imports go that only the annotation of a variable needed, if it goes.
        """
        imported = (AddImport("contextlib", self.wrapper),) if self.wrapper else ()
        reason = "; ".join((*reasons, *filter(None, [self.doubt])))
        others = (*imported, *(unused if self.is_manager else ()))
        return Fix.weighed(self.title, (edit, *others), reason)

    def after(
        self,
        name: str,
        statements: Sequence[cst.BaseStatement],
        line: cst.SimpleStatementLine,
        block: cst.IndentedBlock | cst.Module,
    ) -> list[cst.BaseStatement]:
        """The line that opens it, and a `try` around the statements that closes what has a name."""
        close = cst.Call(cst.Attribute(cst.Name(name), cst.Name("close")))
        end = cst.SimpleStatementLine([cst.Expr(cst.Await(close) if self.is_async else close)])
        return [line, tried(statements, [end], block)]

    def around(
        self,
        name: str | None,
        statements: Sequence[cst.BaseStatement],
        line: cst.SimpleStatementLine,
        block: cst.IndentedBlock | cst.Module,
    ) -> cst.With:
        """The `with` in the place of a line of a block, with statements inside."""
        asname = cst.AsName(cst.Name(name)) if name else None
        body = cst.IndentedBlock(
            statements or [cst.SimpleStatementLine([cst.Pass()])],
            header=line.trailing_whitespace,
            indent=indent_of(block),
        )
        return cst.With(
            [cst.WithItem(self.expression, asname)],
            body,
            asynchronous=cst.Asynchronous() if self.is_async else None,
            leading_lines=line.leading_lines,
        )


def opening(
    evaluator: Evaluator, block: Block, thing: Thing, made: cst.BaseExpression
) -> Opening | None:
    """What to enter in place of an acquisition in a block, None where no `with` does the same."""
    manner = _MANNERS.get(thing.type.name)
    if manner is None or not thing.type.is_manageable or thing.is_maybe:
        return None
    found: Opening | None = None
    call = bare(made)
    if thing.is_guess:
        return _guessed(call) if made is call and not thing.type.is_async else None
    is_awaited = isinstance(made, cst.Await)
    if thing.is_own:
        # Its own exit may commit, as some do; `closing` calls what was called by hand.
        found = None if thing.type.is_async else _closing(made)
    elif manner is _Manner.PLAIN:
        is_bare = thing.type.name == "Session" and _is_before_with(evaluator, block)
        found = _closing(made) if is_bare else Opening(made, thing.type.is_async)
    elif manner is _Manner.CLOSING and not is_awaited:
        found = _closing(made) if _closes_itself(evaluator, call, block) else None
    elif manner is _Manner.UNAWAITED and is_awaited and isinstance(call, cst.Call):
        is_manager = _is_of_library(evaluator, call, block)
        found = Opening(call, is_async=True) if is_manager else None
    if found is None or (found.is_async and not block.is_async):
        return None
    return found if found.wrapper else found._replace(doubt=stand_in(evaluator, block, made))


def guarding(thing: Thing, made: cst.BaseExpression) -> Opening | None:
    """What is opened as it is and closed in a `finally`, None where a `with` may enter it.

    Source: asyncpg has no context manager for what `connect` gives, and aborts a connection whose
    close is cancelled: `asyncpg.connection.Connection.close`.
    """
    is_known = thing.type.name == "asyncpg.Connection" and not (thing.is_guess or thing.is_maybe)
    is_awaited = isinstance(made, cst.Await)
    return Opening(made, is_async=True, is_manager=False) if is_known and is_awaited else None


def _is_before_with(evaluator: Evaluator, block: Block) -> bool:
    """Whether it may run on a SQLAlchemy whose sessions no `with` can enter.

    Source: measured: those of 1.3.24 have no `__enter__`, those of 1.4.0 have.
    """
    return evaluator.tree.may_run_before(block.home.path.parent, (1, 4))


def _guessed(call: cst.BaseExpression) -> Opening | None:
    """What closes what a call gives of which nothing but the name is known."""
    name = last_name(call.func) if isinstance(call, cst.Call) else ""
    return _closing(call)._replace(doubt=f"`{name}` is known by its name alone") if name else None


def _closing(made: cst.BaseExpression) -> Opening:
    wrapped = cst.Call(cst.Name("closing"), [cst.Arg(_without_brackets(made))])
    return Opening(wrapped, is_async=False, wrapper="closing")


def _without_brackets(made: cst.BaseExpression) -> cst.BaseExpression:
    """An expression without brackets around it, which a call has of its own; comments keep them."""
    before = [one.whitespace_after for one in made.lpar]
    after = [one.whitespace_before for one in made.rpar]
    if not before or any(map(has_comment, (*before, *after))):
        return made
    return made.with_changes(lpar=(), rpar=())


def _is_of_library(evaluator: Evaluator, call: cst.Call, block: Block) -> bool:
    """Whether the library itself is called, which gives a context manager."""
    called = evaluator.value(call.func, block)
    # `wait_for(engine.connect(), 5)` gives a connection, and no context manager.
    return called.name in CALLS if isinstance(called, Symbol) else isinstance(called, Method)


def _closes_itself(evaluator: Evaluator, call: cst.BaseExpression, block: Block) -> bool:
    """Whether what a call gives is ended by its own close; a pool's goes back to the pool."""
    called = evaluator.value(call.func, block) if isinstance(call, cst.Call) else UNKNOWN
    match called:
        case Symbol(name=name):
            return name in CALLS
        case Method(name=name):
            return name != "getconn"
    return isinstance(called, FunctionValue)
