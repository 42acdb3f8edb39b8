"""Sessions that are closed on every way out, but by hand."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import asyncpg
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, sessionmaker

if TYPE_CHECKING:
    from sqlalchemy import Connection

engine = create_engine("sqlite:///shop.db")
SessionLocal = sessionmaker(bind=engine)
async_engine = create_async_engine("sqlite+aiosqlite:///shop.db")
AsyncSessionLocal = async_sessionmaker(async_engine, expire_on_commit=False)

NAME = text("select name from users where id = :id")
NAMES = text("select name from users order by id")
RENAME = text("update users set name = :name where id = :id")


def load_user(user_id: int) -> str | None:
    db = Session(engine)  # want: SES101 "`db` is closed by hand"
    try:
        return db.execute(NAME, {"id": user_id}).scalar()
    finally:
        db.close()


def rename_user(user_id: int, name: str) -> None:
    db = SessionLocal()  # want: SES101 "`db` is closed by hand"
    try:
        db.execute(RENAME, {"id": user_id, "name": name})
        db.commit()
    except BaseException:
        db.rollback()
        raise
    finally:
        db.close()


def first_name_or_none() -> str | None:
    db = SessionLocal()  # want: SES101 "`db` is closed by hand"
    try:
        row = db.execute(NAMES).first()
        if row is None:
            return None
        return row.name
    finally:
        db.close()


def count_users(is_active: bool) -> int:
    session = None
    try:
        session = SessionLocal()  # want: SES101 "`session` is closed by hand"
        query = "select count(*) from users where is_active = :is_active"
        return session.execute(text(query), {"is_active": is_active}).scalar_one()
    finally:
        if session is not None:
            session.close()


def name_if_active(is_active: bool) -> str | None:
    session = name = None
    try:
        session = SessionLocal()  # want: SES101 "`session` is closed by hand"
        if is_active:
            name = session.execute(NAMES).scalar()
    finally:
        if session is not None:
            session.close()
    return name


def all_names() -> list[str]:
    connection: Connection = engine.connect()  # want: SES101 "`connection` is closed by hand"
    try:
        return list(connection.execute(NAMES).scalars())
    finally:
        connection.close()


def names_by_cursor() -> list[str]:
    connection = engine.raw_connection()  # want: SES101 "`connection` is closed by hand"
    try:
        cursor = connection.cursor()
        cursor.execute("select name from users")
        return [row[0] for row in cursor.fetchall()]
    finally:
        connection.close()


def close_in_both_branches(user_id: int) -> str | None:
    db = Session(engine)  # want: SES101 "`db` is closed by hand"
    try:
        name = db.execute(NAME, {"id": user_id}).scalar()
    except BaseException:
        db.close()
        raise
    else:
        db.close()
    return name


async def load_user_async(user_id: int) -> str | None:
    session = AsyncSessionLocal()  # want: SES101 "`session` is closed by hand"
    try:
        return await session.scalar(NAME, {"id": user_id})
    finally:
        await session.close()


async def list_names_async() -> list[str]:
    session = AsyncSession(async_engine)  # want: SES101 "`session` is closed by hand"
    try:
        result = await session.scalars(NAMES)
        return list(result)
    finally:
        await session.aclose()


def _get_db() -> Iterator[Session]:
    with SessionLocal() as db:
        yield db


def drawn_from_a_dependency(user_id: int) -> str | None:
    db = next(_get_db())  # want: SES101 "is taken out of its generator and closed by hand"
    try:
        return db.execute(NAME, {"id": user_id}).scalar()
    finally:
        db.close()


def opened_again(user_id: int, name: str) -> str | None:
    db = SessionLocal()  # want: SES101 "`db` is closed by hand"
    try:
        db.execute(RENAME, {"id": user_id, "name": name})
        db.commit()
    finally:
        db.close()
    db = SessionLocal()  # want: SES101 "`db` is closed by hand"
    try:
        return db.execute(NAME, {"id": user_id}).scalar()
    finally:
        db.close()


async def rename_async(user_id: int, name: str) -> bool:
    session = AsyncSessionLocal()  # want: SES101 "`session` is closed by hand"
    try:
        await session.execute(RENAME, {"id": user_id, "name": name})
        if not name:
            return False
        await session.commit()
        return True
    except Exception:
        await session.rollback()
        raise
    finally:
        await session.close()


async def connection_async(user_id: int) -> str | None:
    connection = await async_engine.connect()  # want: SES101 "`connection` is closed by hand"
    try:
        return await connection.scalar(NAME, {"id": user_id})
    finally:
        await connection.close()


async def newest_order(pool: asyncpg.Pool) -> int | None:
    connection = await pool.acquire()  # want: SES101 "`connection` is closed by hand"
    try:
        return await connection.fetchval("select max(id) from orders")
    finally:
        await pool.release(connection)
