"""Dependencies that are entered, injected or brought to their end, and calls that look alike."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, sessionmaker

engine = create_engine("sqlite:///shop.db")
SessionLocal = sessionmaker(bind=engine)
async_engine = create_async_engine("sqlite+aiosqlite:///shop.db")
AsyncSessionLocal = async_sessionmaker(async_engine, expire_on_commit=False)

NAME = text("select name from users where id = :id")
NAMES = text("select name from users order by id")


def _get_db() -> Iterator[Session]:
    with SessionLocal() as db:
        yield db


async def _get_session() -> AsyncIterator[AsyncSession]:
    async with AsyncSessionLocal() as session:
        yield session


@contextmanager
def _session_scope() -> Iterator[Session]:
    with SessionLocal() as db:
        yield db


def _sessions(count: int) -> Iterator[Session]:
    for _ in range(count):
        with SessionLocal() as db:
            yield db


def entered() -> str | None:
    with contextmanager(_get_db)() as db:
        return db.execute(NAMES).scalars().first()


def managed() -> str | None:
    with _session_scope() as db:
        return db.execute(NAMES).scalars().first()


def brought_to_its_end() -> str | None:
    generator = _get_db()
    db = next(generator)
    try:
        return db.execute(NAMES).scalars().first()
    finally:
        next(generator, None)


def closed_by_hand() -> str | None:
    generator = _get_db()
    db = next(generator)
    try:
        return db.execute(NAMES).scalars().first()
    finally:
        db.close()


def closed_by_closing() -> str | None:
    with closing(next(_get_db())) as db:
        return db.execute(NAMES).scalars().first()


def only_asked() -> bool:
    db = next(_get_db())
    return isinstance(db, Session)


def one_turn() -> str | None:
    for db in _get_db():
        return db.execute(NAMES).scalars().first()
    return None


def lent_on() -> Iterator[Session]:
    yield from _get_db()


def of_the_first(user_id: int) -> str | None:
    return next((str(name) for name in _names() if user_id > 0), None)


def _names() -> list[str]:
    with SessionLocal() as db:
        return list(db.scalars(NAMES))


@pytest.fixture
async def _session() -> AsyncIterator[AsyncSession]:
    async for session in _get_session():
        yield session


async def async_entered(user_id: int) -> str | None:
    async with asynccontextmanager(_get_session)() as session:
        return (await session.execute(NAME, {"id": user_id})).scalar()


class _Shop:
    def __init__(self, db: Session) -> None:
        self._db = db

    def names(self) -> list[str]:
        return list(self._db.scalars(NAMES))


def _get_shop() -> Iterator[_Shop]:
    db = SessionLocal()
    try:
        yield _Shop(db)
    finally:
        db.close()


def entered_shop() -> list[str]:
    with contextmanager(_get_shop)() as shop:
        return shop.names()
