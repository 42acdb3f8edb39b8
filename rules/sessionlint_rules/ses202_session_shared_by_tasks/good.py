"""Tasks with a session each, or one after the other."""

import asyncio
from collections.abc import Sequence

from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, sessionmaker

engine = create_async_engine("sqlite+aiosqlite:///shop.db")
SessionLocal = async_sessionmaker(engine, expire_on_commit=False)
SyncSession = sessionmaker(create_engine("sqlite:///shop.db"))

NAME = text("select name from users where id = :id")
COUNT = text("select count(*) from users")


async def _own_name(user_id: int) -> str | None:
    async with SessionLocal() as session:
        return await session.scalar(NAME, {"id": user_id})


async def _name(session: AsyncSession, user_id: int) -> str | None:
    return await session.scalar(NAME, {"id": user_id})


async def _named(maker: async_sessionmaker[AsyncSession], user_id: int) -> str | None:
    async with maker() as session:
        return await _name(session, user_id)


async def _locked(session: AsyncSession, lock: asyncio.Lock, user_id: int) -> str | None:
    async with lock:
        return await _name(session, user_id)


async def own_sessions(ids: Sequence[int]) -> list[str | None]:
    return await asyncio.gather(*(_own_name(one) for one in ids))


async def one_after_the_other(ids: Sequence[int]) -> list[str | None]:
    async with SessionLocal() as session:
        return [await _name(session, one) for one in ids]


async def one_and_another(session: AsyncSession, user_id: int) -> None:
    await asyncio.gather(_name(session, user_id), asyncio.sleep(0))


async def two_sessions() -> None:
    async with SessionLocal() as session, SessionLocal() as other_session:
        await asyncio.gather(_name(session, 1), _name(other_session, 2))


async def waited_for_in_turn(session: AsyncSession) -> tuple[str | None, str | None]:
    first = asyncio.create_task(_name(session, 1))
    name = await first
    second = asyncio.create_task(_name(session, 2))
    return name, await second


async def one_or_another(session: AsyncSession, user_id: int, *, is_short: bool) -> None:
    tasks = []
    if is_short:
        tasks.append(_name(session, user_id))
    else:
        tasks.append(_name(session, -user_id))
    await asyncio.gather(*tasks, asyncio.sleep(1))


async def one_before_the_return(session: AsyncSession, user_id: int, *, is_short: bool) -> None:
    tasks = {}
    if is_short:
        tasks["name"] = _name(session, user_id)
        await asyncio.gather(*tasks.values())
        return
    tasks["name"] = _name(session, -user_id)
    await asyncio.gather(*tasks.values())


async def makers(ids: Sequence[int]) -> list[str | None]:
    return await asyncio.gather(*(_named(SessionLocal, one) for one in ids))


async def by_turns(session: AsyncSession, ids: Sequence[int]) -> list[str | None]:
    lock = asyncio.Lock()
    return await asyncio.gather(*(_locked(session, lock, one) for one in ids))


async def each_its_own(sessions: Sequence[AsyncSession]) -> None:
    await asyncio.gather(*(session.execute(COUNT) for session in sessions))


async def _sync_count(session: Session) -> int:
    return session.execute(COUNT).scalar_one()


async def never_waiting() -> None:
    with SyncSession() as session:
        await asyncio.gather(_sync_count(session), _sync_count(session))
