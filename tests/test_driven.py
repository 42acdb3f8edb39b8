"""Generators that are driven by hand: where they are found, and what is left alone."""

import pytest
from small_project import bytes_of, findings, found_in, written

from sessionlint import fix_source
from sessionlint.check import Project
from sessionlint.facts.names import Names
from sessionlint.model import Safety
from sessionlint_rules import RULES

pytestmark = pytest.mark.slow

STORE = """\
    from contextlib import contextmanager
    from collections.abc import AsyncGenerator, Generator, Iterator
    from pathlib import Path
    from sqlalchemy import create_engine
    from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
    from sqlalchemy.orm import Session, sessionmaker
    import elsewhere

    SessionLocal = sessionmaker(create_engine("sqlite://"))
    AsyncSessionLocal = async_sessionmaker(create_async_engine("sqlite+aiosqlite://"))


    def get_db():
        db = SessionLocal()
        try:
            yield db
        finally:
            db.close()


    async def get_session():
        async with AsyncSessionLocal() as session:
            yield session


    @contextmanager
    def scope():
        with SessionLocal() as session:
            yield session


    def scoped_db():
        with scope() as db:
            yield db


    def provided():
        with SessionLocal() as db:
            yield db


    def request_db(request):
        db = request.state.db
        yield db


    def either_db(is_new):
        with SessionLocal() as db:
            if is_new:
                yield db
            else:
                yield db


    def promised_db() -> Iterator[Session]:
        db = elsewhere.open()
        try:
            yield db
        finally:
            db.close()


    def managed_db() -> "Generator[Session, None, None]":
        with elsewhere.scope() as db:
            yield db


    async def promised_session() -> AsyncGenerator[AsyncSession, None]:
        async with elsewhere.scope() as session:
            yield session


    def borrowed_db() -> Iterator[Session]:
        db = elsewhere.current()
        yield db


    def given_db(db=None) -> Iterator[Session]:
        try:
            yield db
        finally:
            db.close()


    def other_db() -> Iterator[Path]:
        with elsewhere.scope() as db:
            yield db


    def show(session):
        return session.get(1, 2)


    def finish(session):
        session.close()


    def finish_another(session, file):
        session.get(1, 2)
        file.close()


    def pass_on(session):
        finish(session)


    def keep(session):
        kept.append(session)


    class Shop:
        def __init__(self, db, name=""):
            self.db = db

        def names(self):
            return self.db.execute("select name from users").all()

        def rename(self):
            self.names()
            self.db.commit()


    class AsyncShop:
        def __init__(self, session):
            self.session = session

        async def names(self):
            return await self.session.execute("select name from users")


    class ClosingShop(Shop):
        def close(self):
            self.db.close()


    def get_shop():
        db = SessionLocal()
        try:
            yield Shop(db, "main")
        finally:
            db.close()


    def get_named_shop():
        with SessionLocal() as db:
            shop = Shop(db)
            yield shop


    def get_closing_shop():
        with SessionLocal() as db:
            yield ClosingShop(db)


    def get_given_shop(db):
        yield Shop(db)


    def get_open_shop():
        db = SessionLocal()
        yield Shop(db)


    def get_list():
        with SessionLocal() as db:
            yield list(db)


    async def get_async_shop():
        async with AsyncSessionLocal() as session:
            yield AsyncShop(session)


    class Store:
        def lend_session(self):
            with SessionLocal() as session:
                yield session
    """

