"""Sessions that one way out closes and another does not."""

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
        name = db.execute(NAME, {"id": user_id}).scalar()
        if name is None:
            return None
    return name


def load_or_raise(user_id: int) -> str:
    with SessionLocal() as session:
        name = session.execute(NAME, {"id": user_id}).scalar()
        if name is None:
            raise LookupError(user_id)
    return name


def rename_user(user_id: int, name: str) -> bool:
    with SessionLocal() as db:
        row = db.execute(NAME, {"id": user_id}).first()
        if row is not None and name:
            db.execute(RENAME, {"id": user_id, "name": name})
            db.commit()
            return True
    return False


def falls_through(user_id: int, is_final: bool) -> str | None:
    with Session(engine) as db:
        name = db.execute(NAME, {"id": user_id}).scalar()
    return name


def first_long_name(length: int) -> str | None:
    with SessionLocal() as db:
        for name in db.execute(NAMES).scalars():
            if len(name) >= length:
                return name
    return None


def tell_name(user_id: int, tell: Callable[[str], None]) -> str:
    with SessionLocal() as db:
        name = db.execute(NAME, {"id": user_id}).scalar()
        match name:
            case None:
                return "nobody"
            case "":
                return "no name"
            case _:
                tell(name)
                return name


def return_in_try(user_id: int) -> str | None:
    with SessionLocal() as db:
        name = db.execute(NAME, {"id": user_id}).scalar()
        if name is None:
            return None
    return name


def count_users(is_checked: bool) -> int:
    with engine.connect() as connection:
        count = connection.execute(text("select count(*) from users")).scalar_one()
        if is_checked and count > 0:
            return count
    return 0


def names_by_cursor(wanted: int) -> list[str]:
    with closing(engine.raw_connection()) as connection:
        cursor = connection.cursor()
        cursor.execute("select name from users")
        names = [row[0] for row in cursor.fetchall()]
        if len(names) < wanted:
            return []
    return names


async def load_user_async(user_id: int) -> str | None:
    async with AsyncSessionLocal() as session:
        name = await session.scalar(NAME, {"id": user_id})
        if name is None:
            return None
    return name


async def load_or_raise_async(user_id: int) -> str:
    async with AsyncSession(async_engine) as session:
        name = await session.scalar(NAME, {"id": user_id})
        if not name:
            raise LookupError(user_id)
    return name


async def count_users_async(is_exact: bool) -> int:
    async with async_engine.connect() as connection:
        result = await connection.execute(text("select count(*) from users"))
        count = result.scalar_one()
        if not is_exact:
            return count // 10 * 10
    return count


async def newest_order(pool: asyncpg.Pool, is_urgent: bool) -> int | None:
    async with pool.acquire() as conn:
        order = await conn.fetchval("select max(id) from orders")
        if is_urgent:
            return order
    return order


def oldest_order(is_quick: bool) -> int | None:
    with closing(psycopg.connect()) as conn:
        row = conn.execute("select min(id) from orders").fetchone()
        if row is None or is_quick:
            return None
    return row[0]
