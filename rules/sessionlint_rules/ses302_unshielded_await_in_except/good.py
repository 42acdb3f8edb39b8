"""Handlers whose clean-up runs to its end, and those that no cancellation reaches."""

import asyncio
from collections.abc import Awaitable, Callable

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from sessionlint.shield import shielded, shielded_all

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


async def count_users_or_zero(work: Callable[[], Awaitable[None]]) -> int:
    async with AsyncSessionLocal() as db:
        try:
            count = await db.scalar(COUNT)
        except Exception:
            await db.close()
            return 0
        await work()
        return count


async def count_users_managed(work: Callable[[], Awaitable[None]]) -> int:
    async with AsyncSessionLocal() as db:
        try:
            count = await db.scalar(COUNT)
            await work()
        except asyncio.CancelledError:
            print("given up")
            raise
        return count