DRIVEN = {
    "on one line": "it = next(get_db())\n    it.add(1)",
    "over lines": "it = next(\n        get_db()\n    )\n    it.add(1)",
    "with a default": "it = next(get_db(), None)\n    it.add(1)",
    "of a module": "it = next(store.get_db())\n    it.add(1)",
    "of an object": "it = next(Store().lend_session())\n    it.add(1)",
    "of one of several objects": "it = next([Store()][0].lend_session())\n    it.add(1)",
    "of a context manager's": "it = next(scoped_db())\n    it.add(1)",
    "by its method": "it = get_db().__next__()\n    it.add(1)",
    "by a message": "it = get_db().send(None)\n    it.add(1)",
    "waited for": "it = await anext(get_session())\n    await it.commit()",
    "by its asynchronous method": "it = await get_session().__anext__()\n    await it.commit()",
    "by an asynchronous message": "it = await get_session().asend(None)\n    await it.commit()",
    "with an annotation": "it: object = next(get_db())\n    it.add(1)",
    "handed to a function": "it = next(get_db())\n    store.show(it)",
    "handed to a function that closes another": "it = next(get_db())\n    finish_another(it, x)",
    "in an attribute": "x.it = next(get_db())\n    x.it.add(1)",
    "used at once": "next(get_db()).add(1)",
    "of a session that is promised": "it = next(promised_db())\n    it.add(1)",
    "of a session that is promised in quotes": "return next(managed_db())",
    "looped over, promised and left": "async for it in promised_session():\n        return await it.commit()",
    "by a name": "made = get_db()\n    it = next(made)\n    it.add(1)",
    "by a name and its method": "made = store.get_db()\n    it = made.__next__()\n    it.add(1)",
    "by a name, asynchronous": "made = get_session()\n    it = await anext(made)\n    await it.commit()",
    "by a name, by an asynchronous message": "made = get_session()\n    it = await made.asend(None)\n    await it.commit()",
    "by a name, returned": "made = get_db()\n    return next(made)",
    "by a name, in an attribute": "made = get_db()\n    x.it = next(made)\n    x.it.add(1)",
    "by a name, used at once": "made = get_db()\n    next(made).add(1)",
    "by a name over lines": "made = (\n        get_db()\n    )\n    it = (\n        next(made)\n    )\n    it.add(1)",
    "by a name on one line": "made = get_db(); it = next(made)\n    it.add(1)",
    "entered": "with next(get_db()) as it:\n        it.add(1)",
    "returned": "return next(get_db())",
    "looped over and left": "async for it in get_session():\n        return await it.commit()",
    "looped over and failed": "async for it in get_session():\n        if not await it.get(1, 2):\n            raise ValueError",
    "looped over, kept and left": "async for it in get_session():\n        keep(it)\n        break",
    "looped over, left and used behind": "async for it in get_session():\n        break\n    await it.commit()",
    "looped over, left and returned behind": "async for it in get_session():\n        break\n    return it",
    "looped over, lent on and left": "async for it in get_session():\n        yield it\n        return",
    "for an object": "it = next(get_shop())\n    it.names()",
    "for an object at once": "return next(get_shop()).names()",
    "for an object that has a name": "it = next(get_named_shop())\n    it.names()",
    "for an object, asynchronous": "it = await anext(get_async_shop())  # has a session\n    await it.names()",
    "for an object, asynchronous and at once": "return await (await anext(get_async_shop())).names()  # has a session",
    "looped over for an object": "async for it in get_async_shop():  # has a session\n        return await it.names()",
    "by a name, for an object": "made = get_shop()  # has a session\n    it = next(made)\n    it.names()",
    "looped over over lines": "async for it in get_session(\n    ):\n        await it.commit()\n        break",
}
LEFT_ALONE = {
    "looped over and lent on in an object": "async for it in get_session():\n        yield Store(it)",
    "looped over and lent on in something": "async for it in get_session():\n        yield {'it': it}",
    "looped over and lent on": "async for it in get_session():\n        yield it",
    "looped over, looked at and left": "async for it in get_session():\n        seen = it\n        assert it is not None\n        assert isinstance(seen, str)\n        break",
    "looped over, left and closed behind": "async for it in get_session():\n        break\n    await it.commit()\n    await it.close()",
    "looped over and left": "async for it in get_session():\n        break",
    "by a name that is spoken of again": "made = get_db()\n    it = next(made)\n    it.add(1)\n    next(made, None)",
    "by a name that a function inside speaks of": "made = get_db()\n    it = next(made)\n    it.add(1)\n    return lambda: made",
    "by a name that a module has": "global made\n    made = get_db()\n    it = next(made)\n    it.add(1)",
    "by a name with a session that is closed": "made = get_db()\n    it = next(made)\n    it.add(1)\n    it.close()",
    "by a name that is entered": "made = get_db()\n    with next(made) as it:\n        it.add(1)",
    "by a name, if there is any": "made = get_db()\n    it = next(made, None)\n    it.add(1)",
    "by a name that is looked over": "made = get_db()\n    for it in made:\n        it.add(1)",
    "by one of two names": "made = get_db()\n    other = get_db()\n    it = next(made)\n    it.add(1)\n    made.close()",
    "by a name over lines of a module": "made = (\n        store\n        .get_db()\n    )\n    it = next(made)\n    it.add(1)",
    "closed by a function of ours": "it = next(get_db())\n    it.add(1)\n    finish(it)",
    "in a list": "it = next(get_db())\n    it.add(1)\n    x.append(it)",
    "closed by a function of a function": "it = next(get_db())\n    it.add(1)\n    pass_on(it)",
    "kept by a function": "it = next(get_db())\n    it.add(1)\n    keep(it)",
    "given away": "it = next(get_db())\n    it.add(1)\n    return it",
    "given to an object": "it = next(get_db())\n    it.add(1)\n    return Store(it)",
    "kept and handed on": "x.it = next(get_db())\n    x.it.add(1)\n    finish(x.it)",
    "kept and not used": "x.it = next(get_db())",
    "closed at once": "next(get_db()).close()",
    "asked at once": "return next(get_db()).get_bind()",
    "asked for its engine": "it = next(get_db())\n    return it.bind.dialect.name",
    "in brackets": "it = next((get_db()))\n    it.add(1)",
    "in a chain over lines": "it = next(\n        store\n        .get_db()\n    )\n    it.add(1)",
    "with more spaces": "async  for it in get_session():\n        return await it.commit()",
    "a loop that closes by a function": "async for it in get_session():\n        try:\n            return it.new\n        finally:\n            finish(it)",
    "an error that is suppressed": "async for it in get_session():\n        with suppress(ValueError):\n            raise ValueError",
    "entered later": "it = next(get_db())\n    with it:\n        it.add(1)",
    "closed by a function": "it = next(get_db())\n    it.add(1)\n    close_all(it)",
    "closed where it is kept": "x.it = next(get_db())\n    x.it.add(1)\n    x.it.close()",
    "for an object, by its module": "it = next(store.get_named_shop())  # has a session\n    it.names()",
    "for an object that is not used": "it = next(get_shop())",
    "for an object that commits": "it = next(get_shop())\n    it.rename()",
    "for an object that goes elsewhere": "it = next(get_shop())\n    it.names()\n    keep(it)",
    "for an object that can close": "it = next(get_closing_shop())\n    it.names()",
    "for an object of what was given": "it = next(get_given_shop(x))\n    it.names()",
    "for an object that keeps it open": "it = next(get_open_shop())\n    it.names()",
    "for an object of a library": "it = next(get_list())\n    it.names()",
    "a loop for an object to its end": "async for it in get_async_shop():  # has a session\n        await it.names()",
    "a loop that lends an object": "async for it in get_async_shop():  # has a session\n        await it.names()\n        yield it",
    "not used": "it = next(get_db())",
    "asked what it is": "it = next(get_db())\n    assert isinstance(it, object)",
    "an argument": "store.use(next(get_db()))",
    "in a lambda": "return lambda: next(get_db())",
    "with mocks": "it = next(get_db())\n    it.add(MagicMock())",
    "the wrong call": "it = next(get_session())\n    it.add(1)",
    "the other wrong call": "it = await anext(get_db())\n    it.add(1)",
    "a name that tells nothing": "it = next(provided())\n    it.add(1)",
    "what was given": "it = next(request_db(x))\n    it.add(1)",
    "what is promised and not ended": "it = next(borrowed_db())\n    it.add(1)",
    "what was given and promised": "it = next(given_db())\n    it.add(1)",
    "a promise of something else": "it = next(other_db())\n    it.add(1)",
    "one of two": "it = next(either_db(x))\n    it.add(1)",
    "a context manager": "with scope() as it:\n        it.add(1)",
    "another generator": "it = next(name for name in ('db', 'session'))\n    it.upper()",
    "a plain loop": "for it in get_db():\n        return it.get(1)",
    "a loop to its end": "async for it in get_session():\n        await it.commit()",
    "a loop that gives rows": "async for it in get_session():\n        yield await it.get(1, 2)",
    "a loop that lends and closes": "async for it in get_session():\n        yield it\n        await it.close()",
    "a loop that lends and handles errors": "async for it in get_session():\n        try:\n            yield it\n        except ValueError:\n            pass",
    "a loop that closes": "async for it in get_session():\n        await it.close()\n        break",
    "an error that is handled": "async for it in get_session():\n        try:\n            raise ValueError\n        except ValueError:\n            await it.commit()",
    "a break of another loop": "async for it in get_session():\n        for _ in x:\n            break",
}


