"""Sessions of a maker whose transaction is entered apart from them."""

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


async def count_users_inside(work: Callable[[], Awaitable[None]]) -> int:
    async with AsyncSessionLocal.begin() as session:
        # All or nothing.
        count = await session.scalar(COUNT)
        await work()
        return count


class Counter:
    def __init__(self) -> None:
        self.maker = async_sessionmaker(engine)

    async def count(self, work: Callable[[], Awaitable[None]]) -> int:
        async with self.maker.begin() as db:
            count = await db.scalar(COUNT)
            await work()
            return count


async def count_with_counter(work: Callable[[], Awaitable[None]]) -> int:
    return await Counter().count(work)
