"""What a run leaves behind: connections held, connections open, objects that ran statements.

The world listens to every pool, engine and session, and keeps a strong reference to all it sees:
the garbage collector, which would end some leaks sooner or later, cannot hide any.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import psycopg
from sqlalchemy import Dialect, Engine, event
from sqlalchemy.orm import ORMExecuteState, Session
from sqlalchemy.pool import ConnectionPoolEntry, Pool, PoolProxiedConnection
from sqlalchemy.util import greenlet_spawn

from harm.faults import CARELESS, Fault, SqliteConnection, asyncpg_class, psycopg_class

__all__ = ["TABLES", "World", "prepare"]

TABLES = """
create table users (id integer primary key, name text not null, is_active boolean not null);
create table orders (id integer primary key, user_id integer not null, total integer not null);
insert into users values (1, 'Ann', true), (2, 'Bob', false), (3, 'Zoe', true);
insert into orders values (1, 1, 10), (2, 1, 20), (3, 3, 30);
"""


class World:
    """Everything that was opened since it began.

    `users` are the objects that ran statements, `done` what SQLAlchemy did, in words, in order;
    `destroyed` counts the connections that a pool of SQLAlchemy has thrown away.
    """

    def __init__(self) -> None:
        self.fault = Fault()
        self.users: list[object] = []
        self.done: list[str] = []
        self.destroyed = 0
        self._lent: list[PoolProxiedConnection] = []
        self._sqlite: list[SqliteConnection] = []
        self._drivers: list[Any] = []
        self._alone: list[asyncpg.Connection] = []
        self._pooled: list[asyncpg.Connection] = []
        self._below: list[asyncpg.Connection] = []
        self._psycopg: list[psycopg.Connection[Any]] = []
        self._pools: list[asyncpg.Pool] = []

    @property
    def held(self) -> int:
        """Connections that were taken from a pool, or opened without one, and not given back."""
        lent = sum(one.is_valid for one in self._lent)
        pooled = sum(pool.get_size() - pool.get_idle_size() for pool in self._pools)
        alone = sum(not one.is_closed() for one in self._alone)
        return lent + pooled + alone + sum(not one.closed for one in self._psycopg)

    @property
    def opened(self) -> int:
        """Connections to a database that are open, used or idle."""
        postgres = [*self._alone, *self._pooled, *self._below]
        return sum(one.is_open for one in self._sqlite) + sum(
            not one.is_closed() for one in postgres
        )

    @contextmanager
    def watched(self) -> Iterator[None]:
        """While inside, SQLAlchemy and the drivers report here."""
        listeners = (
            (Engine, "do_connect", self._connects),
            (Engine, "before_cursor_execute", self._executes),
            (Pool, "connect", self._connected),
            (Pool, "checkout", self._lends),
            (Pool, "checkin", self._takes_back),
            (Pool, "invalidate", self._destroys),
            (Pool, "close", self._destroys),
            (Pool, "close_detached", self._destroys),
            (Engine, "commit", self._commits),
            (Engine, "rollback", self._rolls_back),
            (Session, "after_begin", self._begins),
            (Session, "do_orm_execute", self._queries),
        )
        for target, name, listener in listeners:
            event.listen(target, name, listener)
        try:
            yield
        finally:
            for target, name, listener in listeners:
                event.remove(target, name, listener)

    def replaced(self) -> list[tuple[dict[str, Any], str, Any]]:
        """Where the PostgreSQL drivers take their connection class from, and ours instead."""
        alone = asyncpg_class(self.fault, self._alone)
        pooled = asyncpg_class(self.fault, self._pooled)
        return [
            (asyncpg.connect.__kwdefaults__, "connection_class", alone),
            (asyncpg.create_pool.__kwdefaults__, "connection_class", pooled),
            (vars(psycopg), "connect", psycopg_class(self.fault, self._psycopg).connect),
        ]

    async def pool(self) -> asyncpg.Pool:
        """A small pool that an example may borrow."""
        if not self._pools:
            self._pools.append(await asyncpg.create_pool(min_size=1, max_size=5))
        return self._pools[0]

    async def recover(self) -> None:
        """Take back what was left out; what waits in a pool of SQLAlchemy stays."""
        for lent in self._lent:
            if lent.is_valid:
                await greenlet_spawn(lent.invalidate)
        for pool in self._pools:
            pool.terminate()
        for connection in [*self._alone, *self._pooled]:
            connection.terminate()
        for one in self._psycopg:
            one.close()
        for known in (self._lent, self._pools, self._alone, self._pooled, self._psycopg):
            known.clear()

    async def end(self) -> None:
        """Close all that is still open."""
        await self.recover()
        for connection in self._below:
            connection.terminate()
        for driver in self._drivers:
            await greenlet_spawn(driver.close)

    def _connects(self, dialect: Dialect, _record: object, _args: object, options: Any) -> None:
        if dialect.name == "sqlite":
            options["factory"] = self._new_sqlite
            # What another connection has locked stays so: its leak is what the run is to show.
            options["timeout"] = 0.1

    def _new_sqlite(self, *args: Any, **options: Any) -> SqliteConnection:
        connection = SqliteConnection(self.fault, *args, **options)
        self._sqlite.append(connection)
        return connection

    def _connected(self, driver: Any, record: ConnectionPoolEntry) -> None:
        self._drivers.append(driver)
        if record.driver_connection in self._alone:
            # Opened by a pool of SQLAlchemy, so it is this pool that says who has it.
            self._alone.remove(record.driver_connection)
            self._below.append(record.driver_connection)

    def _lends(self, _driver: object, _record: object, lent: PoolProxiedConnection) -> None:
        self._lent.append(lent)
        self.done.append("checkout")

    def _executes(self, connection: object, _cursor: object, statement: str, *_: object) -> None:
        self.users.append(connection)
        self.done.append(statement)

    def _takes_back(self, *_: object) -> None:
        self.done.append("checkin")

    def _destroys(self, *_: object) -> None:
        self.destroyed += 1

    def _commits(self, *_: object) -> None:
        self.done.append("commit")

    def _rolls_back(self, *_: object) -> None:
        self.done.append("rollback")

    def _begins(self, session: object, *_: object) -> None:
        self.users.append(session)

    def _queries(self, state: ORMExecuteState) -> None:
        self.users.append(state.session)


def prepare(path: Path) -> None:
    """Make the SQLite file that the examples open."""
    connection = sqlite3.connect(path)
    connection.execute(CARELESS)
    connection.executescript(TABLES)
    connection.close()
