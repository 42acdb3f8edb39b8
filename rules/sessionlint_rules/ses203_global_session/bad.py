"""Sessions of a module or a class, and sessions that are a parameter's default."""

from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, scoped_session, sessionmaker
from sqlmodel import Session as ModelSession

engine = create_engine("sqlite:///shop.db")
SessionLocal = sessionmaker(bind=engine)
async_engine = create_async_engine("sqlite+aiosqlite:///shop.db")
AsyncSessionLocal = async_sessionmaker(async_engine, expire_on_commit=False)
registry = scoped_session(SessionLocal)

NAME = text("select name from users where id = :id")
NAMES = text("select name from users order by id")
RENAME = text("update users set name = :name where id = :id")

session = SessionLocal()  # want: SES203 "`session` is opened when the module"
db: Session = Session(engine)  # want: SES203 "`db` is opened when the module"
model_session = ModelSession(engine)  # want: SES203 "`model_session` is opened when the module"
connection = engine.connect()  # want: SES203 "`connection` is opened when the module"
async_session = AsyncSessionLocal()  # want: SES203 "`async_session` is opened when the module"
of_thread = registry()  # want: SES203 "`of_thread` is opened when the module"
reader = AsyncSession(async_engine)  # want: SES203 "`reader` is opened when the module"


def load_user(user_id: int) -> str | None:
    return session.execute(NAME, {"id": user_id}).scalar()


def list_names() -> list[str]:
    return list(session.execute(NAMES).scalars())


def rename_user(user_id: int, name: str) -> None:
    db.execute(RENAME, {"id": user_id, "name": name})
    db.commit()


def count_users() -> int:
    return connection.execute(text("select count(*) from users")).scalar_one()


def model_names() -> list[str]:
    return list(model_session.exec(NAMES).scalars())


def names_of_thread() -> list[str]:
    return list(of_thread.execute(NAMES).scalars())


async def load_user_async(user_id: int) -> str | None:
    return await async_session.scalar(NAME, {"id": user_id})


async def rename_async(user_id: int, name: str) -> None:
    await reader.execute(RENAME, {"id": user_id, "name": name})
    await reader.commit()


class _Repository:
    session = SessionLocal()  # want: SES203 "`session` is opened when the class"

    def names(self) -> list[str]:
        return list(self.session.execute(NAMES).scalars())


def names_by_repository() -> list[str]:
    return _Repository().names()


def by_default(db: Session = SessionLocal()) -> list[str]:  # want: SES203 "`db` is made once"
    return list(db.execute(NAMES).scalars())
