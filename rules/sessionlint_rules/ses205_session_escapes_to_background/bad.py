"""Sessions that are closed while a task in the background uses them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

engine = create_async_engine("sqlite+aiosqlite:///shop.db")
SessionLocal = async_sessionmaker(engine, expire_on_commit=False)
router = APIRouter()

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
