"""Loops that use one session, or one context manager a turn."""

import logging
from collections.abc import Iterator

import asyncpg
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, sessionmaker

engine = create_engine("sqlite:///shop.db")
SessionLocal = sessionmaker(bind=engine)
async_engine = create_async_engine("sqlite+aiosqlite:///shop.db")
AsyncSessionLocal = async_sessionmaker(async_engine, expire_on_commit=False)

NAME = text("select name from users where id = :id")
NAMES = text("select name from users order by id")
RENAME = text("update users set name = :name where id = :id")

logger = logging.getLogger(__name__)


def load_users(user_ids: list[int]) -> list[str | None]:
    names = []
    for user_id in user_ids:
        with SessionLocal() as db:
            names.append(db.execute(NAME, {"id": user_id}).scalar())
    return names


def load_users_with_one(user_ids: list[int]) -> list[str | None]:
    with Session(engine) as db:
        return [db.execute(NAME, {"id": user_id}).scalar() for user_id in user_ids]


def rename_all(user_ids: list[int], name: str) -> int:
    renamed = 0
    for user_id in user_ids:
        try:
            with SessionLocal.begin() as session:
                session.execute(RENAME, {"id": user_id, "name": name})
        except SQLAlchemyError:
            logger.warning("user %s keeps the old name", user_id)
            continue
        renamed += 1
    return renamed


def first_of(user_ids: list[int]) -> str | None:
    for user_id in user_ids:
        with SessionLocal() as db:
            name = db.execute(NAME, {"id": user_id}).scalar()
            if name is not None:
                return name
    return None


def until_it_works(attempts: int) -> bool:
    while attempts > 0:
        attempts -= 1
        try:
            with SessionLocal() as db:
                db.execute(NAMES)
                return True
        except SQLAlchemyError:
            logger.info("once more")
    return False


def savepoints(user_ids: list[int], name: str) -> None:
    with SessionLocal.begin() as db:
        for user_id in user_ids:
            with db.begin_nested():
                db.execute(RENAME, {"id": user_id, "name": name})


def one_function_a_turn(user_ids: list[int]) -> list[str | None]:
    return [_name(user_id) for user_id in user_ids]


def _name(user_id: int) -> str | None:
    with SessionLocal() as db:
        return db.execute(NAME, {"id": user_id}).scalar()


def count_each(user_ids: list[int]) -> list[int]:
    query = text("select count(*) from orders where user_id = :id")
    counts = []
    for user_id in user_ids:
        with engine.connect() as connection:
            counts.append(connection.execute(query, {"id": user_id}).scalar_one())
    return counts


def _batches(size: int) -> Iterator[range]:
    for first in range(1, 4, size):
        yield range(first, first + size)


def one_session_a_batch(size: int) -> int:
    renamed = 0
    for user_ids in _batches(size):
        with SessionLocal.begin() as db:
            for user_id in user_ids:
                renamed += db.execute(RENAME, {"id": user_id, "name": "Eve"}).rowcount
    return renamed


async def load_users_async(user_ids: list[int]) -> list[str | None]:
    names = []
    for user_id in user_ids:
        async with AsyncSessionLocal() as session:
            names.append(await session.scalar(NAME, {"id": user_id}))
    return names


async def rename_all_async(user_ids: list[int], name: str) -> int:
    renamed = 0
    async with AsyncSession(async_engine) as session:
        for user_id in user_ids:
            await session.execute(RENAME, {"id": user_id, "name": name})
            renamed += 1
        await session.commit()
    return renamed


async def orders_of(pool: asyncpg.Pool, user_ids: list[int]) -> list[int]:
    query = "select count(*) from orders where user_id = $1"
    counts = []
    for user_id in user_ids:
        async with pool.acquire() as conn:
            counts.append(await conn.fetchval(query, user_id))
    return counts
