"""Sessions that are used after their close: where they are found, and what is left alone."""

import pytest
from small_project import found_in, written

pytestmark = pytest.mark.slow

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


    def begins(it: Session):
        with it.begin():
            it.execute(1)


    def passes(it: Session):
        it.execute(1)
        writes(it)


    @contextmanager
    def decorated(it: Session):
        yield it.execute(1)


    def counts(it):
        return len(it.new)
    """

HEAD = """\
from contextlib import closing
import store
from requests import Session as Web
from store import AsyncLocal, SessionLocal, begins, closes, counts, decorated, kept_scope
from store import passes, reads, scope, writes

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
    "with a bracket at once": """\
def use(q):
    with(SessionLocal()) as session:
        session.execute(q)
    return session.execute(q)
""",
    "in letters of its own": """\
def use(q):
    with SessionLocal() as sessionés:
        sessionés.execute(q)
    return sessionés.execute(q)
""",
    "behind a word that begins like a definition": """\
def use(q):
    if q:
        with SessionLocal() as session:
            session.execute(q)
    defaults = 1
    return defaults, session.execute(q)
""",
    "returned to a caller that uses it": """\
def use():
    with SessionLocal() as session:
        return session


def caller(q):
    db = use()
    return reads(db)
""",
    "put off until a loop behind": """\
def use(q):
    with SessionLocal() as session:
        found = (session.execute(one) for one in q)
    for one in found:
        print(one)
""",
    "put off until the caller asks": """\
def use(q):
    with SessionLocal() as session:
        return (
            row
            for one in q
            if one.is_new
            for row in session.execute(one)
        )
""",
    "put off in a function of ours": """\
def use(q):
    with SessionLocal() as session:
        found = (reads(session) for _ in q)
    return sum(found)
""",
}

LEFT_ALONE = {
    "put off and run in the block": """\
def use(q):
    with SessionLocal() as session:
        found = (session.execute(one) for one in q)
        print(list(found))
    return found
""",
    "not put off": """\
def use(q):
    with SessionLocal() as session:
        return (row for row in session.execute(q))
""",
    "put off and never run": """\
def use(q):
    with SessionLocal() as session:
        found = (session.execute(one) for one in q)
    print(found)
""",
    "put off and committed behind": """\
def use(q):
    with SessionLocal() as session:
        found = (session.execute(one) for one in q)
    print(list(found))
    session.commit()
""",
    "put off in a function that commits": """\
def use(q):
    with SessionLocal() as session:
        return (writes(session) for _ in q)
""",
    "put off and given to somebody": """\
def use(q):
    with SessionLocal() as session:
        q.run((session.execute(one) for one in q))
""",
    "put off by somebody who lends it": """\
def use(q):
    with SessionLocal() as session:
        found = (session.execute(one) for one in q)
        yield session
    print(list(found))
""",
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
    "in a transaction of its own": """\
def use(q):
    with SessionLocal() as session:
        session.execute(q)
    with session.begin():
        session.execute(q)
""",
    "in a transaction that has a name": """\
def use(q):
    with SessionLocal() as session:
        session.execute(q)
    begun = session.begin()
    session.execute(q)
    begun.commit()
""",
    "reset": """\
def use(q):
    with SessionLocal() as session:
        session.execute(q)
    session.execute(q)
    session.reset()
""",
    "its connection closed": """\
def use(q):
    with SessionLocal() as session:
        session.execute(q)
    session.execute(q)
    session.connection().close()
""",
    "stored before": """\
def use(q):
    with SessionLocal() as session:
        q.session = session
    session.execute(q)
    q.session.close()
""",
    "closed by a function inside": """\
def use(q):
    def done():
        session.close()

    with SessionLocal() as session:
        session.execute(q)
    session.execute(q)
    done()
""",
    "given to a function with a transaction": """\
def use(q):
    with SessionLocal() as session:
        session.execute(q)
    begins(session)
""",
    "given to a function that passes it on": """\
def use(q):
    with SessionLocal() as session:
        session.execute(q)
    passes(session)
""",
    "given to a function that is decorated": """\
def use(q):
    with SessionLocal() as session:
        session.execute(q)
    decorated(session)
""",
    "expected to fail": """\
def use(q):
    import pytest

    with SessionLocal() as session:
        session.execute(q)
    with pytest.raises(Exception):
        session.execute(q)
""",
    "a query that is part of another": """\
def use(q):
    with SessionLocal() as session:
        session.execute(q)
    return session.query(q).filter(q).subquery()
""",
    "a session for one use": """\
def use(q):
    with SessionLocal(close_resets_only=False) as session:
        session.execute(q)
    session.execute(q)
""",
    "bound by a case": """\
def use(q):
    session = SessionLocal()
    session.close()
    match q:
        case [session]:
            session.execute(q)
""",
    "returned to a caller with a type": """\
def use():
    with SessionLocal() as session:
        return session


def caller(q):
    db: object = use()
    db.execute(q)
    db.close()
""",
    "returned to a caller that enters it": """\
def use():
    with SessionLocal() as session:
        return session


def caller(q):
    db = use()
    with db:
        db.execute(q)
""",
    "returned to a caller that keeps it": """\
def use():
    with SessionLocal() as session:
        return session


class Caller:
    def __init__(self):
        self.db = use()
""",
    "returned to a caller that returns it": """\
def use():
    with SessionLocal() as session:
        return session


def caller():
    return use()
""",
    "returned to a caller that puts it on a stack": """\
def use():
    with SessionLocal() as session:
        return session


def caller(q, stack):
    db = use()
    stack.enter_context(db)
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


def test_lines_of_windows_hide_nothing(tmp_path):
    text = FOUND["behind a `with`"].replace("\n", "\r\n")
    assert codes(text, tmp_path) == ["SES108"]


@pytest.mark.parametrize("shape", LEFT_ALONE)
def test_what_nothing_leaves_open_is_left_alone(shape, tmp_path):
    assert "SES108" not in codes(LEFT_ALONE[shape], tmp_path)
