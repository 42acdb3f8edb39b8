"""Scripts, tasks and helpers that take their session out of a dependency by hand."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

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


def _get_db() -> Iterator[Session]:
    with SessionLocal() as db:
        yield db


def _get_committed_db() -> Iterator[Session]:
    with SessionLocal() as db:
        yield db
        db.commit()


async def _get_session() -> AsyncIterator[AsyncSession]:
    async with AsyncSessionLocal() as session:
        yield session


async def _get_committed_session() -> AsyncIterator[AsyncSession]:
    async with AsyncSessionLocal() as session:
        yield session
        await session.commit()


async def _get_guarded_session() -> AsyncIterator[AsyncSession]:
    async with AsyncSessionLocal() as session:
        try:
            yield session
        except ValueError:
            await session.rollback()
            raise


def rename(user_id: int, name: str) -> None:
    with contextmanager(_get_db)() as db:
        db.execute(RENAME, {"id": user_id, "name": name})
        db.commit()


def rename_in_vain(user_id: int, name: str) -> None:
    with contextmanager(_get_committed_db)() as db:
        db.execute(RENAME, {"id": user_id, "name": name})


async def find_name(user_id: int) -> str | None:
    async with asynccontextmanager(_get_session)() as session:
        return (await session.execute(NAME, {"id": user_id})).scalar()
    return None


async def rename_later(user_id: int, name: str) -> None:
    async with asynccontextmanager(_get_session)() as session:
        await session.execute(RENAME, {"id": user_id, "name": name})
        await session.commit()


async def rename_in_vain_later(user_id: int, name: str) -> None:
    async with asynccontextmanager(_get_committed_session)() as session:
        await session.execute(RENAME, {"id": user_id, "name": name})


async def find_guarded_name(user_id: int) -> str | None:
    async with asynccontextmanager(_get_guarded_session)() as session:
        name = (await session.execute(NAME, {"id": user_id})).scalar()
        if name is None:
            return None
        return str(name)
    return None
