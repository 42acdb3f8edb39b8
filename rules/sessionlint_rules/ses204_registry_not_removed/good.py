"""Registries whose sessions are removed behind each request."""

import asyncio

from fastapi import FastAPI
from flask import Flask
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import async_scoped_session, async_sessionmaker, create_async_engine
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

removed = scoped_session(SessionLocal)
of_tasks = async_scoped_session(AsyncSessionLocal, scopefunc=asyncio.current_task)


@app.get("/users")
def _list_names() -> list[str]:
    return list(removed.scalars(NAMES))


@app.teardown_appcontext
def _remove(error: BaseException | None) -> None:
    removed.remove()


def list_names_as_a_client() -> str:
    return app.test_client().get("/users").text


@app.get("/users/<int:user_id>")
def load_user(user_id: int) -> str:
    try:
        return removed.execute(NAME, {"id": user_id}).scalar() or "nobody"
    finally:
        removed.remove()


@api.get("/users/{user_id}")
async def load_user_async(user_id: int) -> str | None:
    try:
        return await of_tasks.scalar(NAME, {"id": user_id})
    finally:
        await shielded(of_tasks.remove())