def codes(body: str, folder) -> list[str]:
    """What is found in a function with that body, whichever engine looks."""
    imports = "import store\nfrom unittest.mock import MagicMock\nfrom store import *\n"
    text = f"{imports}async def use(x):\n    {body}\n\ngiven = Depends(use)\n"
    project = written(folder, {"store.py": STORE, "use.py": text})
    found = found_in(project)
    assert found == found_in(project, "full")
    return [code for _, code in found.get("use.py", [])]


@pytest.mark.parametrize("shape", DRIVEN)
def test_a_generator_driven_by_hand_is_found(shape, tmp_path):
    assert codes(DRIVEN[shape], tmp_path) == ["SES107"]


def test_one_that_is_reset_is_closed_by_hand(tmp_path):
    assert codes("it = next(get_db())\n    it.add(1)\n    it.reset()", tmp_path) == ["SES101"]


@pytest.mark.parametrize("shape", LEFT_ALONE)
def test_what_may_come_to_its_end_is_left_alone(shape, tmp_path):
    assert codes(LEFT_ALONE[shape], tmp_path) == []


def test_the_function_may_have_the_name_of_its_session(tmp_path):
    text = "from store import *\ndef db(x):\n    db = next(get_db())\n    db.add(x)\n"
    project = written(tmp_path, {"store.py": STORE, "use.py": text})
    assert found_in(project)["use.py"] == found_in(project, "full")["use.py"] == [(3, "SES107")]


