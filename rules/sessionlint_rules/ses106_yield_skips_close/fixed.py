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
    with SessionLocal() as db:
        yield db


def get_committed_db() -> Iterator[Session]:
    with Session(engine) as session:
        yield session
        session.commit()


def get_forgotten_db() -> Iterator[Session]:
    with SessionLocal() as db:
        yield db


def get_model_db() -> Iterator[ModelSession]:
    with ModelSession(engine) as db:
        yield db


def get_db_of_one_error() -> Iterator[Session]:
    with SessionLocal() as db:
        try:
            yield db
            db.commit()
        except SQLAlchemyError:
            db.rollback()
            raise


@contextmanager
def session_scope() -> Iterator[Session]:
    with SessionLocal() as session:
        yield session
        session.commit()


@contextmanager
def forgotten_scope() -> Iterator[Session]:
    with SessionLocal() as session:
        try:
            yield session
            session.execute(NAMES)
        except ValueError:
            session.rollback()
            raise


@contextmanager
def committed_scope() -> Iterator[Session]:
    with SessionLocal() as session:
        try:
            yield session
        except BaseException:
            session.rollback()
            raise
        else:
            session.commit()


@contextmanager
def scope_of_good_commits() -> Iterator[Session]:
    with SessionLocal() as session:
        try:
            yield session
        except BaseException:
            session.rollback()
            raise
        session.commit()


@contextmanager
def connected() -> Iterator[Connection]:
    with engine.connect() as connection:
        yield connection


async def get_session() -> AsyncIterator[AsyncSession]:
    async with AsyncSessionLocal() as session:
        yield session


async def get_committed_session() -> AsyncIterator[AsyncSession]:
    async with AsyncSession(async_engine) as session:
        yield session
        await session.commit()


async def get_forgotten_session() -> AsyncIterator[AsyncSession]:
    async with AsyncSessionLocal() as session:
        yield session


@asynccontextmanager
async def async_scope() -> AsyncIterator[AsyncSession]:
    async with AsyncSessionLocal() as session:
        yield session


@asynccontextmanager
async def async_connected() -> AsyncIterator[AsyncConnection]:
    async with async_engine.connect() as connection:
        yield connection
