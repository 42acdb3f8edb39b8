"""Sessions and connections that are used in the expression that opens them."""

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
    return Session(engine).execute(NAME, {"id": user_id}).scalar()  # want: SES109 "same expression"


def list_names() -> list[str]:
    return list(SessionLocal().execute(NAMES).scalars())  # want: SES109 "same expression"


def first_name() -> str | None:
    row = SessionLocal().execute(NAMES).first()  # want: SES109 "same expression"
    return row.name if row else None


def model_names() -> list[str]:
    rows = ModelSession(engine).exec(NAMES)  # want: SES109 "same expression"
    return [row.name for row in rows]


def count_users() -> int:
    query = text("select count(*) from users")
    return engine.connect().execute(query).scalar_one()  # want: SES109 "same expression"


def counts(user_ids: list[int]) -> list[str | None]:
    names = []
    for user_id in user_ids:
        name = engine.connect().scalar(NAME, {"id": user_id})  # want: SES109 "same expression"
        names.append(name)
    return names


def print_names() -> None:
    for name in SessionLocal().scalars(NAMES):  # want: SES109 "same expression"
        print(name)


def print_first_names() -> None:
    row = SessionLocal().execute(NAMES).first()  # want: SES109 "same expression"
    print(row)
    print("and once more")
    row = SessionLocal().execute(NAMES).first()  # want: SES109 "same expression"
    print(row)


def names_by_cursor() -> list[str]:
    cursor = engine.raw_connection().cursor()  # want: SES109 "same expression"
    cursor.execute("select name from users")
    return [row[0] for row in cursor.fetchall()]


def names_on_a_connection() -> list[str]:
    with Session(engine.connect()) as db:  # want: SES109 "opened as an argument of `Session`"
        return list(db.scalars(NAMES))


async def load_user_async(user_id: int) -> str | None:
    return await AsyncSessionLocal().scalar(NAME, {"id": user_id})  # want: SES109 "same expression"


async def list_names_async() -> list[str]:
    result = await AsyncSession(async_engine).execute(NAMES)  # want: SES109 "same expression"
    return list(result.scalars())


async def count_users_async() -> int:
    query = text("select count(*) from users")
    result = await (await async_engine.connect()).execute(query)  # want: SES109 "same expression"
    return result.scalar_one()


class _Users:
    """Every mention of its session opens another one."""

    def __init__(self) -> None:
        self._maker = SessionLocal

    @property
    def session(self) -> Session:
        return self._maker()

    def names(self) -> list[str]:
        return list(self.session.scalars(NAMES))  # want: SES109 "opens another session each time"


def names_of_users() -> list[str]:
    return _Users().names()