START = """\
import sys
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

AsyncSessionLocal = async_sessionmaker(create_async_engine("sqlite+aiosqlite://"))


async def get_session(given=None):
{lender}

async def use(x):
    {use}

given = Depends(use)
"""

OPEN = "    async with AsyncSessionLocal() as s:\n"
TRANSACTION = "    async with AsyncSessionLocal() as s, s.begin():\n"
READ = "async for s in get_session():\n        await s.get(x, 1)\n        break"
LOOP = "async for s in get_session():\n        await s.commit()\n        break"
FIXED = {
    "a `with`": (f"{OPEN}        yield s\n", LOOP, Safety.SAFE),
    "a `finally`": (
        "    s = AsyncSessionLocal()\n    try:\n        yield s\n    finally:\n        await s.close()\n",
        LOOP,
        Safety.SAFE,
    ),
    "a commit behind": (f"{OPEN}        yield s\n        await s.commit()\n", LOOP, Safety.UNSAFE),
    "a commit on the line": (f"{OPEN}        yield s; await s.commit()\n", LOOP, Safety.UNSAFE),
    "a commit in an `else`": (
        f"{OPEN}        try:\n            yield s\n        except ValueError:\n            raise\n        else:\n            await s.commit()\n",
        LOOP,
        Safety.UNSAFE,
    ),
    "a transaction": (f"{TRANSACTION}        yield s\n", READ, Safety.UNSAFE),
    "a transaction that the block ends": (f"{TRANSACTION}        yield s\n", LOOP, None),
    "a transaction that another may end": (
        f"{TRANSACTION}        yield s\n",
        READ.replace("break", "await save(s)\n        break"),
        None,
    ),
    "a handler": (
        f"{OPEN}        try:\n            yield s\n        except ValueError:\n            raise\n",
        LOOP,
        Safety.UNSAFE,
    ),
    "a result": (
        f"{OPEN}        yield s\n",
        LOOP.replace("break", "return await s.get(x, 1)"),
        Safety.UNSAFE,
    ),
    "the session returned": (
        f"{OPEN}        yield s\n",
        LOOP.replace("break", "return s"),
        None,
    ),
    "the session returned in something": (
        f"{OPEN}        yield s\n",
        LOOP.replace("break", "return {'x': s, 'y': [x]}"),
        None,
    ),
    "an object of the session returned": (
        f"{OPEN}        yield s\n",
        LOOP.replace("break", "return Context(s)"),
        None,
    ),
    "the session kept": (
        f"{OPEN}        yield s\n",
        LOOP.replace("break", "x.it = s\n        break"),
        None,
    ),
    "the session kept under a key": (
        f"{OPEN}        yield s\n",
        LOOP.replace("break", "x['it'] = s\n        break"),
        None,
    ),
    "an object of the session kept": (
        f"{OPEN}        yield s\n",
        LOOP.replace("break", "x.users = Users(s)\n        break"),
        None,
    ),
    "a row kept": (
        f"{OPEN}        yield s\n",
        LOOP.replace("break", "x.row = await s.get(x, 1)\n        break"),
        Safety.UNSAFE,
    ),
    "a way without a `yield`": (
        f"    if given:\n        return\n{OPEN}        yield s\n",
        LOOP,
        None,
    ),
    "a `yield` under a condition": (f"{OPEN}        if given:\n            yield s\n", LOOP, None),
    "a `yield` in an expression": (f"{OPEN}        print((yield s))\n", LOOP, None),
    "nothing that closes": ("    s = AsyncSessionLocal()\n    yield s\n", LOOP, None),
    "a `finally` that asks": (
        f"{OPEN}        try:\n            yield s\n        finally:\n            print(sys.exc_info())\n",
        LOOP,
        None,
    ),
    "a comment in the call": (
        f"{OPEN}        yield s\n",
        LOOP.replace("get_session()", "get_session(\n        # ours\n    )"),
        None,
    ),
    "a `break` with a comment": (f"{OPEN}        yield s\n", f"{LOOP}  # one turn", None),
    "a `break` on a condition": (
        f"{OPEN}        yield s\n",
        LOOP.replace("break", "if x:\n            break\n        await s.flush()"),
        None,
    ),
    "another name behind the loop": (
        f"{OPEN}        yield s\n",
        LOOP.replace("break", "db = s\n        break") + "\n    await db.commit()",
        None,
    ),
    "another name that was None before the loop": (
        f"{OPEN}        yield s\n",
        "db = None\n    "
        + LOOP.replace("break", "db = s\n        break")
        + "\n    await db.commit()",
        None,
    ),
    "a list behind the loop": (
        f"{OPEN}        yield s\n",
        LOOP.replace("break", "held = [s]\n        break") + "\n    await held[0].commit()",
        None,
    ),
    "an object behind the loop": (
        f"{OPEN}        yield s\n",
        LOOP.replace("break", "users = Users(s)\n        break") + "\n    await users.all()",
        None,
    ),
    "a row behind the loop": (
        f"{OPEN}        yield s\n",
        LOOP.replace("break", "row = await s.get(x, 1)\n        break") + "\n    print(row.name)",
        Safety.UNSAFE,
    ),
    "another name in the loop": (
        f"{OPEN}        yield s\n",
        LOOP.replace("break", "db = s\n        await db.get(x, 1)\n        break"),
        Safety.SAFE,
    ),
    "a use behind the loop": (f"{OPEN}        yield s\n", f"{LOOP}\n    await s.commit()", None),
}


