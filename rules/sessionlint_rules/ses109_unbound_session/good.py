"""One-line uses that still give the session back, and calls that only look alike."""

from pathlib import Path

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


def load_user(user_id: int) -> str | None:
    with Session(engine) as db:
        return db.execute(NAME, {"id": user_id}).scalar()


def list_names() -> list[str]:
    with SessionLocal() as db:
        return list(db.execute(NAMES).scalars())


def count_users() -> int:
    with engine.connect().execution_options(isolation_level="SERIALIZABLE") as connection:
        return connection.execute(text("select count(*) from users")).scalar_one()


def first_name() -> str | None:
    with engine.begin() as connection:
        return connection.scalar(NAMES)


def of_this_thread(user_id: int) -> str | None:
    try:
        return registry().execute(NAME, {"id": user_id}).scalar()
    finally:
        registry.remove()


def new_session() -> Session:
    return SessionLocal()


def given(db: Session, user_id: int) -> str | None:
    return db.execute(NAME, {"id": user_id}).scalar()


def bound_url() -> str:
    return str(SessionLocal.kw["bind"].url)


class _Shelf:
    """Something else that also connects and executes."""

    def connect(self) -> "_Shelf":
        return self

    def execute(self, query: str) -> int:
        return len(query)


def look_alike() -> int:
    return _Shelf().connect().execute("select")


def path_of(name: str) -> str:
    return Path(name).joinpath("x").as_posix()


def names_on_a_connection() -> list[str]:
    with engine.connect() as connection, Session(connection) as db:
        return list(db.scalars(NAMES))


async def load_user_async(user_id: int) -> str | None:
    async with AsyncSessionLocal() as session:
        return await session.scalar(NAME, {"id": user_id})


async def list_names_async() -> list[str]:
    async with AsyncSession(async_engine) as session:
        result = await session.execute(NAMES)
    return list(result.scalars())


async def count_users_async() -> int:
    async with async_engine.connect() as connection:
        result = await connection.execute(text("select count(*) from users"))
    return result.scalar_one()


class _Users:
    """Keeps one session, and gives another one to who wants to close it."""

    def __init__(self) -> None:
        self._session = SessionLocal()

    @property
    def session(self) -> Session:
        return self._session

    @property
    def new_session(self) -> Session:
        return SessionLocal()

    def names(self) -> list[str]:
        with self.new_session as session:
            return list(session.scalars(NAMES))

    def names_of_the_kept(self) -> list[str]:
        return list(self.session.scalars(NAMES))

    def close(self) -> None:
        self.session.close()


def names_of_users() -> list[str]:
    users = _Users()
    try:
        return users.names() + users.names_of_the_kept()
    finally:
        users.close()
