"""Sessions and connections as the library has them, each of whose operations may fail.

Sources: a second `Session.close` has nothing left to do, a use after `close` begins anew, entering a
session does nothing, and leaving it closes: SQLAlchemy 2.0, Session.close. A closed connection
refuses to be used: Connection.close. `await` and `async with` both open what
`AsyncEngine.connect()` and `Pool.acquire()` give.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, final

from tests.oracle.run import Run, Value

__all__ = ["AsyncSession", "Engine", "Opened", "Session", "directly", "opened"]


class ClosedError(Exception):
    """What a closed connection answers."""


class Opened:
    """What is open until somebody closes it.

    `label` counts what a run opens, `site` is the place in the text that does. Whether it is given
    to somebody else, who has to close it then, is told from outside.
    """

    reopens = True

    def __init__(self, run: Run, label: str, site: int = 0) -> None:
        self.run = run
        self.label = label
        self.site = site
        self.is_open = True
        self.is_given = False

    def do(self, what: str, kinds: str) -> Value:
        if not self.is_open and not self.reopens:
            self.run.note(f"{what} {self.label} refused")
            raise ClosedError
        closed = "" if self.is_open else " anew"
        self.is_open = True
        self.run.ask(f"{what} {self.label}", kinds, state=closed)
        return Value(self, what)

    def end(self, kinds: str) -> None:
        if self.is_open:
            self.is_open = False
            self.run.ask(f"close {self.label}", kinds)


@final
class Session(Opened):
    def execute(self, _: str) -> Value:
        return self.do("use", "call")

    def commit(self) -> None:
        self.do("commit", "call")

    def rollback(self) -> None:
        self.run.ask(f"rollback {self.label}", "call")

    def close(self) -> None:
        self.end("call")

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.end("call")


@final
class _Connection(Opened):
    reopens = False
    execute = Session.execute
    commit = Session.commit
    rollback = Session.rollback
    close = Session.close
    __enter__ = Session.__enter__
    __exit__ = Session.__exit__


@final
class _Raw(Opened):
    """A connection of the driver: no `with` of its own closes it."""

    reopens = False
    execute = Session.execute
    commit = Session.commit
    rollback = Session.rollback
    close = Session.close


@final
class AsyncSession(Opened):
    async def execute(self, _: str) -> Value:
        return self.do("use", "await")

    async def commit(self) -> None:
        self.do("commit", "await")

    async def rollback(self) -> None:
        self.run.ask(f"rollback {self.label}", "await")

    async def close(self) -> None:
        self.end("await")

    aclose = close

    async def __aenter__(self) -> AsyncSession:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.end("await")


@final
class _AsyncConnection(Opened):
    reopens = False
    execute = AsyncSession.execute
    commit = AsyncSession.commit
    rollback = AsyncSession.rollback
    close = AsyncSession.close
    aclose = close


@final
class _Pooled(Opened):
    """A connection of a pool, which alone can take it back."""

    reopens = False
    execute = AsyncSession.execute
    commit = AsyncSession.commit
    rollback = AsyncSession.rollback


@final
class _Direct(Opened):
    """A connection of asyncpg's own, which no `with` can enter; a close that is cut off aborts it.

    Source: asyncpg.connection.Connection.close
    """

    reopens = False
    execute = AsyncSession.execute
    commit = AsyncSession.commit
    rollback = AsyncSession.rollback
    close = AsyncSession.close


@final
class _Opening:
    """What opens when it is awaited or entered."""

    def __init__(self, run: Run, kind: type[Opened], site: int) -> None:
        self.run = run
        self.kind = kind
        self.site = site
        self.opened: Opened | None = None

    async def open(self) -> Opened:
        self.opened = opened(self.run, self.kind, self.site, "await")
        return self.opened

    def __await__(self) -> Generator[Any, None, Opened]:
        return self.open().__await__()

    async def __aenter__(self) -> Opened:
        return await self.open()

    async def __aexit__(self, *_: object) -> None:
        assert self.opened is not None
        self.opened.end("await")


def opened(run: Run, kind: type[Opened], site: int, kinds: str = "call") -> Opened:
    """What a place opens, if that does not fail."""
    run.ask("acquire", kinds)
    made = kind(run, str(len(run.opened)), site)
    run.opened.append(made)
    return made


async def directly(run: Run, site: int) -> Opened:
    """What a driver opens without a pool."""
    return opened(run, _Direct, site, "await")


class Engine:
    """What gives connections; a pool that takes them back as well."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def connect(self, site: int) -> Opened | _Opening:
        if self.run.is_async:
            return _Opening(self.run, _AsyncConnection, site)
        return opened(self.run, _Connection, site)

    def raw_connection(self, site: int) -> Opened:
        return opened(self.run, _Raw, site)

    def acquire(self, site: int) -> _Opening:
        return _Opening(self.run, _Pooled, site)

    async def release(self, connection: Opened) -> None:
        connection.end("await")