@pytest.mark.parametrize("shape", FIXED)
def test_a_fix_is_as_safe_as_the_generator_is_plain(shape):
    lender, use, expected = FIXED[shape]
    found = findings(START.format(lender=lender, use=use))
    [one] = [one for one in found if one.code == "SES107"]
    assert (one.fix.safety if one.fix else None) is expected


REGISTRY = """\
from sqlalchemy import create_engine
from sqlalchemy.orm import scoped_session, sessionmaker

registry = scoped_session(sessionmaker(create_engine("sqlite://")))
other = scoped_session(sessionmaker(create_engine("sqlite://")))


def get_db():
    db = registry()
    try:
        yield db
    finally:
        {ending}


def use(x):
    db = next(get_db())
    return db.get(x, 1).name


def use_and_close(x):
    db = next(get_db())
    try:
        return db.get(x, 1).name
    finally:
        db.close()
"""


@pytest.mark.parametrize(
    ("ending", "expected"),
    [
        ("registry.remove()", ["SES107", "SES101"]),
        ("db.close()", []),
        ("other.remove()", []),
    ],
)
def test_a_registry_removes_what_its_generator_lends(ending, expected):
    found = [one for one in findings(REGISTRY.format(ending=ending)) if one.code != "SES204"]
    assert [one.code for one in found] == expected
    fixes = [one.fix for one in found if one.fix is not None]
    assert {fix.safety for fix in fixes} <= {Safety.UNSAFE}


