"""Tasks in the background that open their own session, and tasks that are waited for."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

engine = create_async_engine("sqlite+aiosqlite:///shop.db")
SessionLocal = async_sessionmaker(engine, expire_on_commit=False)
router = APIRouter()

NAME = text("select name from users where id = :id")


async def _get_session() -> AsyncIterator[AsyncSession]:
    async with SessionLocal() as session:
        yield session


async def _report(session: AsyncSession, user_id: int) -> None:
    await asyncio.sleep(0.1)
    print(await session.scalar(NAME, {"id": user_id}))


async def _own_report(user_id: int) -> None:
    async with SessionLocal() as session:
        await _report(session, user_id)


async def _told(session: AsyncSession) -> None:
    print(session)


async def _report_and_close(session: AsyncSession, user_id: int) -> None:
    await _report(session, user_id)
    await session.close()


@router.post("/own/{user_id}")
async def with_its_own(
    user_id: int, session: Annotated[AsyncSession, Depends(_get_session)]
) -> None:
    await session.scalar(NAME, {"id": user_id})
    asyncio.create_task(_own_report(user_id))


@router.post("/waited/{user_id}")
async def waited_for(
    user_id: int, session: Annotated[AsyncSession, Depends(_get_session)]
) -> None:
    task = asyncio.create_task(_report(session, user_id))
    await asyncio.sleep(0)
    await task


@router.post("/waited-inside/{user_id}")
async def waited_for_inside(user_id: int) -> None:
    async with SessionLocal() as session:
        task = asyncio.create_task(_report(session, user_id))
        await asyncio.wait([task])


@router.post("/told")
async def not_used(session: Annotated[AsyncSession, Depends(_get_session)]) -> None:
    asyncio.create_task(_told(session))


@router.post("/closed/{user_id}")
async def closed_by_the_task(
    user_id: int, session: Annotated[AsyncSession, Depends(_get_session)]
) -> None:
    asyncio.create_task(_report_and_close(session, user_id))


@router.post("/background/{user_id}")
async def behind_the_response(
    user_id: int,
    tasks: BackgroundTasks,
    session: Annotated[AsyncSession, Depends(_get_session)],
) -> None:
    tasks.add_task(_report, session, user_id)
