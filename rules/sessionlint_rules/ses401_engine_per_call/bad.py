"""Functions that build an engine, and with it a pool, each time they run."""

from collections.abc import Sequence

import asyncpg
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, sessionmaker
from sqlmodel import Session as ModelSession
from sqlmodel import create_engine as create_model_engine

URL = "sqlite:///shop.db"
ASYNC_URL = "sqlite+aiosqlite:///shop.db"
NAME = text("select name from users where id = :id")
NAMES = text("select name from users order by id")


def get_engine() -> Engine:
    return create_engine(URL)  # want: SES401 "builds a new engine"


def load_user(user_id: int) -> str | None:
    with get_engine().connect() as connection:
        return connection.execute(NAME, {"id": user_id}).scalar()


def list_names() -> list[str]:
    with Session(get_engine()) as db:
        return list(db.execute(NAMES).scalars())


def count_users() -> int:
    engine = create_engine(URL)  # want: SES401 "builds a new engine"
    with engine.connect() as connection:
        return connection.execute(text("select count(*) from users")).scalar_one()


def names_of_session() -> list[str]:
    engine = create_engine(URL, pool_pre_ping=True)  # want: SES401 "builds a new engine"
    with Session(engine) as db:
        return list(db.execute(NAMES).scalars())


def names_of_maker() -> list[str]:
    engine = create_engine(URL)  # want: SES401 "builds a new engine"
    maker = sessionmaker(bind=engine)
    with maker() as db:
        return list(db.execute(NAMES).scalars())


def model_names() -> list[str]:
    engine = create_model_engine(URL)  # want: SES401 "builds a new engine"
    with ModelSession(engine) as db:
        return list(db.exec(NAMES).scalars())


def names_in_transaction() -> list[str]:
    engine = create_engine(URL)  # want: SES401 "builds a new engine"
    with engine.begin() as connection:
        return list(connection.execute(NAMES).scalars())


def _fetch_names(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.execute(NAMES).scalars())


def names_of_another() -> list[str]:
    engine = create_engine(URL)  # want: SES401 "builds a new engine"
    return _fetch_names(engine)


def sorted_names() -> list[str]:
    return sorted(_fetch_names(create_engine(URL)))  # want: SES401 "builds a new engine"


async def load_user_async(user_id: int) -> str | None:
    engine = create_async_engine(ASYNC_URL)  # want: SES401 "builds a new engine"
    async with AsyncSession(engine) as session:
        return await session.scalar(NAME, {"id": user_id})


async def list_names_async() -> list[str]:
    engine = create_async_engine(ASYNC_URL)  # want: SES401 "builds a new engine"
    maker = async_sessionmaker(engine)
    async with maker() as session:
        return list(await session.scalars(NAMES))


async def count_users_async() -> int:
    engine = create_async_engine(ASYNC_URL)  # want: SES401 "builds a new engine"
    async with engine.connect() as connection:
        result = await connection.execute(text("select count(*) from users"))
    return result.scalar_one()


async def newest_order() -> int | None:
    pool = await asyncpg.create_pool(min_size=1)  # want: SES401 "builds a new pool"
    async with pool.acquire() as conn:
        return await conn.fetchval("select max(id) from orders")


async def oldest_order() -> int | None:
    pool = await asyncpg.create_pool(min_size=1)  # want: SES401 "builds a new pool"
    return await pool.fetchval("select min(id) from orders")


def main(urls: Sequence[str] = (URL, f"{URL}?timeout=9")) -> None:
    for url in urls:
        engine = create_engine(url)  # want: SES401 "`main` builds a new engine in every turn"
        with engine.connect() as connection:
            print(connection.execute(NAMES).all())
