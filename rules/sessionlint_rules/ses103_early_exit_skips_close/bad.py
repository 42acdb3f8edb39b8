"""Sessions that one way out closes and another does not."""

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
    db = Session(engine)  # want: SES103 "`db` is still open when"
    name = db.execute(NAME, {"id": user_id}).scalar()
    if name is None:
        return None
    db.close()
    return name


def load_or_raise(user_id: int) -> str:
    session = SessionLocal()  # want: SES103 "`session` is still open when"
    name = session.execute(NAME, {"id": user_id}).scalar()
    if name is None:
        raise LookupError(user_id)
    session.close()
    return name


def rename_user(user_id: int, name: str) -> bool:
    db = SessionLocal()  # want: SES103 "`db` is still open when"
    row = db.execute(NAME, {"id": user_id}).first()
    if row is not None and name:
        db.execute(RENAME, {"id": user_id, "name": name})
        db.commit()
        db.close()
        return True
    return False


def falls_through(user_id: int, is_final: bool) -> str | None:
    db = Session(engine)  # want: SES103 "`db` is still open when"
    name = db.execute(NAME, {"id": user_id}).scalar()
    if is_final:
        db.close()
    return name


def first_long_name(length: int) -> str | None:
    db = SessionLocal()  # want: SES103 "`db` is still open when"
    for name in db.execute(NAMES).scalars():
        if len(name) >= length:
            return name
    db.close()
    return None


def tell_name(user_id: int, tell: Callable[[str], None]) -> str:
    db = SessionLocal()  # want: SES103 "`db` is still open when"
    name = db.execute(NAME, {"id": user_id}).scalar()
    match name:
        case None:
            return "nobody"
        case "":
            db.close()
            return "no name"
        case _:
            tell(name)
            db.close()
            return name


def return_in_try(user_id: int) -> str | None:
    db = SessionLocal()  # want: SES103 "`db` is still open when"
    try:
        name = db.execute(NAME, {"id": user_id}).scalar()
        if name is None:
            return None
    except BaseException:
        db.close()
        raise
    db.close()
    return name


def count_users(is_checked: bool) -> int:
    connection = engine.connect()  # want: SES103 "`connection` is still open when"
    count = connection.execute(text("select count(*) from users")).scalar_one()
    if is_checked and count > 0:
        return count
    connection.close()
    return 0


def names_by_cursor(wanted: int) -> list[str]:
    connection = engine.raw_connection()  # want: SES103 "`connection` is still open when"
    cursor = connection.cursor()
    cursor.execute("select name from users")
    names = [row[0] for row in cursor.fetchall()]
    if len(names) < wanted:
        return []
    connection.close()
    return names


async def load_user_async(user_id: int) -> str | None:
    session = AsyncSessionLocal()  # want: SES103 "`session` is still open when"
    name = await session.scalar(NAME, {"id": user_id})
    if name is None:
        return None
    await session.close()
    return name


async def load_or_raise_async(user_id: int) -> str:
    session = AsyncSession(async_engine)  # want: SES103 "`session` is still open when"
    name = await session.scalar(NAME, {"id": user_id})
    if not name:
        raise LookupError(user_id)
    await session.close()
    return name


async def count_users_async(is_exact: bool) -> int:
    connection = await async_engine.connect()  # want: SES103 "`connection` is still open when"
    result = await connection.execute(text("select count(*) from users"))
    count = result.scalar_one()
    if not is_exact:
        return count // 10 * 10
    await connection.close()
    return count


async def newest_order(pool: asyncpg.Pool, is_urgent: bool) -> int | None:
    conn = await pool.acquire()  # want: SES103 "`conn` is still open when"
    order = await conn.fetchval("select max(id) from orders")
    if is_urgent:
        return order
    await pool.release(conn)
    return order


def oldest_order(is_quick: bool) -> int | None:
    conn = psycopg.connect()  # want: SES103 "`conn` is still open when"
    row = conn.execute("select min(id) from orders").fetchone()
    if row is None or is_quick:
        return None
    conn.close()
    return row[0]
