"""Clean-up in a `finally` that no cancellation cuts off, and awaits that release nothing."""

import asyncio
from collections.abc import Awaitable, Callable

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from sessionlint.shield import shielded, shielded_all, uncancellable

engine = create_async_engine("postgresql+asyncpg://")
AsyncSessionLocal = async_sessionmaker(engine, expire_on_commit=False)

COUNT = text("select count(*) from users")


async def count_users(db: AsyncSession, work: Callable[[], Awaitable[None]]) -> int:
    try:
        count = await db.scalar(COUNT)
        await work()
        return count
    finally:
        await shielded(db.close())


async def count_users_and_undo(db: AsyncSession, work: Callable[[], Awaitable[None]]) -> int:
    try:
        count = await db.scalar(COUNT)
        await work()
        return count
    finally:
        await shielded_all(db.rollback, db.close)


async def count_users_managed(work: Callable[[], Awaitable[None]]) -> int:
    async with AsyncSessionLocal() as db:
        count = await db.scalar(COUNT)
        await work()
        return count


async def count_users_in_steps(db: AsyncSession, work: Callable[[], Awaitable[None]]) -> int:
    try:
        count = await db.scalar(COUNT)
        await work()
        return count
    finally:
        try:
            await asyncio.sleep(0)
        finally:
            await shielded(db.close())


@uncancellable
async def _close_session(session: AsyncSession) -> None:
    try:
        await session.rollback()
    finally:
        await session.close()


async def count_users_with_helper(db: AsyncSession, work: Callable[[], Awaitable[None]]) -> int:
    try:
        count = await db.scalar(COUNT)
        await work()
        return count
    finally:
        await _close_session(db)
