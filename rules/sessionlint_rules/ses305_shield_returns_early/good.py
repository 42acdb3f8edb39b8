"""Clean-up that is waited for, and shields around what is no clean-up of a database."""

import asyncio
from collections.abc import Awaitable, Callable

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from sessionlint.shield import shielded

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


async def _say(text: str) -> None:
    print(text)


async def count_users_and_say(work: Callable[[], Awaitable[None]]) -> int:
    async with AsyncSessionLocal() as db:
        count = await db.scalar(COUNT)
        await work()
        await asyncio.shield(_say(str(count)))
        return count
