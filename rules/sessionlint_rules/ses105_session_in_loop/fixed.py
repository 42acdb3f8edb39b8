"""One session for each turn of a loop, opened by hand."""

import logging
from collections.abc import Callable

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


def rename_all(user_ids: list[int], name: str) -> int:
    renamed = 0
    for user_id in user_ids:
        with SessionLocal() as session:
            try:
                session.execute(RENAME, {"id": user_id, "name": name})
                session.commit()
            except SQLAlchemyError:
                logger.warning("user %s keeps the old name", user_id)
                continue
        renamed += 1
    return renamed


def committed(user_ids: list[int], name: str) -> None:
    for user_id in user_ids:
        with SessionLocal() as db:
            db.execute(RENAME, {"id": user_id, "name": name})
            db.commit()


def never_closed(user_ids: list[int]) -> list[str | None]:
    names = []
    for user_id in user_ids:
        with Session(engine) as db:
            names.append(db.execute(NAME, {"id": user_id}).scalar())
    return names


def first_of(user_ids: list[int]) -> str | None:
    for user_id in user_ids:
        with SessionLocal() as db:
            name = db.execute(NAME, {"id": user_id}).scalar()
            if name is not None:
                return name
    return None


def until_it_works(attempts: int, notify: Callable[[str], None]) -> bool:
    while attempts > 0:
        attempts -= 1
        with SessionLocal() as db:
            try:
                db.execute(NAMES)
                notify("done")
                return True
            except SQLAlchemyError:
                logger.info("once more")
    return False


def last_one_stays(user_ids: list[int]) -> None:
    for user_id in user_ids:
        with SessionLocal() as db:
            if db.execute(NAME, {"id": user_id}).scalar() is not None:
                break


def closed_in_finally(user_ids: list[int], name: str) -> None:
    for user_id in user_ids:
        with SessionLocal() as db:
            db.execute(RENAME, {"id": user_id, "name": name})
            db.commit()


def count_each(user_ids: list[int]) -> list[int]:
    counts = []
    for user_id in user_ids:
        with engine.connect() as connection:
            query = text("select count(*) from orders where user_id = :id")
            counts.append(connection.execute(query, {"id": user_id}).scalar_one())
    return counts


async def load_users_async(user_ids: list[int]) -> list[str | None]:
    names = []
    for user_id in user_ids:
        async with AsyncSessionLocal() as session:
            names.append(await session.scalar(NAME, {"id": user_id}))
    return names


async def rename_all_async(user_ids: list[int], name: str) -> int:
    renamed = 0
    for user_id in user_ids:
        async with AsyncSession(async_engine) as session:
            try:
                await session.execute(RENAME, {"id": user_id, "name": name})
                await session.commit()
            except SQLAlchemyError as error:
                logger.warning("user %s keeps the old name: %s", user_id, error)
                continue
            renamed += 1
    return renamed


async def closed_in_finally_async(user_ids: list[int]) -> list[str | None]:
    names = []
    for user_id in user_ids:
        async with AsyncSessionLocal() as session:
            names.append(await session.scalar(NAME, {"id": user_id}))
    return names


async def orders_of(user_ids: list[int]) -> list[int]:
    counts = []
    for user_id in user_ids:
        conn = await asyncpg.connect()
        try:
            query = "select count(*) from orders where user_id = $1"
            counts.append(await conn.fetchval(query, user_id))
        finally:
            await conn.close()
    return counts


async def orders_of_pool(pool: asyncpg.Pool, user_ids: list[int]) -> int:
    total = 0
    for user_id in user_ids:
        async with pool.acquire() as conn:
            query = "select count(*) from orders where user_id = $1"
            total += await conn.fetchval(query, user_id)
    return total
