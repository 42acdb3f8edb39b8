"""Cached functions and properties that hand one session to everybody."""

import functools
from functools import cache, cached_property, lru_cache

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, sessionmaker

engine = create_engine("sqlite:///shop.db")
SessionLocal = sessionmaker(bind=engine)
async_engine = create_async_engine("sqlite+aiosqlite:///shop.db")
AsyncSessionLocal = async_sessionmaker(async_engine, expire_on_commit=False)

NAME = text("select name from users where id = :id")
NAMES = text("select name from users order by id")
RENAME = text("update users set name = :name where id = :id")


@lru_cache  # want: SES201 "`get_session` is cached"
def get_session() -> Session:
    return SessionLocal()


@lru_cache(maxsize=None)  # want: SES201 "`get_db` is cached"
def get_db() -> Session:
    db = Session(engine)
    return db


@functools.lru_cache(maxsize=1)  # want: SES201 "`get_typed` is cached"
def get_typed() -> Session:
    return Session(engine, autoflush=False)


@cache  # want: SES201 "`session_for` is cached"
def session_for(tenant: str) -> Session:
    return SessionLocal(info={"tenant": tenant})


@functools.cache  # want: SES201 "`get_connection` is cached"
def get_connection() -> Connection:
    return engine.connect()


@cache  # want: SES201 "`indirect` is cached"
def indirect() -> Session:
    return _new_session()


def _new_session() -> Session:
    return SessionLocal()


@lru_cache  # want: SES201 "`get_async_session` is cached"
def get_async_session() -> AsyncSession:
    return AsyncSessionLocal()


@lru_cache(maxsize=None)  # want: SES201 "`get_other_async` is cached"
def get_other_async() -> AsyncSession:
    return AsyncSession(async_engine)


class _Repository:
    @cached_property  # want: SES201 "`session` is cached"
    def session(self) -> Session:
        return SessionLocal()

    @functools.cached_property  # want: SES201 "`reader` is cached"
    def reader(self) -> AsyncSession:
        return AsyncSessionLocal()


_repository = _Repository()


def load_user(user_id: int) -> str | None:
    return _repository.session.execute(NAME, {"id": user_id}).scalar()


async def load_user_async(user_id: int) -> str | None:
    return await _repository.reader.scalar(NAME, {"id": user_id})


def list_names() -> list[str]:
    return list(get_session().execute(NAMES).scalars())
