"""Scripts, tasks and helpers that take their session out of a dependency by hand."""

from collections.abc import AsyncIterator, Iterator

from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, sessionmaker

engine = create_engine("sqlite:///shop.db")
SessionLocal = sessionmaker(bind=engine)
async_engine = create_async_engine("sqlite+aiosqlite:///shop.db")
AsyncSessionLocal = async_sessionmaker(async_engine, expire_on_commit=False)

NAME = text("select name from users where id = :id")
NAMES = text("select name from users order by id")
RENAME = text("update users set name = :name where id = :id")


def _get_db() -> Iterator[Session]:
    with SessionLocal() as db:
        yield db


def _get_committed_db() -> Iterator[Session]:
    with SessionLocal() as db:
        yield db
        db.commit()


async def _get_session() -> AsyncIterator[AsyncSession]:
    async with AsyncSessionLocal() as session:
        yield session


async def _get_committed_session() -> AsyncIterator[AsyncSession]:
    async with AsyncSessionLocal() as session:
        yield session
        await session.commit()


async def _get_guarded_session() -> AsyncIterator[AsyncSession]:
    async with AsyncSessionLocal() as session:
        try:
            yield session
        except ValueError:
            await session.rollback()
            raise


def rename(user_id: int, name: str) -> None:
    with next(_get_db()) as db:  # want: SES107 "is thrown away before this block begins and"
        db.execute(RENAME, {"id": user_id, "name": name})
        db.commit()


def rename_in_vain(user_id: int, name: str) -> None:
    with next(_get_committed_db()) as db:  # want: SES107 "is thrown away before this block begins"
        db.execute(RENAME, {"id": user_id, "name": name})


async def find_name(user_id: int) -> str | None:
    async for session in _get_session():  # want: SES107 "the loop over `_get_session` is left"
        return (await session.execute(NAME, {"id": user_id})).scalar()
    return None


async def rename_later(user_id: int, name: str) -> None:
    async for session in _get_session():  # want: SES107 "until the event loop gets round to"
        await session.execute(RENAME, {"id": user_id, "name": name})
        await session.commit()
        break


async def rename_in_vain_later(user_id: int, name: str) -> None:
    async for session in _get_committed_session():  # want: SES107 "behind its `yield` is skipped"
        await session.execute(RENAME, {"id": user_id, "name": name})
        break


async def find_guarded_name(user_id: int) -> str | None:
    async for session in _get_guarded_session():  # want: SES107 "is left on line"
        name = (await session.execute(NAME, {"id": user_id})).scalar()
        if name is None:
            return None
        return str(name)
    return None


def first_name() -> str | None:
    db = next(_get_db())  # want: SES107 "the generator of `_get_db` is thrown away at once"
    return db.execute(NAMES).scalars().first()


def list_names() -> list[str]:
    return list(next(_get_db()).scalars(NAMES))  # want: SES107 "is thrown away at once"


def last_name() -> str:
    db = list(_get_db())[0]  # want: SES107 "`list` runs the generator of `_get_db` to its end"
    return db.scalars(NAMES).all()[-1]


def new_session() -> Session:
    return next(_get_db())  # want: SES107 "is thrown away before the caller gets its"


def name_of(user_id: int) -> str | None:
    db: Session = _get_db().__next__()  # want: SES107 "is thrown away at once"
    return db.execute(NAME, {"id": user_id}).scalar()


class _Users:
    def __init__(self) -> None:
        self.session = next(_get_db())  # want: SES107 "is thrown away at once"

    def names(self) -> list[str]:
        return list(self.session.scalars(NAMES))


def names_of_users() -> list[str]:
    return _Users().names()


async def load_name(user_id: int) -> str | None:
    session = await anext(_get_session())  # want: SES107 "is closed while it is in use"
    await session.execute(NAMES)
    return (await session.execute(NAME, {"id": user_id})).scalar()


async def first_long_name() -> str | None:
    found = None
    async for session in _get_session():  # want: SES107 "is left on line"
        for name in (await session.execute(NAMES)).scalars():
            if len(name) > 3:
                found = name
                break
        if found is None:
            continue
        break
    return found


async def load_last_name() -> str | None:
    generator = _get_session()
    session = await anext(generator)  # want: SES107 "until the event loop gets round to it"
    return list((await session.execute(NAMES)).scalars())[-1]


class _Shop:
    def __init__(self, db: Session) -> None:
        self._db = db

    def names(self) -> list[str]:
        return list(self._db.scalars(NAMES))


def _get_shop() -> Iterator[_Shop]:
    db = SessionLocal()
    try:
        yield _Shop(db)
    finally:
        db.close()


def names_of_a_shop() -> list[str]:
    shop = next(_get_shop())  # want: SES107 "the generator of `_get_shop` is thrown away at once"
    return shop.names()


class _AsyncShop:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def names(self) -> list[str]:
        return list((await self._session.execute(NAMES)).scalars())


async def _get_async_shop() -> AsyncIterator[_AsyncShop]:
    async with AsyncSessionLocal() as session:
        shop = _AsyncShop(session)
        yield shop


async def names_of_an_async_shop() -> list[str]:
    async for shop in _get_async_shop():  # want: SES107 "the loop over `_get_async_shop` is left"
        return await shop.names()
    return []
