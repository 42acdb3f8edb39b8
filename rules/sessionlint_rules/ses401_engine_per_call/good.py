"""Engines that live as long as the program, and engines that end where they began."""

from functools import lru_cache

import asyncpg
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import NullPool

URL = "sqlite:///shop.db"
ASYNC_URL = "sqlite+aiosqlite:///shop.db"
NAME = text("select name from users where id = :id")
NAMES = text("select name from users order by id")
engine = create_engine(URL)


@lru_cache
def get_engine() -> Engine:
    return create_engine(URL)


def load_user(user_id: int) -> str | None:
    with get_engine().connect() as connection:
        return connection.execute(NAME, {"id": user_id}).scalar()


def list_names() -> list[str]:
    with Session(engine) as db:
        return list(db.execute(NAMES).scalars())


def disposed_in_finally() -> int:
    engine = create_engine(URL)
    try:
        with engine.connect() as connection:
            return connection.execute(text("select count(*) from users")).scalar_one()
    finally:
        engine.dispose()


def _fetch_names(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.execute(NAMES).scalars())


def _fetch_names_and_dispose(engine: Engine) -> list[str]:
    try:
        return _fetch_names(engine)
    finally:
        engine.dispose()


def disposed_by_another() -> list[str]:
    return _fetch_names_and_dispose(create_engine(URL))


def disposed_behind_another() -> list[str]:
    engine = create_engine(URL)
    try:
        return _fetch_names(engine)
    finally:
        engine.dispose()


def without_a_pool() -> list[str]:
    engine = create_engine(URL, poolclass=NullPool)
    with Session(engine) as db:
        return list(db.execute(NAMES).scalars())


_made: dict[str, Engine] = {}


def memoised(name: str) -> list[str]:
    if name not in _made:
        _made[name] = create_engine(URL)
    with _made[name].connect() as connection:
        return list(connection.execute(NAMES).scalars())


_engine: Engine | None = None


def made_once() -> Engine:
    global _engine
    if _engine is None:
        _engine = create_engine(URL)
    return _engine


class _Database:
    def __init__(self) -> None:
        self.engine = create_engine(URL)
        self.maker = sessionmaker(bind=self.engine)

    def names(self) -> list[str]:
        with self.maker() as db:
            return list(db.execute(NAMES).scalars())


_database = _Database()


def names_by_database() -> list[str]:
    return _database.names()


def main() -> None:
    engine = create_engine(URL)
    with engine.connect() as connection:
        print(connection.execute(NAMES).all())


def setup() -> None:
    for url in (URL, URL):
        engine = create_engine(url)
        try:
            with engine.connect() as connection:
                print(connection.execute(NAMES).all())
        finally:
            engine.dispose()


@lru_cache
def get_async_engine() -> AsyncEngine:
    return create_async_engine(ASYNC_URL)


async def load_user_async(user_id: int) -> str | None:
    async with AsyncSession(get_async_engine()) as session:
        return await session.scalar(NAME, {"id": user_id})


async def disposed_async() -> list[str]:
    engine = create_async_engine(ASYNC_URL)
    try:
        async with AsyncSession(engine) as session:
            return list(await session.scalars(NAMES))
    finally:
        await engine.dispose()


async def newest_order() -> int | None:
    async with asyncpg.create_pool(min_size=1) as pool, pool.acquire() as conn:
        return await conn.fetchval("select max(id) from orders")


async def oldest_order() -> int | None:
    async with asyncpg.create_pool(min_size=1) as pool:
        return await pool.fetchval("select min(id) from orders")
