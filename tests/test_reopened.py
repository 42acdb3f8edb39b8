"""Sessions that are used after their close: where they are found, and what is left alone."""

import pytest
from small_project import found_in, written

STORE = """\
    from contextlib import contextmanager
    from sqlalchemy import create_engine
    from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
    from sqlalchemy.orm import Session, sessionmaker

    SessionLocal = sessionmaker(create_engine("sqlite://"))
    AsyncLocal = async_sessionmaker(create_async_engine("sqlite+aiosqlite://"))


    @contextmanager
    def scope():
        s = SessionLocal()
        try:
            yield s
        finally:
            s.close()


    @contextmanager
    def kept_scope():
        s = SessionLocal()
        try:
            yield s
            s.commit()
        finally:
            print("left open")


    def reads(it: Session):
        return it.execute(1)


    def writes(it: Session):
        it.execute(1)
        it.commit()


    def closes(it: Session):
        it.execute(1)
        it.close()


    def counts(it):
        return len(it.new)
    """

HEAD = """\
from contextlib import closing
import store
from requests import Session as Web
from store import AsyncLocal, SessionLocal, closes, counts, kept_scope, reads, scope, writes

"""

FOUND = {
    "behind a `with`": """\
def use(q):
    with SessionLocal() as session:
        session.execute(q)
    return session.execute(q)
""",
    "behind the `with` of a transaction": """\
def use(q):
    with SessionLocal.begin() as session:
        session.execute(q)
    return session.scalars(q)
""",
    "behind a `with` of the project's own": """\
def use(q):
    with scope() as session:
        session.execute(q)
    return session.scalars(q)
""",
    "behind an asynchronous `with`": """\
async def use(q):
    async with AsyncLocal() as session:
        await session.execute(q)
    return await session.scalars(q)
""",
    "in a branch behind it": """\
def use(q):
    if q:
        with SessionLocal() as session:
            found = session.execute(q).all()
        for one in found:
            print(session.get(one, 1))
""",
    "in the second of two items": """\
def use(q, lock):
    with lock, store.SessionLocal() as session:
        session.execute(q)
    return session.query(q).all()
""",
    "by a function that it is given to": """\
def use(q):
    with SessionLocal() as session:
        session.execute(q)
    return reads(session)
""",
    "returned out of a `with`": """\
def use(q):
    with SessionLocal() as session:
        return session
""",
    "returned behind a `with`": """\
def use(q):
    with SessionLocal() as session:
        session.execute(q)
    return session
""",
    "returned from a `try` that closes it": """\
def use():
    session = SessionLocal()
    try:
        return session
    finally:
        session.close()
""",
    "returned so, and used by a caller": """\
def use():
    session = SessionLocal()
    try:
        return session
    finally:
        if session:
            session.close()


def caller(app):
    return app.run(use())
""",
    "behind a `close`": """\
def use(q):
    session = SessionLocal()
    found = session.execute(q).all()
    session.close()
    return found, session.scalar(q)
""",
    "behind a `finally` that closes": """\
def use(q):
    session = SessionLocal()
    try:
        found = session.execute(q).all()
    finally:
        session.close()
    return found, reads(session)
""",
    "behind an awaited `close`": """\
async def use(q):
    session = AsyncLocal()
    found = await session.execute(q)
    await session.close()
    return found, await session.scalar(q)
""",
}

LEFT_ALONE = {
    "in the block": """\
def use(q):
    with SessionLocal() as session:
        return session.execute(q)
""",
    "in a second block": """\
def use(q):
    with SessionLocal() as session:
        session.execute(q)
    with SessionLocal() as session:
        return session.execute(q)
""",
    "entered once more": """\
def use(q):
    with SessionLocal() as session:
        session.execute(q)
    with session:
        return session.execute(q)
""",
    "closed once more": """\
def use(q):
    with SessionLocal() as session:
        session.execute(q)
    session.execute(q)
    session.close()
""",
    "given to something that closes": """\
def use(q):
    with SessionLocal() as session:
        session.execute(q)
    session.execute(q)
    closes(session)
""",
    "committed": """\
def use(q):
    with SessionLocal() as session:
        session.execute(q)
    session.execute(q)
    session.commit()
""",
    "given to a function that commits": """\
def use(q):
    with SessionLocal() as session:
        session.execute(q)
    writes(session)
""",
    "given to a function that takes no connection": """\
def use(q):
    with SessionLocal() as session:
        session.execute(q)
    return counts(session)
""",
    "given to a function that is not known": """\
def use(q):
    with SessionLocal() as session:
        session.execute(q)
    return q.reads(session)
""",
    "given somewhere afterwards": """\
def use(q):
    with SessionLocal() as session:
        session.execute(q)
    session.execute(q)
    q.keep(session)
""",
    "nothing but a look at it": """\
def use(q):
    with SessionLocal() as session:
        session.execute(q)
    session.expunge_all()
    return session.is_active
""",
    "undone in a handler": """\
def use(q):
    try:
        with SessionLocal() as session:
            session.execute(q)
    except ValueError:
        session.rollback()
""",
    "a parameter as well": """\
def use(q, session=None):
    if session is None:
        with SessionLocal() as session:
            session.execute(q)
    return session.execute(q)
""",
    "returned by an inner function": """\
def use(q):
    with SessionLocal() as session:
        def inner():
            return session
        return q.run(inner)
""",
    "not closed by its own `with`": """\
def use(q):
    with kept_scope() as session:
        session.execute(q)
    return session.execute(q)
""",
    "a session of the web": """\
def use(q):
    with Web() as session:
        session.get(q)
    return session.get(q)
""",
    "closed on one of two ways": """\
def use(q):
    session = SessionLocal()
    try:
        if q:
            session.close()
        return session.execute(q).all()
    finally:
        session.close()
""",
    "returned to a caller that closes": """\
def use():
    session = SessionLocal()
    try:
        return session
    finally:
        session.close()


def caller(q):
    with closing(use()) as db:
        return db.execute(q)
""",
    "returned to a caller that closes by hand": """\
def use():
    with SessionLocal() as session:
        return session


def caller(q):
    db = use()
    try:
        return db.execute(q)
    finally:
        db.close()
""",
}


def codes(text, folder):
    """What is found in a module with this text, by both engines."""
    project = written(folder, {"store.py": STORE, "use.py": f"{HEAD}\n{text}"})
    found = found_in(project)
    assert found == found_in(project, "full")
    return [code for _, code in found.get("use.py", [])]


@pytest.mark.parametrize("shape", FOUND)
def test_a_session_that_opens_again_is_found(shape, tmp_path):
    assert codes(FOUND[shape], tmp_path) == ["SES108"]


@pytest.mark.parametrize("shape", LEFT_ALONE)
def test_what_nothing_leaves_open_is_left_alone(shape, tmp_path):
    assert "SES108" not in codes(LEFT_ALONE[shape], tmp_path)