BY_HAND = """\
from contextlib import suppress
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import sessionmaker

SessionLocal = sessionmaker(create_engine("sqlite://"))
AsyncSessionLocal = async_sessionmaker(create_async_engine("sqlite+aiosqlite://"))


def get_db():
    with SessionLocal() as s:
{sync}

async def get_session():
    async with AsyncSessionLocal() as s:
        yield s


def use(x):
    db = next(get_db())
    try:
        return x.count(db.get(x, 1).name)
    finally:
        db.close()


async def use_async(x):
    db = await anext(get_session())
    await db.execute(x)
    await db.close()
"""


@pytest.mark.parametrize(
    ("sync", "reason"),
    [
        ("        yield s\n", ""),
        ("        yield s\n        s.commit()\n", "what the dependency does behind its `yield`"),
        (
            "        try:\n            yield s\n        except ValueError:\n            raise\n",
            "an error of the block reaches the handlers of the dependency",
        ),
        ("        with s.begin():\n            yield s\n", None),
        ("        if s.is_active:\n            yield s\n", None),
    ],
)
def test_what_is_closed_by_hand_is_entered_where_the_generator_is_plain(sync, reason):
    found = findings(BY_HAND.format(sync=sync))
    told = {one.function: one for one in found}
    later = told["use_async"].fix
    assert (later.title, later.safety) == ("enter it by `asynccontextmanager`", Safety.SAFE)
    one = told.get("use")
    if reason is None:
        assert one is None
        return
    assert (one.code, one.fix.title) == ("SES101", "enter it by `contextmanager`")
    assert one.fix.reason.startswith(reason)
    assert one.fix.safety is (Safety.UNSAFE if reason else Safety.SAFE)


PARTS = """\
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker

SessionLocal = sessionmaker(create_engine("sqlite://"))


def get_db():
    {lender}


def use(x{parameter}):
    db = next(get_db())
    try:
        db.execute(x)
    finally:
        db.close()
"""
MANAGED = "with SessionLocal() as s:\n        "


@pytest.mark.parametrize(
    ("lender", "parameter", "expected"),
    [
        (f"{MANAGED}yield s", "", ""),
        (
            f"{MANAGED}s.execute(1)\n        yield s",
            "",
            "what the dependency does before its `yield`",
        ),
        (
            f"{MANAGED}prepare(s)\n        yield s",
            "",
            "what the dependency does before its `yield`",
        ),
        (f"{MANAGED}print(1)\n        yield s", "", ""),
        (f"{MANAGED}yield s", ", get_db=get_db", None),
    ],
)
def test_what_a_generator_does_before_it_lends_is_kept_by_a_with(lender, parameter, expected):
    found = findings(PARTS.format(lender=lender, parameter=parameter))
    [fix] = [one.fix for one in found if one.function == "use"]
    assert (fix and fix.reason.startswith(expected)) if expected is not None else fix is None
    assert expected is None or (fix.safety is Safety.UNSAFE) is bool(expected)


