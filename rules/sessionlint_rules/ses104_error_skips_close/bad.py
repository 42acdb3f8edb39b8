"""Sessions that are closed only when nothing goes wrong."""

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
    db = Session(engine)  # want: SES104 "`db` is still open when"
    name = db.execute(NAME, {"id": user_id}).scalar()
    db.close()
    return name


def rename_user(user_id: int, name: str) -> None:
    session = SessionLocal()  # want: SES104 "`session` is still open when"
    session.execute(RENAME, {"id": user_id, "name": name})
    session.commit()
    session.close()


def log_and_go_on(user_id: int, name: str) -> bool:
    db = SessionLocal()  # want: SES104 "`db` is still open when"
    try:
        db.execute(RENAME, {"id": user_id, "name": name})
        db.commit()
        db.close()
    except SQLAlchemyError:
        logger.exception("user %s keeps the old name", user_id)
        return False
    return True


def handler_for_another_error(user_id: int) -> str:
    db = SessionLocal()  # want: SES104 "`db` is still open when"
    try:
        name = db.execute(NAME, {"id": user_id}).scalar_one()
    except ValueError:
        db.close()
        return "nobody"
    db.close()
    return name


def work_before_the_try(user_id: int, text_of: Callable[[str], object]) -> object:
    db = SessionLocal()  # want: SES104 "`db` is still open when"
    name = db.execute(NAME, {"id": user_id}).scalar()
    try:
        return text_of(name or "")
    finally:
        db.close()


def work_in_the_finally(user_id: int, notify: Callable[[str], None]) -> None:
    db = SessionLocal()  # want: SES104 "`db` is still open when"
    try:
        db.execute(NAME, {"id": user_id})
    finally:
        notify("done")
        db.close()


def commit_in_the_finally(user_id: int, name: str) -> None:
    db = SessionLocal()  # want: SES104 "`db` is still open when"
    try:
        db.execute(RENAME, {"id": user_id, "name": name})
    finally:
        db.commit()
        db.close()


def not_only_sql(totals: dict[str, int]) -> int:
    db = SessionLocal()  # want: SES104 "`db` is still open when"
    name = db.execute(NAMES).scalars().first()
    total = totals[name]
    db.close()
    return total


class _Committing(Session):
    """Commits when its `with` ends, so that only `closing` does what its close does."""

    def __exit__(self, *error: object) -> None:
        self.commit()
        self.close()


def rename_in_vain(user_id: int, name: str) -> None:
    db = _Committing(engine)  # want: SES104 "`db` is still open when"
    db.execute(RENAME, {"id": user_id, "name": name})
    db.close()


def count_users() -> int:
    connection = engine.connect()  # want: SES104 "`connection` is still open when"
    count = connection.execute(text("select count(*) from users")).scalar_one()
    connection.close()
    return count


def names_by_cursor() -> list[str]:
    connection = engine.raw_connection()  # want: SES104 "`connection` is still open when"
    cursor = connection.cursor()
    cursor.execute("select name from users")
    names = [row[0] for row in cursor.fetchall()]
    connection.close()
    return names


def first_opened_first_closed(user_id: int) -> str | None:
    session = SessionLocal()  # want: SES104 "`session` is still open when"
    connection = engine.connect()  # want: SES104 "`connection` is still open when"
    session.execute(RENAME, {"id": user_id, "name": "Ann"})
    name = connection.execute(NAME, {"id": user_id}).scalar()
    session.close()
    connection.close()
    return name


def both_closed_at_last(user_id: int) -> str | None:
    session = SessionLocal()  # want: SES104 "`session` is still open when"
    name = session.execute(NAME, {"id": user_id}).scalar()
    raw = engine.raw_connection()  # want: SES101 "`raw` is closed by hand"
    try:
        raw.cursor().execute("select name from users")
        return name
    finally:
        session.close()
        raw.close()


async def load_user_async(user_id: int) -> str | None:
    session = AsyncSessionLocal()  # want: SES104 "`session` is still open when"
    name = await session.scalar(NAME, {"id": user_id})
    await session.close()
    return name


async def rename_async(user_id: int, name: str) -> bool:
    session = AsyncSession(async_engine)  # want: SES104 "`session` is still open when"
    try:
        await session.execute(RENAME, {"id": user_id, "name": name})
        await session.commit()
    except SQLAlchemyError as error:
        logger.warning("user %s keeps the old name: %s", user_id, error)
        return False
    await session.close()
    return True


async def names_of_two(user_id: int) -> list[str | None]:
    first = AsyncSessionLocal()  # want: SES104 "`first` is still open when"
    second = AsyncSession(async_engine)  # want: SES104 "`second` is still open when"
    db = SessionLocal()  # want: SES104 "`db` is still open when"
    names = [await first.scalar(NAME, {"id": user_id})]
    names += [await second.scalar(NAME, {"id": user_id}), db.scalar(NAMES)]
    await first.close()
    await second.close()
    db.close()
    return names


async def newest_order() -> int | None:
    conn = await asyncpg.connect()  # want: SES104 "`conn` is still open when"
    order = await conn.fetchval("select max(id) from orders")
    await conn.close()
    return order


async def newest_order_of_pool(pool: asyncpg.Pool) -> int | None:
    conn = await pool.acquire()  # want: SES104 "`conn` is still open when"
    order = await conn.fetchval("select max(id) from orders")
    await pool.release(conn)
    return order


def oldest_order() -> int | None:
    conn = psycopg.connect()  # want: SES104 "`conn` is still open when"
    row = conn.execute("select min(id) from orders").fetchone()
    conn.close()
    return row[0] if row else None
