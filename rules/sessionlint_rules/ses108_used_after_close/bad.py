"""Sessions that are used after they were closed."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import column, create_engine, table, text
from sqlalchemy.exc import NoResultFound
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, sessionmaker

engine = create_engine("sqlite:///shop.db")
SessionLocal = sessionmaker(bind=engine)
async_engine = create_async_engine("sqlite+aiosqlite:///shop.db")
AsyncSessionLocal = async_sessionmaker(async_engine, expire_on_commit=False)

NAME = text("select name from users where id = :id")
USERS = table("users", column("id"), column("name"))
NAMES = text("select name from users order by id")


def _get_db() -> Session:
    db = SessionLocal()  # want: SES108 "is closed before the caller gets it on line 24"
    try:
        return db
    finally:
        db.close()


def _opened() -> Session:
    with SessionLocal() as session:  # want: SES108 "closed before the caller gets it"
        return session


@contextmanager
def _session() -> Iterator[Session]:
    session = SessionLocal()  # want: SES101 "closed by hand"
    try:
        yield session
    finally:
        session.close()


def _names(session: Session) -> list[str]:
    return list(session.scalars(NAMES))


def load_user(user_id: int) -> str | None:
    db = _get_db()  # want: SES102 "session `db` is never closed"
    return db.execute(NAME, {"id": user_id}).scalar()


def list_names() -> list[str]:
    return list(_opened().scalars(NAMES))


def count_users() -> int:
    with SessionLocal() as session:  # want: SES108 "opens again on line 59"
        names = session.scalars(NAMES).all()
    print(session.scalars(NAMES).first())
    return len(names)


def put_off() -> list[str | None]:
    with SessionLocal() as session:  # want: SES108 "before anybody runs the generator on line 65"
        found = (session.scalar(NAME, {"id": user_id}) for user_id in (1, 2))
    return list(found)


def first_name() -> str | None:
    session = SessionLocal()  # want: SES108 "session `session` is closed, and opens again"
    names = session.scalars(NAMES).all()
    session.close()
    if len(names) > 1:
        print(session.scalar(NAME, {"id": 1}))
    return names[0] if names else None


def rename(user_id: int, name: str) -> str | None:
    with SessionLocal.begin() as session:  # want: SES108 "after which nothing closes it"
        session.execute(
            text("update users set name = :name where id = :id"), {"id": user_id, "name": name}
        )
    return session.scalar(NAME, {"id": user_id})


def through_our_own() -> list[str]:
    with _session() as session:  # want: SES108 "opens again on line"
        found = session.scalar(NAME, {"id": 1})
    return [str(found), *session.scalars(NAMES)]


def by_a_function(user_id: int) -> list[str]:
    with SessionLocal() as session:  # want: SES108 "opens again on line"
        found = session.scalar(NAME, {"id": user_id})
    return [str(found), *_names(session)]


async def load_user_async(user_id: int) -> str | None:
    async with AsyncSessionLocal() as session:  # want: SES108 "opens again on line"
        found = await session.scalar(NAME, {"id": user_id})
    return found or await session.scalar(NAMES)


def by_a_query() -> int:
    session = SessionLocal()  # want: SES108 "opens again on line"
    query = session.query(USERS).order_by(USERS.c.name)
    session.close()
    return query.filter(USERS.c.id > 0).count()


def by_a_handler(user_id: int) -> str | None:
    try:
        session = SessionLocal()  # want: SES108 "opens again on line"
        try:
            return session.execute(NAME, {"id": user_id}).scalar_one()
        finally:
            session.close()
    except NoResultFound:
        return session.scalar(NAMES)
