"""Tasks in the background that open their own session, and tasks that are waited for."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, sessionmaker

engine = create_async_engine("sqlite+aiosqlite:///shop.db")
SessionLocal = async_sessionmaker(engine, expire_on_commit=False)
plain_engine = create_engine("sqlite:///shop.db")
PlainSession = sessionmaker(plain_engine)
router = APIRouter()
pool = ThreadPoolExecutor(max_workers=1)

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


def _get_plain_session() -> Iterator[Session]:
    with PlainSession() as session:
        yield session


def _plain_report(session: Session, user_id: int) -> None:
    time.sleep(0.1)
    print(session.scalar(NAME, {"id": user_id}))


def _own_plain_report(user_id: int) -> None:
    with PlainSession() as session:
        _plain_report(session, user_id)


@router.post("/own-thread/{user_id}")
def by_a_thread_with_its_own(
    user_id: int, session: Annotated[Session, Depends(_get_plain_session)]
) -> None:
    session.scalar(NAME, {"id": user_id})
    Thread(target=_own_plain_report, args=(user_id,)).start()


@router.post("/joined/{user_id}")
def by_a_thread_that_is_waited_for(
    user_id: int, session: Annotated[Session, Depends(_get_plain_session)]
) -> None:
    thread = Thread(target=_plain_report, args=(session, user_id))
    thread.start()
    thread.join()


@router.post("/pool/{user_id}")
def by_a_pool_that_is_waited_for(
    user_id: int, session: Annotated[Session, Depends(_get_plain_session)]
) -> None:
    pool.submit(_plain_report, session, user_id).result()
