"""Sessions and connections that are used in the expression that opens them."""

from contextlib import closing

from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, sessionmaker
from sqlmodel import Session as ModelSession

engine = create_engine("sqlite:///shop.db")
SessionLocal = sessionmaker(bind=engine)
async_engine = create_async_engine("sqlite+aiosqlite:///shop.db")
AsyncSessionLocal = async_sessionmaker(async_engine, expire_on_commit=False)

NAME = text("select name from users where id = :id")
NAMES = text("select name from users order by id")
RENAME = text("update users set name = :name where id = :id")


def load_user(user_id: int) -> str | None:
    with Session(engine) as session:
        return session.execute(NAME, {"id": user_id}).scalar()


def list_names() -> list[str]:
    with SessionLocal() as session:
        return list(session.execute(NAMES).scalars())


def first_name() -> str | None:
    with SessionLocal() as session:
        row = session.execute(NAMES).first()
        return row.name if row else None


def model_names() -> list[str]:
    with ModelSession(engine) as session:
        rows = session.exec(NAMES)
        return [row.name for row in rows]


def count_users() -> int:
    query = text("select count(*) from users")
    with engine.connect() as connection:
        return connection.execute(query).scalar_one()


def counts(user_ids: list[int]) -> list[str | None]:
    names = []
    for user_id in user_ids:
        with engine.connect() as connection:
            name = connection.scalar(NAME, {"id": user_id})
        names.append(name)
    return names


def print_names() -> None:
    with SessionLocal() as session:
        for name in session.scalars(NAMES):
            print(name)


def print_first_names() -> None:
    with SessionLocal() as session:
        row = session.execute(NAMES).first()
        print(row)
    print("and once more")
    with SessionLocal() as session:
        row = session.execute(NAMES).first()
        print(row)


def names_by_cursor() -> list[str]:
    with closing(engine.raw_connection()) as connection:
        cursor = connection.cursor()
        cursor.execute("select name from users")
        return [row[0] for row in cursor.fetchall()]


async def load_user_async(user_id: int) -> str | None:
    async with AsyncSessionLocal() as session:
        return await session.scalar(NAME, {"id": user_id})


async def list_names_async() -> list[str]:
    async with AsyncSession(async_engine) as session:
        result = await session.execute(NAMES)
        return list(result.scalars())


async def count_users_async() -> int:
    query = text("select count(*) from users")
    async with async_engine.connect() as connection:
        result = await connection.execute(query)
        return result.scalar_one()
