"""Sessions that are closed on every way out, but by hand."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import asyncpg
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


def rename_user(user_id: int, name: str) -> None:
    with SessionLocal() as db:
        try:
            db.execute(RENAME, {"id": user_id, "name": name})
            db.commit()
        except BaseException:
            db.rollback()
            raise


def first_name_or_none() -> str | None:
    with SessionLocal() as db:
        row = db.execute(NAMES).first()
        if row is None:
            return None
        return row.name


def count_users(is_active: bool) -> int:
    with SessionLocal() as session:
        query = "select count(*) from users where is_active = :is_active"
        return session.execute(text(query), {"is_active": is_active}).scalar_one()


def name_if_active(is_active: bool) -> str | None:
    name = None
    with SessionLocal() as session:
        if is_active:
            name = session.execute(NAMES).scalar()
    return name


def all_names() -> list[str]:
    with engine.connect() as connection:
        return list(connection.execute(NAMES).scalars())


def names_by_cursor() -> list[str]:
    with closing(engine.raw_connection()) as connection:
        cursor = connection.cursor()
        cursor.execute("select name from users")
        return [row[0] for row in cursor.fetchall()]


def close_in_both_branches(user_id: int) -> str | None:
    with Session(engine) as db:
        name = db.execute(NAME, {"id": user_id}).scalar()
    return name


async def load_user_async(user_id: int) -> str | None:
    async with AsyncSessionLocal() as session:
        return await session.scalar(NAME, {"id": user_id})


async def list_names_async() -> list[str]:
    async with AsyncSession(async_engine) as session:
        result = await session.scalars(NAMES)
        return list(result)


def _get_db() -> Iterator[Session]:
    with SessionLocal() as db:
        yield db


def drawn_from_a_dependency(user_id: int) -> str | None:
    with contextmanager(_get_db)() as db:
        return db.execute(NAME, {"id": user_id}).scalar()


def opened_again(user_id: int, name: str) -> str | None:
    with SessionLocal() as db:
        db.execute(RENAME, {"id": user_id, "name": name})
        db.commit()
    with SessionLocal() as db:
        return db.execute(NAME, {"id": user_id}).scalar()


async def rename_async(user_id: int, name: str) -> bool:
    async with AsyncSessionLocal() as session:
        try:
            await session.execute(RENAME, {"id": user_id, "name": name})
            if not name:
                return False
            await session.commit()
            return True
        except Exception:
            await session.rollback()
            raise


async def connection_async(user_id: int) -> str | None:
    async with async_engine.connect() as connection:
        return await connection.scalar(NAME, {"id": user_id})


async def newest_order(pool: asyncpg.Pool) -> int | None:
    async with pool.acquire() as connection:
        return await connection.fetchval("select max(id) from orders")
