"""Sessions that are used while they are open, or closed once more."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, sessionmaker

engine = create_engine("sqlite:///shop.db")
SessionLocal = sessionmaker(bind=engine)
async_engine = create_async_engine("sqlite+aiosqlite:///shop.db")
AsyncSessionLocal = async_sessionmaker(async_engine, expire_on_commit=False)

NAME = text("select name from users where id = :id")
NAMES = text("select name from users order by id")


@contextmanager
def _get_db() -> Iterator[Session]:
    with SessionLocal() as db:
        yield db


def load_user(user_id: int) -> str | None:
    with _get_db() as db:
        return db.scalar(NAME, {"id": user_id})


def in_two_blocks(user_id: int) -> list[str]:
    with SessionLocal() as session:
        first = session.scalar(NAME, {"id": user_id})
    with SessionLocal() as session:
        return [str(first), *session.scalars(NAMES)]


def entered_again(user_id: int) -> list[str]:
    with SessionLocal() as session:
        first = session.scalar(NAME, {"id": user_id})
    with session:
        return [str(first), *session.scalars(NAMES)]


def closed_again(user_id: int) -> str | None:
    with SessionLocal() as session:
        first = session.scalar(NAMES)
    with closing(session):
        return session.scalar(NAME, {"id": user_id}) or first


def run_inside() -> list[str | None]:
    with SessionLocal() as session:
        found = (session.scalar(NAME, {"id": user_id}) for user_id in (1, 2))
        names = list(found)
    return names


def taken_at_once() -> list[str]:
    with SessionLocal() as session:
        found = (str(name) for name in session.scalars(NAMES).all())
    return list(found)


def asked_only() -> bool:
    with SessionLocal() as session:
        session.scalar(NAMES)
    return session.is_active


async def load_user_async(user_id: int) -> str | None:
    async with AsyncSessionLocal() as session:
        found = await session.scalar(NAME, {"id": user_id})
        return found or await session.scalar(NAMES)
