"""Sessions that are closed when something goes wrong as well."""

import logging
from collections.abc import Callable

import asyncpg
import psycopg
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


def load_user(user_id: int) -> str | None:
    with Session(engine) as db:
        return db.execute(NAME, {"id": user_id}).scalar()


def rename_user(user_id: int, name: str) -> None:
    with SessionLocal() as session:
        session.execute(RENAME, {"id": user_id, "name": name})
        session.commit()


def log_and_go_on(user_id: int, name: str) -> bool:
    try:
        with SessionLocal.begin() as db:
            db.execute(RENAME, {"id": user_id, "name": name})
    except SQLAlchemyError:
        logger.exception("user %s keeps the old name", user_id)
        return False
    return True


def roll_back_and_raise(user_id: int, name: str) -> None:
    with SessionLocal() as db:
        try:
            db.execute(RENAME, {"id": user_id, "name": name})
            db.commit()
        except SQLAlchemyError:
            db.rollback()
            raise


def nothing_can_fail_before_the_with(user_id: int) -> str | None:
    db = SessionLocal()
    wanted = user_id
    with db:
        return db.execute(NAME, {"id": wanted}).scalar()


def work_before_opening(user_id: int, totals: dict[str, int]) -> int:
    total = totals["Ann"]
    with SessionLocal() as db:
        db.execute(NAME, {"id": user_id})
    return total


def tell_afterwards(user_id: int, notify: Callable[[str], None]) -> None:
    with SessionLocal() as db:
        name = db.execute(NAME, {"id": user_id}).scalar()
    notify(name or "nobody")


def count_users() -> int:
    with engine.begin() as connection:
        return connection.execute(text("select count(*) from users")).scalar_one()


async def load_user_async(user_id: int) -> str | None:
    async with AsyncSessionLocal() as session:
        return await session.scalar(NAME, {"id": user_id})


async def rename_async(user_id: int, name: str) -> bool:
    try:
        async with AsyncSession(async_engine) as session:
            await session.execute(RENAME, {"id": user_id, "name": name})
            await session.commit()
    except SQLAlchemyError as error:
        logger.warning("user %s keeps the old name: %s", user_id, error)
        return False
    return True


async def rename_with_rollback(user_id: int, name: str) -> None:
    async with AsyncSessionLocal() as session:
        try:
            await session.execute(RENAME, {"id": user_id, "name": name})
            await session.commit()
        except BaseException:
            await session.rollback()
            raise


async def rename_in_transaction(user_id: int, name: str) -> None:
    async with async_engine.begin() as connection:
        await connection.execute(RENAME, {"id": user_id, "name": name})


async def newest_order(pool: asyncpg.Pool) -> int | None:
    async with pool.acquire() as conn, conn.transaction():
        return await conn.fetchval("select max(id) from orders")


def oldest_order() -> int | None:
    with psycopg.connect() as conn:
        row = conn.execute("select min(id) from orders").fetchone()
    return row[0] if row else None
