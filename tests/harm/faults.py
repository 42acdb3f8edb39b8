"""The real drivers, with statements that fail on demand and connections nobody loses sight of."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg
import psycopg

__all__ = ["CARELESS", "Fault", "SqliteConnection", "asyncpg_class", "psycopg_class"]

CARELESS: Final = "pragma synchronous = off"
"""SQLite does not wait for the disk: nobody pulls the plug of a test."""


@dataclass
class Fault:
    """Counts the statements of a run and says which of them fails.

    `at` counts from 1; with 0 nothing fails. A commit counts as a statement.
    """

    at: int = 0
    done: int = field(default=0, init=False)

    def arm(self, at: int) -> None:
        """Start a new run."""
        self.at, self.done = at, 0

    def is_due(self, statement: str) -> bool:
        """Whether the statement that is about to run fails."""
        if statement.startswith("PRAGMA"):
            # SQLAlchemy's own question to a new connection, no part of the example.
            return False
        self.done += 1
        return self.done == self.at


class _SqliteCursor(sqlite3.Cursor):
    connection: SqliteConnection

    def execute(self, sql: str, parameters: Any = ()) -> _SqliteCursor:
        if self.connection.fault.is_due(sql):
            raise sqlite3.OperationalError("injected")
        super().execute(sql, parameters)
        return self


class SqliteConnection(sqlite3.Connection):
    """A connection that remembers whether it was closed."""

    def __init__(self, fault: Fault, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        sqlite3.Cursor(self).execute(CARELESS)
        self.fault = fault
        self.is_open = True

    def cursor(self, _factory: Any = None) -> _SqliteCursor:
        return super().cursor(_SqliteCursor)

    def commit(self) -> None:
        if self.fault.is_due("commit"):
            raise sqlite3.OperationalError("injected")
        super().commit()

    def close(self) -> None:
        super().close()
        self.is_open = False


def asyncpg_class(fault: Fault, made: list[asyncpg.Connection]) -> type[asyncpg.Connection]:
    """A connection class whose objects are added to `made`; their statements fail on demand.

    A pool of SQLAlchemy takes its connections out of there: below it no fault is what it seems.
    """

    class Connection(asyncpg.Connection):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            made.append(self)

        async def execute(self, query: str, *args: Any, **options: Any) -> str:
            _fail_if_due(self, query)
            return await super().execute(query, *args, **options)

        async def fetchval(self, query: str, *args: Any, **options: Any) -> Any:
            _fail_if_due(self, query)
            return await super().fetchval(query, *args, **options)

    def _fail_if_due(connection: asyncpg.Connection, query: str) -> None:
        if connection in made and fault.is_due(query):
            raise asyncpg.PostgresError("injected")

    return Connection


def psycopg_class(fault: Fault, made: list[psycopg.Connection[Any]]) -> type[psycopg.Connection]:
    """A connection class whose objects are added to `made`."""

    class Connection(psycopg.Connection[Any]):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            made.append(self)

        def execute(self, query: Any, *args: Any, **options: Any) -> psycopg.Cursor[Any]:
            if fault.is_due(str(query)):
                raise psycopg.OperationalError("injected")
            return super().execute(query, *args, **options)

    return Connection
