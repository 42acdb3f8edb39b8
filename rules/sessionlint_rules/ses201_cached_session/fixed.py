"""Cached functions and properties that hand one session to everybody."""

import functools
from functools import cached_property, lru_cache

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


def get_db() -> Session:
    db = Session(engine)
    return db


def get_typed() -> Session:
    return Session(engine, autoflush=False)


def session_for(tenant: str) -> Session:
    return SessionLocal(info={"tenant": tenant})


def get_connection() -> Connection:
    return engine.connect()


def indirect() -> Session:
    return _new_session()


def _new_session() -> Session:
    return SessionLocal()


def get_async_session() -> AsyncSession:
    return AsyncSessionLocal()


def get_other_async() -> AsyncSession:
    return AsyncSession(async_engine)
