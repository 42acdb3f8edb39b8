"""Sessions that are closed while a task or a thread in the background uses them."""

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

_running = set[asyncio.Task[None]]()


async def _get_session() -> AsyncIterator[AsyncSession]:
    async with SessionLocal() as session:
        yield session


async def _report(session: AsyncSession, user_id: int) -> None:
    await asyncio.sleep(0.1)
    print(await session.scalar(NAME, {"id": user_id}))


@router.post("/reports/{user_id}")
async def for_a_request(
    user_id: int, session: Annotated[AsyncSession, Depends(_get_session)]
) -> None:
    asyncio.create_task(  # want: SES205 "session `session` is closed when the request ends"
        _report(session, user_id)
    )


@router.post("/kept/{user_id}")
async def for_a_request_and_kept(
    user_id: int, session: Annotated[AsyncSession, Depends(_get_session)]
) -> None:
    task = asyncio.create_task(  # want: SES205 "nobody waits for `_report`, which uses it"
        _report(session, user_id)
    )
    _running.add(task)
    task.add_done_callback(_running.discard)


@router.post("/own/{user_id}")
async def of_its_own(user_id: int) -> None:
    async with SessionLocal() as session:
        asyncio.create_task(  # want: SES205 "session `session` is closed at the end of its `with`"
            _report(session, user_id)
        )


def _get_plain_session() -> Iterator[Session]:
    with PlainSession() as session:
        yield session


def _plain_report(session: Session, user_id: int) -> None:
    time.sleep(0.1)
    print(session.scalar(NAME, {"id": user_id}))


@router.post("/thread/{user_id}")
def by_a_thread(user_id: int, session: Annotated[Session, Depends(_get_plain_session)]) -> None:
    Thread(  # want: SES205 "nobody waits for `_plain_report`, which uses it"
        target=_plain_report, args=(session, user_id)
    ).start()


@router.post("/pool/{user_id}")
def by_a_pool(user_id: int, session: Annotated[Session, Depends(_get_plain_session)]) -> None:
    pool.submit(  # want: SES205 "session `session` is closed when the request ends"
        _plain_report, session, user_id
    )


@router.post("/own-thread/{user_id}")
def of_its_own_by_a_thread(user_id: int) -> None:
    with PlainSession() as session:
        thread = Thread(  # want: SES205 "session `session` is closed at the end of its `with`"
            target=_plain_report, args=(session, user_id), daemon=True
        )
        thread.start()


@router.post("/own-by-hand/{user_id}")
def of_its_own_behind_the_response(user_id: int, tasks: BackgroundTasks) -> None:
    session = PlainSession()
    try:
        tasks.add_task(  # want: SES205 "closed in the `finally`, before `_plain_report` uses it"
            _plain_report, session, user_id
        )
    finally:
        session.close()
