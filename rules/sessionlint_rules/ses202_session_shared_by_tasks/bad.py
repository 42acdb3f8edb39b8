"""One session in several tasks that run at once."""

import asyncio
from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

engine = create_async_engine("sqlite+aiosqlite:///shop.db")
SessionLocal = async_sessionmaker(engine, expire_on_commit=False)

NAME = text("select name from users where id = :id")
COUNT = text("select count(*) from users")


async def _name(session: AsyncSession, user_id: int) -> str | None:
    return await session.scalar(NAME, {"id": user_id})


async def _count(session: AsyncSession) -> int:
    found = await session.execute(COUNT)
    return found.scalar_one()


class _Users:
    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def count(self) -> int:
        return await _count(self.session)


async def overview(user_id: int) -> tuple[str | None, int]:
    async with SessionLocal() as session:
        return await asyncio.gather(  # want: SES202 "2 tasks use session `session` at once"
            _name(session, user_id),
            _count(session),
        )


async def names(session: AsyncSession, ids: Sequence[int]) -> list[str | None]:
    tasks = [_name(session, user_id) for user_id in ids]
    return await asyncio.gather(*tasks)  # want: SES202 "several tasks use session `session`"


async def names_at_once(db: AsyncSession, ids: Sequence[int]) -> list[str | None]:
    found = asyncio.gather(*(_name(db, one) for one in ids))  # want: SES202 "session `db`"
    return await found


async def filled(db: AsyncSession, ids: Sequence[int]) -> list[str | None]:
    tasks = []
    for user_id in ids:
        tasks.append(asyncio.create_task(_name(db, user_id)))
    return await asyncio.gather(*tasks)  # want: SES202 "several tasks use session `db`"


async def started_in_turn(db: AsyncSession) -> tuple[str | None, int]:
    name = asyncio.create_task(_name(db, 1))  # want: SES202 "2 tasks use session `db`"
    count = asyncio.create_task(_count(db))
    return await name, await count


async def filled_under_a_condition(
    db: AsyncSession, ids: tuple[int, int], *, is_pair: bool
) -> list[str | None]:
    tasks = [_name(db, ids[0])]
    if is_pair:
        tasks.append(_name(db, ids[1]))
    return await asyncio.gather(*tasks)  # want: SES202 "2 tasks use session `db`"


async def filled_by_key(db: AsyncSession, ids: Sequence[int]) -> dict[int, str | None]:
    tasks = {}
    for user_id in ids:
        tasks[user_id] = asyncio.create_task(_name(db, user_id))
    found = await asyncio.gather(*tasks.values())  # want: SES202 "several tasks use session `db`"
    return dict(zip(tasks, found, strict=True))


async def written_by_key(db: AsyncSession) -> list[str | None]:
    tasks = {"first": _name(db, 1), "second": _name(db, 2)}
    return await asyncio.gather(*tasks.values())  # want: SES202 "2 tasks use session `db`"


async def made_by_key(db: AsyncSession, ids: Sequence[int]) -> list[str | None]:
    tasks = {user_id: _name(db, user_id) for user_id in ids}
    return await asyncio.gather(*tasks.values())  # want: SES202 "several tasks use session `db`"


async def by_methods(db: AsyncSession) -> None:
    await asyncio.gather(  # want: SES202 "2 tasks use session `db`"
        db.execute(NAME, {"id": 1}),
        db.execute(COUNT),
    )


async def by_repositories(db: AsyncSession) -> None:
    await asyncio.gather(_Users(db).count(), _Users(db).count())  # want: SES202 "2 tasks use"


async def by_one_repository(db: AsyncSession) -> None:
    users = _Users(db)
    await asyncio.gather(users.count(), users.count())  # want: SES202 "2 tasks use session `db`"


async def as_completed(db: AsyncSession, ids: Sequence[int]) -> list[str | None]:
    names = asyncio.as_completed([_name(db, one) for one in ids])  # want: SES202 "several tasks"
    return [await name for name in names]
