"""Sessions and connections that nothing closes."""

from collections.abc import Callable

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
    db = Session(engine)  # want: SES102 "`db` is never closed"
    return db.execute(NAME, {"id": user_id}).scalar()


def list_names() -> list[str]:
    session = SessionLocal()  # want: SES102 "`session` is never closed"
    rows = session.execute(NAMES).all()
    return [row.name for row in rows]


def print_names(show: Callable[[str], None]) -> None:
    db = SessionLocal()  # want: SES102 "`db` is never closed"
    for name in db.execute(NAMES).scalars():
        show(name)


def rename_user(user_id: int, name: str) -> None:
    db = SessionLocal()  # want: SES102 "`db` is never closed"
    db.execute(RENAME, {"id": user_id, "name": name})
    db.commit()


def rename_or_undo(user_id: int, name: str, is_sure: bool) -> bool:
    db = SessionLocal()  # want: SES102 "`db` is never closed"
    db.execute(RENAME, {"id": user_id, "name": name})
    if not is_sure:
        db.rollback()
        return False
    db.commit()
    return db.execute(NAME, {"id": user_id}).scalar() == name


def transaction_is_not_the_session(user_id: int, name: str) -> str | None:
    db = Session(engine)  # want: SES102 "`db` is never closed"
    with db.begin():
        db.execute(RENAME, {"id": user_id, "name": name})
    return db.execute(NAME, {"id": user_id}).scalar()


def count_users() -> int:
    connection = engine.connect()  # want: SES102 "`connection` is never closed"
    return connection.execute(text("select count(*) from users")).scalar_one()


def names_by_cursor() -> list[str]:
    connection = engine.raw_connection()  # want: SES102 "`connection` is never closed"
    cursor = connection.cursor()
    cursor.execute("select name from users")
    return [row[0] for row in cursor.fetchall()]


def typed_user(user_id: int) -> str | None:
    db: Session = SessionLocal()  # want: SES102 "`db` is never closed"
    if name := db.execute(NAME, {"id": user_id}).scalar():
        return name.upper()
    return None


async def load_user_async(user_id: int) -> str | None:
    session = AsyncSessionLocal()  # want: SES102 "`session` is never closed"
    return await session.scalar(NAME, {"id": user_id})


async def list_names_async() -> list[str]:
    session = AsyncSession(async_engine)  # want: SES102 "`session` is never closed"
    result = await session.scalars(NAMES)
    return list(result)


async def close_without_await(user_id: int) -> str | None:
    session = AsyncSessionLocal()  # want: SES102 "`session` is never closed"
    name = await session.scalar(NAME, {"id": user_id})
    session.close()
    return name


async def count_users_async() -> int:
    connection = await async_engine.connect()  # want: SES102 "`connection` is never closed"
    result = await connection.execute(text("select count(*) from users"))
    return result.scalar_one()


async def newest_order() -> int | None:
    conn = await asyncpg.connect()  # want: SES102 "`conn` is never closed"
    return await conn.fetchval("select max(id) from orders")


async def newest_order_of_pool(pool: asyncpg.Pool) -> int | None:
    conn = await pool.acquire()  # want: SES102 "`conn` is never closed"
    return await conn.fetchval("select max(id) from orders")


def oldest_order() -> int | None:
    conn = psycopg.connect()  # want: SES102 "`conn` is never closed"
    row = conn.execute("select min(id) from orders").fetchone()
    return row[0] if row else None
