"""Sessions that are used after they were closed."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import column, create_engine, table, text
from sqlalchemy.exc import NoResultFound
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, sessionmaker

engine = create_engine("sqlite:///shop.db")
SessionLocal = sessionmaker(bind=engine)
async_engine = create_async_engine("sqlite+aiosqlite:///shop.db")
AsyncSessionLocal = async_sessionmaker(async_engine, expire_on_commit=False)

NAME = text("select name from users where id = :id")
USERS = table("users", column("id"), column("name"))
NAMES = text("select name from users order by id")


def _get_db() -> Session:
    db = SessionLocal()
    try:
        return db
    finally:
        db.close()


def load_user(user_id: int) -> str | None:
    with _get_db() as db:
        return db.execute(NAME, {"id": user_id}).scalar()
