"""Sessions that are given back by an `await` in a `finally`, with nothing to protect it."""

import asyncio
from collections.abc import Awaitable, Callable

from sessionlint.shield import shielded, shielded_all
from sqlalchemy import text
from sqlalchemy.ext.asyncio import (
    AsyncSession,
    async_scoped_session,
    async_sessionmaker,
    create_async_engine,
)

engine = create_async_engine("postgresql+asyncpg://")
AsyncSessionLocal = async_sessionmaker(engine, expire_on_commit=False)
registry = async_scoped_session(AsyncSessionLocal, scopefunc=asyncio.current_task)

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
        # Nothing is to be kept.
        await shielded_all(db.rollback, db.close)


async def count_users_in_time(db: AsyncSession, work: Callable[[], Awaitable[None]]) -> int:
    try:
        count = await db.scalar(COUNT)
        await work()
        return count
    finally:
        if db.in_transaction():
            await shielded(asyncio.wait_for(db.close(), 5))


async def count_users_of_request(work: Callable[[], Awaitable[None]]) -> int:
    try:
        count = await registry.scalar(COUNT)
        await work()
        return count
    finally:
        await shielded(registry.remove())


class Report:
    def __init__(self) -> None:
        self.session = AsyncSessionLocal()

    async def run(self, work: Callable[[], Awaitable[None]]) -> int:
        try:
            count = await self.session.scalar(COUNT)
            await work()
        finally:
            await shielded(self.session.close())
        return count


async def run_report(work: Callable[[], Awaitable[None]]) -> int:
    return await Report().run(work)


async def _close_session(session: AsyncSession) -> None:
    await session.close()


async def count_users_with_helper(db: AsyncSession, work: Callable[[], Awaitable[None]]) -> int:
    try:
        count = await db.scalar(COUNT)
        await work()
        return count
    finally:
        await shielded(_close_session(db))


async def count_users_and_undo(db: AsyncSession, work: Callable[[], Awaitable[None]]) -> int:
    try:
        count = await db.scalar(COUNT)
        await work()
        return count
    finally:

        try:
            # Nobody is to see the half of it.
            if db.is_active:
                await shielded(db.rollback())
        finally:
            await shielded(db.close())
