"""Clean-up that `asyncio.shield` lets go on when nobody waits for it any more."""

import asyncio
from asyncio import shield
from collections.abc import Awaitable, Callable

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

engine = create_async_engine("postgresql+asyncpg://")
AsyncSessionLocal = async_sessionmaker(engine, expire_on_commit=False)

COUNT = text("select count(*) from users")


async def count_users(db: AsyncSession, work: Callable[[], Awaitable[None]]) -> int:
    try:
        count = await db.scalar(COUNT)
        await work()
        return count
    finally:
        await asyncio.shield(db.close())  # want: SES305 "goes on while `db.close()` still runs"


async def count_users_in_task(db: AsyncSession, work: Callable[[], Awaitable[None]]) -> int:
    try:
        count = await db.scalar(COUNT)
        await work()
        return count
    finally:
        await asyncio.shield(asyncio.create_task(db.close()))  # want: SES305 "`db.close()` still"


class Report:
    def __init__(self) -> None:
        self.session = AsyncSessionLocal()

    async def run(self, work: Callable[[], Awaitable[None]]) -> int:
        try:
            count = await self.session.scalar(COUNT)
            await work()
        finally:
            await shield(self.session.close())  # want: SES305 "`self.session.close()` still runs"
        return count


async def run_report(work: Callable[[], Awaitable[None]]) -> int:
    return await Report().run(work)
