"""Sessions that are closed only when nothing goes wrong."""

import logging
from collections.abc import Callable
from contextlib import closing

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
        name = db.execute(NAME, {"id": user_id}).scalar()
    return name


def rename_user(user_id: int, name: str) -> None:
    with SessionLocal() as session:
        session.execute(RENAME, {"id": user_id, "name": name})
        session.commit()


def log_and_go_on(user_id: int, name: str) -> bool:
    with SessionLocal() as db:
        try:
            db.execute(RENAME, {"id": user_id, "name": name})
            db.commit()
        except SQLAlchemyError:
            logger.exception("user %s keeps the old name", user_id)
            return False
    return True


def handler_for_another_error(user_id: int) -> str:
    with SessionLocal() as db:
        try:
            name = db.execute(NAME, {"id": user_id}).scalar_one()
        except ValueError:
            return "nobody"
    return name


def work_before_the_try(user_id: int, text_of: Callable[[str], object]) -> object:
    with SessionLocal() as db:
        name = db.execute(NAME, {"id": user_id}).scalar()
        return text_of(name or "")


def work_in_the_finally(user_id: int, notify: Callable[[str], None]) -> None:
    with SessionLocal() as db:
        try:
            db.execute(NAME, {"id": user_id})
        finally:
            notify("done")


def commit_in_the_finally(user_id: int, name: str) -> None:
    with SessionLocal() as db:
        try:
            db.execute(RENAME, {"id": user_id, "name": name})
        finally:
            db.commit()


def not_only_sql(totals: dict[str, int]) -> int:
    with SessionLocal() as db:
        name = db.execute(NAMES).scalars().first()
        total = totals[name]
    return total


class _Committing(Session):
    """Commits when its `with` ends, so that only `closing` does what its close does."""

    def __exit__(self, *error: object) -> None:
        self.commit()
        self.close()


def rename_in_vain(user_id: int, name: str) -> None:
    with closing(_Committing(engine)) as db:
        db.execute(RENAME, {"id": user_id, "name": name})


def count_users() -> int:
    with engine.connect() as connection:
        count = connection.execute(text("select count(*) from users")).scalar_one()
    return count


def names_by_cursor() -> list[str]:
    with closing(engine.raw_connection()) as connection:
        cursor = connection.cursor()
        cursor.execute("select name from users")
        names = [row[0] for row in cursor.fetchall()]
    return names


def first_opened_first_closed(user_id: int) -> str | None:
    with SessionLocal() as session, engine.connect() as connection:
        session.execute(RENAME, {"id": user_id, "name": "Ann"})
        name = connection.execute(NAME, {"id": user_id}).scalar()
    return name


def both_closed_at_last(user_id: int) -> str | None:
    with SessionLocal() as session:
        name = session.execute(NAME, {"id": user_id}).scalar()
        with closing(engine.raw_connection()) as raw:
            raw.cursor().execute("select name from users")
            return name


async def load_user_async(user_id: int) -> str | None:
    async with AsyncSessionLocal() as session:
        name = await session.scalar(NAME, {"id": user_id})
    return name


async def rename_async(user_id: int, name: str) -> bool:
    async with AsyncSession(async_engine) as session:
        try:
            await session.execute(RENAME, {"id": user_id, "name": name})
            await session.commit()
        except SQLAlchemyError as error:
            logger.warning("user %s keeps the old name: %s", user_id, error)
            return False
    return True


async def names_of_two(user_id: int) -> list[str | None]:
    async with AsyncSessionLocal() as first, AsyncSession(async_engine) as second:
        with SessionLocal() as db:
            names = [await first.scalar(NAME, {"id": user_id})]
            names += [await second.scalar(NAME, {"id": user_id}), db.scalar(NAMES)]
    return names


async def newest_order() -> int | None:
    conn = await asyncpg.connect()
    try:
        order = await conn.fetchval("select max(id) from orders")
    finally:
        await conn.close()
    return order


async def newest_order_of_pool(pool: asyncpg.Pool) -> int | None:
    async with pool.acquire() as conn:
        order = await conn.fetchval("select max(id) from orders")
    return order


def oldest_order() -> int | None:
    with closing(psycopg.connect()) as conn:
        row = conn.execute("select min(id) from orders").fetchone()
    return row[0] if row else None
