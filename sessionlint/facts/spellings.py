"""The names by which the same thing of a library can be imported."""

from __future__ import annotations

from typing import Final

__all__ = ["canonical"]

# fmt: off
_SPELLINGS: Final[dict[str, str]] = {
    "sqlalchemy.orm.session.Session": "sqlalchemy.orm.Session",
    "sqlalchemy.orm.session.sessionmaker": "sqlalchemy.orm.sessionmaker",
    "sqlalchemy.orm.session.create_session": "sqlalchemy.orm.create_session",
    "sqlalchemy.orm.session.object_session": "sqlalchemy.orm.object_session",
    "sqlalchemy.orm.scoping.scoped_session": "sqlalchemy.orm.scoped_session",
    "sqlalchemy.engine.create_engine": "sqlalchemy.create_engine",
    "sqlalchemy.engine.create.create_engine": "sqlalchemy.create_engine",
    "sqlalchemy.engine.engine_from_config": "sqlalchemy.engine_from_config",
    "sqlalchemy.engine.Engine": "sqlalchemy.Engine",
    "sqlalchemy.engine.base.Engine": "sqlalchemy.Engine",
    "sqlalchemy.future.Engine": "sqlalchemy.Engine",
    "sqlalchemy.future.create_engine": "sqlalchemy.create_engine",
    "sqlalchemy.future.Connection": "sqlalchemy.Connection",
    "sqlalchemy.future.engine.Engine": "sqlalchemy.Engine",
    "sqlalchemy.future.engine.create_engine": "sqlalchemy.create_engine",
    "sqlalchemy.future.engine.Connection": "sqlalchemy.Connection",
    "sqlalchemy.engine.Connection": "sqlalchemy.Connection",
    "sqlalchemy.engine.base.Connection": "sqlalchemy.Connection",
    "sqlalchemy.ext.asyncio.session.AsyncSession": "sqlalchemy.ext.asyncio.AsyncSession",
    "sqlalchemy.ext.asyncio.session.async_sessionmaker": "sqlalchemy.ext.asyncio.async_sessionmaker",
    "sqlalchemy.ext.asyncio.session.async_object_session": "sqlalchemy.ext.asyncio.async_object_session",
    "sqlalchemy.ext.asyncio.engine.AsyncEngine": "sqlalchemy.ext.asyncio.AsyncEngine",
    "sqlalchemy.ext.asyncio.engine.AsyncConnection": "sqlalchemy.ext.asyncio.AsyncConnection",
    "sqlalchemy.ext.asyncio.engine.create_async_engine": "sqlalchemy.ext.asyncio.create_async_engine",
    "sqlalchemy.ext.asyncio.scoping.async_scoped_session": "sqlalchemy.ext.asyncio.async_scoped_session",
    "sqlmodel.Session": "sqlalchemy.orm.Session",
    "sqlmodel.orm.session.Session": "sqlalchemy.orm.Session",
    "sqlmodel.create_engine": "sqlalchemy.create_engine",
    "sqlmodel.engine.create.create_engine": "sqlalchemy.create_engine",
    "asyncpg.connection.connect": "asyncpg.connect",
    "asyncpg.pool.create_pool": "asyncpg.create_pool",
    "psycopg2.extensions.connection": "psycopg2.connect",
    "aiosqlite.core.connect": "aiosqlite.connect",
    "aiomysql.connection.connect": "aiomysql.connect",
    "psycopg_pool.pool.ConnectionPool": "psycopg_pool.ConnectionPool",
    "psycopg_pool.pool_async.AsyncConnectionPool": "psycopg_pool.AsyncConnectionPool",
}
# fmt: on


def canonical(name: str) -> str:
    """The one spelling of a library name that the tables use.

    Source: the re-exports of SQLAlchemy 1.4 to 2.1, SQLModel and the drivers.
    """
    return _SPELLINGS.get(name, name)
