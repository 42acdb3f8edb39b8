"""Context managers that give their session back by an `await` with nothing to protect it."""

from collections.abc import Awaitable, Callable

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

engine = create_async_engine("postgresql+asyncpg://")
AsyncSessionLocal = async_sessionmaker(engine, expire_on_commit=False)

COUNT = text("select count(*) from users")


class UnitOfWork:
    def __init__(self) -> None:
        self.session = AsyncSessionLocal()  # want: SES110 "open when `__aexit__` fails"

    async def __aenter__(self) -> AsyncSession:
        return self.session

    async def __aexit__(self, kind: object, error: object, trace: object) -> None:
        if kind:
            await self.session.rollback()  # want: SES303 "`self.session.close()` on line 28 is"
        else:
            await self.session.commit()  # want: SES303 "`self.session.close()` on line 28 is"

        # Whatever has happened.
        await self.session.close()  # want: SES303 "session `self.session` is not given back"


async def count_users(work: Callable[[], Awaitable[None]]) -> int:
    async with UnitOfWork() as session:
        count = await session.scalar(COUNT)
        await work()
        return count


class Repository:
    def __init__(self) -> None:
        self._session = AsyncSessionLocal()

    async def __aenter__(self) -> "Repository":
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()  # want: SES303 "a cancellation in `__aexit__` cuts `self.close()` off"

    async def count(self) -> int:
        return await self._session.scalar(COUNT)

    async def close(self) -> None:
        await self._session.close()


async def count_with_repository(work: Callable[[], Awaitable[None]]) -> int:
    async with Repository() as repository:
        count = await repository.count()
        await work()
        return count


class Undoing:
    def __init__(self) -> None:
        self.session = AsyncSessionLocal()

    async def __aenter__(self) -> AsyncSession:
        return self.session

    async def __aexit__(self, *error: object) -> None:
        await self.session.rollback()  # want: SES303 "`self.session.close()` on line 71 is"
        await self.session.close()  # want: SES303 "session `self.session` is not given back"


async def count_and_undo(work: Callable[[], Awaitable[None]]) -> int:
    async with Undoing() as session:
        count = await session.scalar(COUNT)
        await work()
        return count
