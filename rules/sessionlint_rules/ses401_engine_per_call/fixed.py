"""Functions that build an engine, and with it a pool, each time they run."""

from collections.abc import Sequence
from functools import lru_cache

import asyncpg
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, sessionmaker
from sqlmodel import Session as ModelSession
from sqlmodel import create_engine as create_model_engine

URL = "sqlite:///shop.db"
ASYNC_URL = "sqlite+aiosqlite:///shop.db"
NAME = text("select name from users where id = :id")
NAMES = text("select name from users order by id")


@lru_cache(maxsize=None)
def get_engine() -> Engine:
    return create_engine(URL)


def load_user(user_id: int) -> str | None:
    with get_engine().connect() as connection:
        return connection.execute(NAME, {"id": user_id}).scalar()


def list_names() -> list[str]:
    with Session(get_engine()) as db:
        return list(db.execute(NAMES).scalars())
