"""Transactions whose end is protected together with that of their session."""

from collections.abc import Awaitable, Callable

from sqlalchemy import text
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

engine = create_async_engine("postgresql+asyncpg://")
AsyncSessionLocal = async_sessionmaker(engine, expire_on_commit=False)

COUNT = text("select count(*) from users")


async def count_users(work: Callable[[], Awaitable[None]]) -> int:
    async with AsyncSessionLocal.begin() as db:
        count = await db.scalar(COUNT)
        await work()
        return count


async def count_users_twice(work: Callable[[], Awaitable[None]]) -> int:
    async with AsyncSessionLocal() as db:
        async with db.begin():
            first = await db.scalar(COUNT)
        async with db.begin():
            second = await db.scalar(COUNT)
        await work()
        return first + second
