"""Dependencies and context managers that give the session back whatever the caller does."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

from sqlalchemy import Connection, create_engine, text
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
    with SessionLocal() as db:
        yield db


def get_committed_db() -> Iterator[Session]:
    with SessionLocal.begin() as db:
        yield db


def get_model_db() -> Iterator[ModelSession]:
    with ModelSession(engine) as db:
        yield db


def get_db_or_roll_back() -> Iterator[Session]:
    with Session(engine) as db:
        try:
            yield db
            db.commit()
        except BaseException:
            db.rollback()
            raise


def get_db_and_go_on() -> Iterator[Session]:
    with SessionLocal() as db:
        yield db
        db.execute(NAMES)


@contextmanager
def session_scope() -> Iterator[Session]:
    with SessionLocal() as session, session.begin():
        yield session


@contextmanager
def connected() -> Iterator[Connection]:
    with engine.connect() as connection:
        yield connection


@contextmanager
def opened_and_managed_below() -> Iterator[Session]:
    session = SessionLocal()
    with session:
        yield session


async def get_session() -> AsyncIterator[AsyncSession]:
    async with AsyncSessionLocal() as session:
        yield session


async def get_committed_session() -> AsyncIterator[AsyncSession]:
    async with AsyncSession(async_engine) as session:
        yield session
        await session.commit()


@asynccontextmanager
async def async_scope() -> AsyncIterator[AsyncSession]:
    async with AsyncSessionLocal.begin() as session:
        yield session


@asynccontextmanager
async def stacked() -> AsyncIterator[AsyncSession]:
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(AsyncSessionLocal())
        yield session


@asynccontextmanager
async def async_connected() -> AsyncIterator[AsyncConnection]:
    async with async_engine.connect() as connection:
        yield connection
