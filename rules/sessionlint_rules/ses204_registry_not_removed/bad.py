"""Registries whose sessions stay behind every request."""

import asyncio
from collections.abc import AsyncIterator

from fastapi import Depends, FastAPI
from flask import Flask
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import (
    AsyncSession,
    async_scoped_session,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import scoped_session, sessionmaker

from sessionlint.shield import shielded

engine = create_engine("sqlite:///shop.db")
SessionLocal = sessionmaker(bind=engine)
async_engine = create_async_engine("sqlite+aiosqlite:///shop.db")
AsyncSessionLocal = async_sessionmaker(async_engine, expire_on_commit=False)
app = Flask(__name__)
api = FastAPI()

NAME = text("select name from users where id = :id")
NAMES = text("select name from users order by id")

db_session = scoped_session(SessionLocal)  # want: SES204 "run `list_names` keeps its connection"
Registry = scoped_session(SessionLocal)  # want: SES204 "run `_load_user` keeps its connection"

task_session = async_scoped_session(  # want: SES204 "every task that runs `load_user_async` is kept"
    AsyncSessionLocal, scopefunc=asyncio.current_task
)
TaskSession = async_scoped_session(  # want: SES204 "every task that runs `get_session` is kept"
    AsyncSessionLocal, scopefunc=asyncio.current_task
)


@app.get("/users")
def list_names() -> list[str]:
    return list(db_session.scalars(NAMES))


def _load_user(user_id: int) -> str | None:
    session = Registry()
    return session.execute(NAME, {"id": user_id}).scalar()


@app.get("/users/<int:user_id>")
def show_user(user_id: int) -> str:
    return _load_user(user_id) or "nobody"


@api.get("/users/{user_id}")
async def load_user_async(user_id: int) -> str | None:
    try:
        return await task_session.scalar(NAME, {"id": user_id})
    finally:
        await shielded(task_session.close())


async def get_session() -> AsyncIterator[AsyncSession]:
    async with TaskSession() as session:
        yield session


@api.get("/users")
async def _list_names_async(session: AsyncSession = Depends(get_session)) -> list[str]:
    return list(await session.scalars(NAMES))
