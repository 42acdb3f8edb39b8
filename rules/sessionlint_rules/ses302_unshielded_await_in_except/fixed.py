"""Sessions that are given back by an `await` in a handler that a cancellation leads into."""

import asyncio
from collections.abc import Awaitable, Callable

from sessionlint.shield import shielded, shielded_all
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

engine = create_async_engine("postgresql+asyncpg://")
AsyncSessionLocal = async_sessionmaker(engine, expire_on_commit=False)

COUNT = text("select count(*) from users")


async def count_users(db: AsyncSession, work: Callable[[], Awaitable[None]]) -> int:
    try:
        count = await db.scalar(COUNT)
        await work()
    except asyncio.CancelledError:
        await shielded(db.close())
        raise
    return count


async def count_users_or_undo(db: AsyncSession, work: Callable[[], Awaitable[None]]) -> int:
    try:
        count = await db.scalar(COUNT)
        await work()
    except BaseException:
        await shielded_all(db.rollback, db.close)
        raise
    return count


async def count_users_in_any_case(db: AsyncSession, work: Callable[[], Awaitable[None]]) -> int:
    try:
        count = await db.scalar(COUNT)
        await work()
    except:  # noqa: E722
        if db.in_transaction():
            await shielded(db.close())
        raise
    return count


async def count_users_of_two_kinds(db: AsyncSession, work: Callable[[], Awaitable[None]]) -> int:
    try:
        count = await db.scalar(COUNT)
        await work()
    except (RuntimeError, asyncio.CancelledError):
        try:
            if db.in_transaction():
                await shielded(db.rollback())
        finally:
            await shielded(db.close())
        raise
    return count
