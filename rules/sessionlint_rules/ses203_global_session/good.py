"""Modules that share a factory or a registry, never a session."""

from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, scoped_session, sessionmaker

engine = create_engine("sqlite:///shop.db")
SessionLocal = sessionmaker(bind=engine)
async_engine = create_async_engine("sqlite+aiosqlite:///shop.db")
AsyncSessionLocal = async_sessionmaker(async_engine, expire_on_commit=False)

NAME = text("select name from users where id = :id")
NAMES = text("select name from users order by id")
RENAME = text("update users set name = :name where id = :id")

registry = scoped_session(SessionLocal)

with SessionLocal() as start_session:
    START_COUNT = start_session.execute(text("select count(*) from users")).scalar_one()


def load_user(user_id: int) -> str | None:
    with SessionLocal() as session:
        return session.execute(NAME, {"id": user_id}).scalar()


def rename_user(user_id: int, name: str) -> None:
    with Session(engine) as db, db.begin():
        db.execute(RENAME, {"id": user_id, "name": name})


def of_this_thread(user_id: int) -> str | None:
    try:
        return registry.execute(NAME, {"id": user_id}).scalar()
    finally:
        registry.remove()


def new_users() -> int:
    with engine.connect() as connection:
        count = connection.execute(text("select count(*) from users")).scalar_one()
    return count - START_COUNT


def given(db: Session, user_id: int) -> str | None:
    return db.execute(NAME, {"id": user_id}).scalar()


def given_or_own(user_id: int, db: Session | None = None) -> str | None:
    if db is not None:
        return db.execute(NAME, {"id": user_id}).scalar()
    with SessionLocal() as own:
        return own.execute(NAME, {"id": user_id}).scalar()


class _Repository:
    maker = SessionLocal

    def names(self) -> list[str]:
        with self.maker() as session:
            return list(session.execute(NAMES).scalars())


def names_by_repository() -> list[str]:
    return _Repository().names()


async def load_user_async(user_id: int) -> str | None:
    async with AsyncSessionLocal() as session:
        return await session.scalar(NAME, {"id": user_id})


async def rename_async(user_id: int, name: str) -> None:
    async with AsyncSession(async_engine) as session:
        await session.execute(RENAME, {"id": user_id, "name": name})
        await session.commit()
