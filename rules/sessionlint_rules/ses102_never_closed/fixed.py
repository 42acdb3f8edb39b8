"""Sessions and connections that nothing closes."""

from collections.abc import Callable
from contextlib import closing

import asyncpg
import psycopg
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, sessionmaker

engine = create_engine("sqlite:///shop.db")
SessionLocal = sessionmaker(bind=engine)
async_engine = create_async_engine("sqlite+aiosqlite:///shop.db")
AsyncSessionLocal = async_sessionmaker(async_engine, expire_on_commit=False)

NAME = text("select name from users where id = :id")
NAMES = text("select name from users order by id")
RENAME = text("update users set name = :name where id = :id")


def load_user(user_id: int) -> str | None:
    with Session(engine) as db:
        return db.execute(NAME, {"id": user_id}).scalar()


def list_names() -> list[str]:
    with SessionLocal() as session:
        rows = session.execute(NAMES).all()
        return [row.name for row in rows]


def print_names(show: Callable[[str], None]) -> None:
    with SessionLocal() as db:
        for name in db.execute(NAMES).scalars():
            show(name)


def rename_user(user_id: int, name: str) -> None:
    with SessionLocal() as db:
        db.execute(RENAME, {"id": user_id, "name": name})
        db.commit()


def rename_or_undo(user_id: int, name: str, is_sure: bool) -> bool:
    with SessionLocal() as db:
        db.execute(RENAME, {"id": user_id, "name": name})
        if not is_sure:
            db.rollback()
            return False
        db.commit()
        return db.execute(NAME, {"id": user_id}).scalar() == name


def transaction_is_not_the_session(user_id: int, name: str) -> str | None:
    with Session(engine) as db:
        with db.begin():
            db.execute(RENAME, {"id": user_id, "name": name})
        return db.execute(NAME, {"id": user_id}).scalar()


def count_users() -> int:
    with engine.connect() as connection:
        return connection.execute(text("select count(*) from users")).scalar_one()


def names_by_cursor() -> list[str]:
    with closing(engine.raw_connection()) as connection:
        cursor = connection.cursor()
        cursor.execute("select name from users")
        return [row[0] for row in cursor.fetchall()]


def typed_user(user_id: int) -> str | None:
    with SessionLocal() as db:
        if name := db.execute(NAME, {"id": user_id}).scalar():
            return name.upper()
    return None


async def load_user_async(user_id: int) -> str | None:
    async with AsyncSessionLocal() as session:
        return await session.scalar(NAME, {"id": user_id})


async def list_names_async() -> list[str]:
    async with AsyncSession(async_engine) as session:
        result = await session.scalars(NAMES)
        return list(result)


async def close_without_await(user_id: int) -> str | None:
    async with AsyncSessionLocal() as session:
        name = await session.scalar(NAME, {"id": user_id})
        return name


async def count_users_async() -> int:
    async with async_engine.connect() as connection:
        result = await connection.execute(text("select count(*) from users"))
        return result.scalar_one()


async def newest_order() -> int | None:
    conn = await asyncpg.connect()
    try:
        return await conn.fetchval("select max(id) from orders")
    finally:
        await conn.close()


async def newest_order_of_pool(pool: asyncpg.Pool) -> int | None:
    async with pool.acquire() as conn:
        return await conn.fetchval("select max(id) from orders")


def oldest_order() -> int | None:
    with closing(psycopg.connect()) as conn:
        row = conn.execute("select min(id) from orders").fetchone()
        return row[0] if row else None
