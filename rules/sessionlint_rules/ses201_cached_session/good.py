"""Things that may be cached, and sessions that are not."""

from collections.abc import Callable
from functools import cache, cached_property, lru_cache

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import Session, scoped_session, sessionmaker

engine = create_engine("sqlite:///shop.db")
SessionLocal = sessionmaker(bind=engine)
async_engine = create_async_engine("sqlite+aiosqlite:///shop.db")
AsyncSessionLocal = async_sessionmaker(async_engine, expire_on_commit=False)

NAME = text("select name from users where id = :id")
NAMES = text("select name from users order by id")
RENAME = text("update users set name = :name where id = :id")


def get_session() -> Session:
    return SessionLocal()


@lru_cache
def get_engine() -> Engine:
    return create_engine("sqlite:///shop.db")


@lru_cache(maxsize=None)
def get_sessionmaker() -> sessionmaker[Session]:
    return sessionmaker(bind=get_engine())


@cache
def get_registry() -> scoped_session[Session]:
    return scoped_session(get_sessionmaker())


@lru_cache
def get_async_engine() -> AsyncEngine:
    return create_async_engine("sqlite+aiosqlite:///shop.db")


@lru_cache
def get_async_sessionmaker() -> async_sessionmaker[AsyncSession]:
    return async_sessionmaker(get_async_engine())


@lru_cache
def get_factory() -> Callable[[], Session]:
    return lambda: Session(engine)


@lru_cache
def name_of(user_id: int) -> str | None:
    with SessionLocal() as db:
        return db.execute(NAME, {"id": user_id}).scalar()


class _Repository:
    @cached_property
    def maker(self) -> sessionmaker[Session]:
        return sessionmaker(bind=engine)

    @cached_property
    def names(self) -> tuple[str, ...]:
        with self.maker() as db:
            return tuple(db.execute(NAMES).scalars())

    @property
    def session(self) -> Session:
        return self.maker()


_repository = _Repository()


def load_user(user_id: int) -> str | None:
    with _repository.session as db:
        return db.execute(NAME, {"id": user_id}).scalar()


def cached_names() -> tuple[str, ...]:
    return _repository.names


def list_names() -> list[str]:
    with get_sessionmaker()() as db:
        return list(db.execute(NAMES).scalars())


def of_this_thread(user_id: int) -> str | None:
    registry = get_registry()
    try:
        return registry.execute(NAME, {"id": user_id}).scalar()
    finally:
        registry.remove()


async def load_user_async(user_id: int) -> str | None:
    async with get_async_sessionmaker()() as session:
        return await session.scalar(NAME, {"id": user_id})
