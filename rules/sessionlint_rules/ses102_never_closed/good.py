"""Sessions that are closed, and sessions that are handed to somebody who closes them."""

import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager

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


def print_names(show: Callable[[str], None]) -> None:
    with SessionLocal() as db:
        for name in db.execute(NAMES).scalars():
            show(name)


def new_session() -> Session:
    return SessionLocal()


def prepared_session() -> Session:
    db = SessionLocal(autoflush=False)
    return db


def both(user_id: int) -> tuple[str | None, int]:
    with new_session() as db, prepared_session() as other:
        count = other.execute(text("select count(*) from users")).scalar_one()
        return db.execute(NAME, {"id": user_id}).scalar(), count


class _UnitOfWork:
    """Keeps a session from entry to exit."""

    def __enter__(self) -> "_UnitOfWork":
        self.session = SessionLocal()
        return self

    def __exit__(self, *error: object) -> None:
        self.session.close()


def names_by_unit() -> list[str]:
    with _UnitOfWork() as unit:
        return list(unit.session.execute(NAMES).scalars())


class _Repository:
    """Owns its session; `close` gives it back."""

    def __init__(self) -> None:
        session = SessionLocal()
        self._session = session

    def names(self) -> list[str]:
        return list(self._session.execute(NAMES).scalars())

    def close(self) -> None:
        self._session.close()


@contextmanager
def _repository() -> Iterator[_Repository]:
    repository = _Repository()
    try:
        yield repository
    finally:
        repository.close()


def names_by_repository() -> list[str]:
    with _repository() as repository:
        return repository.names()


class _Rows:
    """Rows that are read while they are asked for."""

    def __init__(self, db: Session) -> None:
        self._db = db
        self._end = weakref.finalize(self, db.close)

    def names(self) -> list[str]:
        return list(self._db.execute(NAMES).scalars())


def rows() -> _Rows:
    db = SessionLocal()
    return _Rows(db)


def borrowed(db: Session) -> list[str]:
    session = db
    return list(session.execute(NAMES).scalars())


def session_of_a_connection() -> list[str]:
    with engine.connect() as connection:
        with Session(bind=connection) as db:
            return list(db.execute(NAMES).scalars())


def factory_of_a_connection() -> list[str]:
    with engine.connect() as connection:
        db = sessionmaker(bind=connection)()
        return list(db.execute(NAMES).scalars())


def factory_lent_a_connection() -> list[str]:
    with engine.connect() as connection:
        db = SessionLocal(bind=connection)
        return list(db.execute(NAMES).scalars())


def no_session_at_all(user_id: int) -> str:
    session = {"id": user_id}
    return "{id}".format(**session)


async def load_user_async(user_id: int) -> str | None:
    async with AsyncSessionLocal() as session:
        return await session.scalar(NAME, {"id": user_id})


def new_async_session() -> AsyncSession:
    session = AsyncSession(async_engine)
    return session


async def names_of_new_session() -> list[str]:
    async with new_async_session() as session:
        return list(await session.scalars(NAMES))


async def count_users_async() -> int:
    async with async_engine.connect() as connection:
        result = await connection.execute(text("select count(*) from users"))
    return result.scalar_one()


async def newest_order(pool: asyncpg.Pool) -> int | None:
    async with pool.acquire() as conn:
        return await conn.fetchval("select max(id) from orders")


def oldest_order() -> int | None:
    with psycopg.connect() as conn:
        row = conn.execute("select min(id) from orders").fetchone()
        return row[0] if row else None
