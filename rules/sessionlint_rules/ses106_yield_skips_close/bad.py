"""Dependencies and context managers that forget their session when the caller fails."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import Session, sessionmaker
from sqlmodel import Session as ModelSession

engine = create_engine("sqlite:///shop.db")
SessionLocal = sessionmaker(bind=engine)
async_engine = create_async_engine("sqlite+aiosqlite:///shop.db")
AsyncSessionLocal = async_sessionmaker(async_engine, expire_on_commit=False)

NAME = text("select name from users where id = :id")
NAMES = text("select name from users order by id")
RENAME = text("update users set name = :name where id = :id")


def get_db() -> Iterator[Session]:
    db = SessionLocal()  # want: SES106 "`db` is still open when the `yield`"
    yield db
    db.close()


def get_committed_db() -> Iterator[Session]:
    session = Session(engine)  # want: SES106 "`session` is still open when the `yield`"
    yield session
    session.commit()
    session.close()


def get_forgotten_db() -> Iterator[Session]:
    db = SessionLocal()  # want: SES106 "`db` is lent by a `yield` and never closed"
    yield db


def get_model_db() -> Iterator[ModelSession]:
    db = ModelSession(engine)  # want: SES106 "`db` is still open when the `yield`"
    yield db
    db.close()


def get_db_of_one_error() -> Iterator[Session]:
    db = SessionLocal()  # want: SES106 "`db` is still open when the `yield`"
    try:
        yield db
        db.commit()
    except SQLAlchemyError:
        db.rollback()
        db.close()
        raise
    else:
        db.close()


@contextmanager
def session_scope() -> Iterator[Session]:
    session = SessionLocal()  # want: SES106 "`session` is still open when the `yield`"
    yield session
    session.commit()
    session.close()


@contextmanager
def forgotten_scope() -> Iterator[Session]:
    session = SessionLocal()  # want: SES106 "`session` is lent by a `yield` and never closed"
    try:
        yield session
        session.execute(NAMES)
    except ValueError:
        session.rollback()
        raise


@contextmanager
def committed_scope() -> Iterator[Session]:
    session = SessionLocal()  # want: SES106 "and never closed, and holds its connection when"
    try:
        yield session
    except BaseException:
        session.rollback()
        raise
    else:
        session.commit()


@contextmanager
def scope_of_good_commits() -> Iterator[Session]:
    session = SessionLocal()  # want: SES106 "`session` is still open when `scope"
    try:
        yield session
    except BaseException:
        session.rollback()
        raise
    session.commit()
    session.close()


@contextmanager
def connected() -> Iterator[Connection]:
    connection = engine.connect()  # want: SES106 "`connection` is still open when the `yield`"
    yield connection
    connection.close()


async def get_session() -> AsyncIterator[AsyncSession]:
    session = AsyncSessionLocal()  # want: SES106 "`session` is still open when the `yield`"
    yield session
    await session.close()


async def get_committed_session() -> AsyncIterator[AsyncSession]:
    session = AsyncSession(async_engine)  # want: SES106 "`session` is still open when the `yield`"
    yield session
    await session.commit()
    await session.close()


async def get_forgotten_session() -> AsyncIterator[AsyncSession]:
    session = AsyncSessionLocal()  # want: SES106 "`session` is lent by a `yield` and never closed"
    yield session


@asynccontextmanager
async def async_scope() -> AsyncIterator[AsyncSession]:
    session = AsyncSessionLocal()  # want: SES106 "`session` is still open when the `yield`"
    yield session
    await session.close()


@asynccontextmanager
async def async_connected() -> AsyncIterator[AsyncConnection]:
    connection = await async_engine.connect()  # want: SES106 "`connection` is still open when"
    yield connection
    await connection.close()