@pytest.mark.parametrize(
    "ending",
    [
        "s = SessionLocal()\n    yield s\n    s.close()",
        "s = SessionLocal()\n    try: yield s\n    finally: s.close()",
    ],
)
def test_a_generator_and_who_takes_from_it_are_both_fixed(ending, tmp_path):
    text = PARTS.format(lender=ending, parameter="")
    path = written(tmp_path, {"use.py": text}) / "use.py"
    project = Project.open(tmp_path, bytes_of, Names())
    result = fix_source(
        path.read_bytes(), path, RULES, project, lambda one: one.fix.safety is Safety.SAFE
    )
    assert b"with contextmanager(get_db)() as db:" in result.data
    assert b"with SessionLocal() as s:" in result.data
    assert result.remaining == ()


def test_an_import_of_the_function_itself_is_entered(tmp_path):
    head, use = PARTS.format(lender=f"{MANAGED}yield s", parameter="").split("\n\n\ndef use")
    use = f"def use{use}".replace("    db = next", "    from store import get_db\n\n    db = next")
    path = written(tmp_path, {"store.py": head, "use.py": use}) / "use.py"
    project = Project.open(tmp_path, bytes_of, Names())
    result = fix_source(path.read_bytes(), path, RULES, project, lambda _: True)
    assert [one.fix.safety for one in result.applied] == [Safety.SAFE]
    assert b"with contextmanager(get_db)() as db:" in result.data


@pytest.mark.parametrize("taken", ["next(get_db())", "list(get_db())[0]"])
@pytest.mark.parametrize(("ending", "is_said"), [("db.close()", True), ("db.commit()", False)])
def test_a_generator_is_said_to_close_only_what_it_closes(taken, ending, is_said):
    [message] = [
        one.message
        for one in findings(
            "from sqlalchemy import create_engine, text\n"
            "from sqlalchemy.orm import sessionmaker\n"
            "SessionLocal = sessionmaker(create_engine('sqlite://'))\n"
            "def get_db():\n"
            "    db = SessionLocal()\n"
            f"    try:\n        yield db\n    finally:\n        {ending}\n"
            f"def count():\n    db = {taken}\n    return db.scalar(text('select 1'))\n"
        )
        if one.code == "SES107"
    ]
    assert ("opens again" in message) == is_said


LATE = "its session stays open until the event loop gets round to the generator"
GONE = "its session is closed while it is in use; nothing closes what it opens after that"
BEHIND = "so what stands behind its `yield` is skipped, and"


@pytest.mark.parametrize(
    ("lender", "lines", "words"),
    [
        ("async with Maker() as s:\n        yield s", "return await db.get(int, 1)", f"so {LATE}"),
        ("async with Maker() as s:\n        yield s", "return db", f"so {GONE}"),
        ("async with Maker() as s:\n        yield s", "return {'db': db}", f"so {GONE}"),
        ("async with Maker() as s:\n        yield s", "return Context(1, db=db)", f"so {GONE}"),
        (
            "async with Maker() as s:\n        yield s",
            "it = db\n        return it, 1",
            f"so {GONE}",
        ),
        ("async with Maker() as s:\n        yield s", "break\n    await db.get(1)", f"so {GONE}"),
        ("async with Maker() as s:\n        yield s\n    s", "return db", f"{BEHIND} {GONE}"),
        (
            "s = Maker()\n    try:\n        yield s\n    finally:\n        log(); await s.close()",
            "return db",
            "and nothing closes what its session opens after that",
        ),
        (
            "s = Maker()\n    yield s",
            "return await db.get(int, 1)",
            "and the generator does not close its session",
        ),
        (
            "s = Maker()\n    yield s\n    await s.commit()",
            "return await db.get(int, 1)",
            f"{BEHIND} the generator does not close its session",
        ),
        (
            "s = Maker()\n    yield s\n    await end(s)",
            "return await db.get(1)",
            f"{BEHIND} {LATE}",
        ),
    ],
)
def test_a_loop_is_told_what_becomes_of_its_session(lender, lines, words):
    [message] = [
        one.message
        for one in findings(
            "from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine\n"
            "Maker = async_sessionmaker(create_async_engine('sqlite+aiosqlite://'))\n"
            f"async def get_db():\n    {lender}\n"
            f"async def use():\n    async for db in get_db():\n        {lines}\n"
        )
        if one.code == "SES107"
    ]
    line = message.partition(" is left on line ")[2].partition(", ")[2]
    assert line == words
