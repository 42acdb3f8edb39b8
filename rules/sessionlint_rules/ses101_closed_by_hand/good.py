"""Sessions that a context manager closes, and sessions that somebody else owns."""

from contextlib import AsyncExitStack, ExitStack, aclosing, closing

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
    with SessionLocal.begin() as db:
        db.execute(RENAME, {"id": user_id, "name": name})


def first_name_or_none() -> str | None:
    with SessionLocal() as db, db.begin():
        row = db.execute(NAMES).first()
        if row is None:
            return None
        return row.name


def with_on_a_later_line(user_id: int) -> str | None:
    db = SessionLocal()
    with db:
        return db.execute(NAME, {"id": user_id}).scalar()


def close_inside_with() -> list[str]:
    with SessionLocal() as db:
        names = list(db.execute(NAMES).scalars())
        db.close()
    return names


def count_users() -> int:
    with engine.connect() as connection:
        return connection.execute(text("select count(*) from users")).scalar_one()


def names_by_cursor() -> list[str]:
    with closing(engine.raw_connection()) as connection:
        cursor = connection.cursor()
        cursor.execute("select name from users")
        return [row[0] for row in cursor.fetchall()]


def names_by_stack() -> list[str]:
    with ExitStack() as stack:
        db = stack.enter_context(SessionLocal())
        return list(db.execute(NAMES).scalars())


def names_by_callback() -> list[str]:
    with ExitStack() as stack:
        db = SessionLocal()
        stack.callback(db.close)
        return list(db.execute(NAMES).scalars())


def own_or_given(user_id: int, is_own: bool) -> str | None:
    with SessionLocal() as outer:
        return _name(user_id, None if is_own else outer)


def _name(user_id: int, db: Session | None) -> str | None:
    own_session = db is None
    if db is None:
        db = SessionLocal()
    try:
        return db.execute(NAME, {"id": user_id}).scalar()
    finally:
        if own_session:
            db.close()


def is_up() -> bool:
    # Nothing happens between the two, so that a `with` would hold nothing.
    connection = engine.connect()
    connection.close()
    return True


async def is_up_async() -> bool:
    try:
        connection = await async_engine.connect()
        await connection.close()
    except OSError:
        return False
    return True


async def load_user_async(user_id: int) -> str | None:
    async with AsyncSessionLocal() as session:
        return await session.scalar(NAME, {"id": user_id})


async def rename_async(user_id: int, name: str) -> None:
    async with AsyncSession(async_engine) as session, session.begin():
        await session.execute(RENAME, {"id": user_id, "name": name})


async def names_async() -> list[str]:
    async with aclosing(AsyncSessionLocal()) as session:
        return list(await session.scalars(NAMES))


async def names_by_stack_async() -> list[str]:
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(AsyncSessionLocal())
        return list(await session.scalars(NAMES))


async def newest_order(pool: asyncpg.Pool) -> int | None:
    async with pool.acquire() as connection:
        return await connection.fetchval("select max(id) from orders")


async def newest_order_alone() -> int | None:
    # A driver connection is no context manager; try/finally is its right form.
    connection = await asyncpg.connect()
    try:
        return await connection.fetchval("select max(id) from orders")
    finally:
        await connection.close()
