"""One session in several tasks: where it is found, what is left alone, and what it does when run."""

import subprocess
import sys
from pathlib import Path

import pytest
from harm.world import prepare
from small_project import found_in, written

pytestmark = pytest.mark.slow

RULE = Path(__file__).parents[1] / "rules/sessionlint_rules/ses202_session_shared_by_tasks"

STORE = """\
    import asyncio
    from contextlib import asynccontextmanager
    from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

    SessionLocal = async_sessionmaker(create_async_engine("sqlite+aiosqlite://"))


    async def load(session: AsyncSession, user_id=1):
        return await session.get(1, user_id)


    async def passed(session):
        return await load(session)


    async def kept(session):
        return str(session)


    async def streamed(session):
        async for row in await session.stream(1):
            print(row)


    async def own(session):
        async with SessionLocal() as session:
            return await load(session)


    async def one_by_one(session, lock):
        async with lock:
            return await load(session)


    async def by_own_lock(session, user_id):
        async with GLOBAL_LOCK:
            return await load(session, user_id)


    class Users:
        def __init__(self, session: AsyncSession):
            self.db = session

        async def all(self):
            return await self.db.scalars(1)

        async def counted(self):
            return len(await self.all())

        async def label(self):
            await asyncio.sleep(1)
            return str(self.db)


    class Cached:
        def __init__(self, db: AsyncSession, cache_conn):
            self.db = db
            self.cache_conn = cache_conn

        async def cached(self, key):
            return await self.cache_conn.get(key)

        async def load(self, key):
            return await self.db.scalar(key)


    @asynccontextmanager
    async def context(kind=None):
        session = await kind.session()
        async with session:
            if kind:
                yield session
            else:
                yield session
    """

HEAD = """\
import asyncio
from asyncio import gather
import anyio
import store
from asyncpg import Connection, connect
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from store import Cached, SessionLocal, Users, by_own_lock, context, kept, load, one_by_one, own, passed, streamed

"""

SHARED = {
    "of a `with`": "async with SessionLocal() as s_db:\n        await gather(load(s_db), load(s_db))",
    "of a parameter": "await gather(load(db), load(db, 2))",
    "by keywords": "await gather(load(session=db), store.load(session=db))",
    "by functions of functions": "await gather(passed(db), passed(db))",
    "in a loop of its own": "await gather(streamed(db), load(db))",
    "by functions that are not known": "await gather(x.load(db), x.count(db))",
    "by its methods": "await gather(db.execute(1), db.scalar(2))",
    "of a connection": "await gather(conn.execute(1), conn.execute(2))",
    "in objects": "await gather(x.Users(db).all(), x.Orders(db).all())",
    "in one object": "users = Users(db)\n    await gather(users.all(), users.counted())",
    "in an object and by itself": "users = Users(db)\n    await gather(users.all(), db.scalar(1))",
    "in one object of somebody's": "await gather(repo.all(), repo.counted())",
    "as tasks": "await gather(asyncio.create_task(load(db)), asyncio.create_task(load(db)))",
    "as tasks one behind the other": "a = asyncio.create_task(load(db))\n    b = asyncio.create_task(load(db))\n    await a\n    await b",
    "as tasks with something between": "a = asyncio.create_task(load(db))\n    x.log(1)\n    b = asyncio.create_task(load(db))\n    return await a, await b",
    "under names": "a = load(db)\n    b = load(db)\n    await gather(a, b)",
    "in a list": "await gather(*[load(db), load(db)])",
    "in a list with a name": "them = [load(db), load(db)]\n    await gather(*them)",
    "in a comprehension": "await gather(*[load(db, i) for i in x])",
    "in a generator": "await gather(*(load(db, i) for i in x), return_exceptions=True)",
    "in a list that is filled": "them = []\n    for i in x:\n        them.append(load(db, i))\n    await gather(*them)",
    "in a set that is waited for": "await asyncio.wait({asyncio.create_task(load(db)), asyncio.create_task(load(db))})",
    "in what is waited for": "them = [asyncio.create_task(load(db, i)) for i in x]\n    await asyncio.wait(them, timeout=3)",
    "in what completes": "for one in asyncio.as_completed([load(db, i) for i in x]):\n        await one",
    "in a dictionary that is asked for": "them = {}\n    if db:\n        them[1] = load(db)\n    them[2] = load(db)\n    if them:\n        await gather(*them.values())",
    "in a dictionary under a condition": "if x:\n        them = {}\n        if db:\n            them[1] = load(db)\n        them[2] = load(db)\n        await gather(*them.values())",
    "in a task group": "async with asyncio.TaskGroup() as group:\n        group.create_task(load(db))\n        group.create_task(load(db))",
    "in a loop in a task group": "async with asyncio.TaskGroup() as group:\n        for i in x:\n            group.create_task(load(db, i))",
    "in a task group of anyio": "async with anyio.create_task_group() as group:\n        group.start_soon(load, db)\n        group.start_soon(load, db, 2)",
    "in a task group that is waited for at its end": "async with asyncio.TaskGroup() as group:\n        one = group.create_task(load(db))\n        two = group.create_task(load(db))\n        await one\n        await two",
    "in a loop in a task group with a wait behind it": "async with asyncio.TaskGroup() as group:\n        for i in x:\n            one = group.create_task(load(db, i))\n        await one",
    "by a function inside": "async def one(i):\n        await db.execute(i)\n    await gather(*(one(i) for i in x))",
    "by a function inside that passes it on": "async def one(i):\n        await load(db, i)\n    await gather(*[one(i) for i in x])",
    "by two functions inside": "async def one():\n        await db.execute(1)\n    async def two():\n        await db.execute(2)\n    await gather(one(), two())",
    "of what a function says it takes": "async with context(x) as session:\n        await gather(load(session), load(session))",
}
LEFT_ALONE = {
    "one after the other": "await load(db)\n    await load(db)",
    "one task": "await gather(load(db), asyncio.sleep(1))",
    "two sessions": "await gather(load(db), load(other_db))",
    "a session each": "await gather(*(load(db) for db in x))",
    "a session in every turn": "async with asyncio.TaskGroup() as group:\n        for i in x:\n            db = i.session\n            group.create_task(load(db))",
    "nothing awaited on it": "await gather(kept(db), kept(db))",
    "nothing awaited on what an object keeps": "users = Users(db)\n    await gather(users.label(), users.label())",
    "nothing awaited on what an object of somebody's keeps": "await gather(repo.all(), repo.label())",
    "two objects of somebody's": "await gather(repo.all(), other_repo.all())",
    "an object that may be another": "repo = repo or x\n    await gather(repo.all(), repo.counted())",
    "one object each": "users, more = Users(db), Users(other_db)\n    await gather(users.all(), more.all())",
    "two objects": "users = Users(db)\n    more = Users(other_db)\n    await gather(users.all(), more.all())",
    "one list in every turn": "for i in x:\n        them = []\n        them.append(load(db, i))\n        await gather(*them)",
    "one or the other beside another's": "them = [load(other)]\n    if x:\n        them.append(load(db))\n    else:\n        them.append(load(db, 2))\n    await gather(*them)",
    "one before the list is cleared": "them = []\n    if x:\n        them.append(load(db))\n        await gather(*them)\n        them.clear()\n    them.append(load(db, 2))\n    await gather(*them)",
    "one in the other branch": "them = {1: load(db)}\n    if x:\n        await gather(*them.values())\n    else:\n        them[2] = load(db)",
    "one behind the call": "them = {1: load(db)}\n    await gather(*them.values())\n    if x:\n        them[2] = load(db)",
    "one key in a loop": "them = {}\n    while x:\n        them[1] = load(db)\n        await gather(*them.values())",
    "the first of a loop": "them = []\n    for i in x:\n        them.append(load(db, i))\n        break\n    await gather(*them)",
    "one awaited in a condition": "them = {}\n    them[1] = load(db)\n    if await them[1]:\n        them[2] = load(db)\n    await gather(*them.values())",
    "one awaited before the other": "them = {}\n    them[1] = load(db)\n    await them[1]\n    them[2] = load(db)\n    await gather(*them.values())",
    "one before a return deep inside": "them = []\n    if x:\n        them.append(load(db))\n        async with x:\n            return\n    them.append(load(db, 2))\n    await gather(*them)",
    "one before a return": "them = []\n    if x:\n        them.append(load(db))\n        return\n    them.append(load(db, 2))\n    await gather(*them)",
    "the keys of a dictionary": "them = {load(db): 1, load(db, 2): 2}\n    await gather(*them.items())",
    "one or the other in a list": "them = []\n    if x:\n        them.append(load(db))\n    else:\n        them.append(load(db, 2))\n    await gather(*them)",
    "another session of the object": "repo = Cached(db, x)\n    await gather(repo.cached(1), repo.load(2))",
    "with a lock": "lock = asyncio.Lock()\n    await gather(one_by_one(db, lock), one_by_one(db, lock))",
    "with a lock of the function": "await gather(*(by_own_lock(db, i) for i in x))",
    "a function inside": "async def one(i):\n        await db.execute(i)\n    await gather(one(1), asyncio.sleep(1))",
    "a function inside with a lock": "lock = asyncio.Lock()\n    async def one(i):\n        async with lock:\n            await db.execute(i)\n    await gather(*(one(i) for i in x))",
    "a function inside that waits for a lock": "async def one(i):\n        await by_own_lock(db, i)\n    await gather(*(one(i) for i in x))",
    "a function inside with a session of its own": "async def one(i):\n        async with SessionLocal() as db:\n            await db.execute(i)\n    await gather(*(one(i) for i in x))",
    "in one branch or the other": "async with asyncio.TaskGroup() as group:\n        if x:\n            group.create_task(load(db))\n        else:\n            group.create_task(load(db))",
    "each awaited in a task group": "async with asyncio.TaskGroup() as group:\n        await group.create_task(load(db))\n        await group.create_task(load(db))",
    "one awaited before the other in a task group": "async with asyncio.TaskGroup() as group:\n        one = group.create_task(load(db))\n        await one\n        group.create_task(load(db))",
    "each awaited in a loop in a task group": "async with asyncio.TaskGroup() as group:\n        for i in x:\n            one = group.create_task(load(db, i))\n            await one",
    "a function with a session of its own under that name": "await gather(own(db), own(db))",
    "the factory": "await gather(x.load(SessionLocal), x.load(SessionLocal))",
    "another gather": "await x.gather(load(db), load(db))",
    "a session by its name alone": "db_session = x.y\n    await gather(x.load(db_session), x.load(db_session))",
    "a connection of SQLAlchemy": "await gather(sa_conn.execute(1), sa_conn.execute(2))",
    "a task that is awaited before the next": "a = asyncio.create_task(load(db))\n    await a\n    b = asyncio.create_task(load(db))\n    await b",
    "a task that is cancelled": "a = asyncio.create_task(load(db))\n    a.cancel()\n    b = asyncio.create_task(load(db))\n    await a\n    await b",
    "a task that the next one waits for": "a = asyncio.create_task(load(db))\n    b = asyncio.create_task(x.after(a, db))\n    await a\n    await b",
    "a task that may be over": "a = asyncio.create_task(load(db))\n    await asyncio.sleep(9)\n    b = asyncio.create_task(load(db))\n    await a\n    await b",
    "one of several tasks": "a = asyncio.create_task(load(db))\n    b = asyncio.create_task(load(other_db))\n    await a\n    await b",
    "tasks of two branches": "if x:\n        a = asyncio.create_task(load(db))\n    else:\n        b = asyncio.create_task(load(db))\n    await a\n    await b",
    "a task that is awaited before": "await asyncio.create_task(load(db))\n    await load(db)",
    "a name of its own": "s = db\n    await gather(load(s), load(s))",
}


def codes(body, folder):
    """What is found in a function with this body, by both engines."""
    sessions = (
        "db: AsyncSession, other_db: AsyncSession, conn: Connection, sa_conn: AsyncConnection"
    )
    parameters = f"x, {sessions}, repo: Users, other_repo: Users"
    text = f"{HEAD}\nasync def use({parameters}):\n    {body}\n"
    project = written(folder, {"store.py": STORE, "use.py": text})
    found = found_in(project)
    assert found == found_in(project, "full")
    return [code for _, code in found.get("use.py", [])]


@pytest.mark.parametrize("shape", SHARED)
def test_a_session_in_several_tasks_is_found(shape, tmp_path):
    assert codes(SHARED[shape], tmp_path) == ["SES202"]


KEPT = """\
    import asyncio
    from asyncio import Lock
    from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker


    async def count(session):
        return len(await session.scalars(1))


    async def label(session):
        return str(session)


    class Users:
        def __init__(self, session: AsyncSession):
            self.session = session

        async def all(self):
            return await self.session.scalars(1)

        async def perhaps(self, i):
            return await self.session.scalars(1) if i else None


    class Shop:
        def __init__(self, session: AsyncSession, factory: async_sessionmaker, untold_db):
            self.session = session
            self.session_factory = factory
            self.untold_db = untold_db
            self.repo = Users(session)
            self.other = Users(session)
            self.given_users = untold_db.users
            self.sessions = Users(factory())
            self.lock = Lock()
            self.guard = Lock()

        async def users(self, i=0):
            return await self.session.scalars(i)

        async def orders(self):
            return [one for one in await self.users()]

        async def by_itself(self):
            async with self.session_factory() as session:
                return await session.scalars(1)

        async def locked(self):
            async with self.lock:
                return await self.session.scalars(1)

        async def acquired(self):
            await self.lock.acquire()
            return await self.session.scalars(1)

        async def guarded(self):
            async with self.guard:
                return await self.session.scalars(1)

        async def given(self, session=None):
            return await (session or self.session).scalars(1)

        async def written(self, is_new=False):
            if is_new:
                await self.session.commit()

        async def bound_alike(self):
            async with AsyncSession(self.session.bind) as session:
                return await session.scalars(1)

        async def measured(self, client):
            return await client.post(len(self.session.new))

        async def prepared(self):
            async def later():
                await self.session.scalars(1)

            self.later = later

        @property
        def new_repo(self):
            return Users(self.session_factory())

        @property
        def new_session(self):
            return self.session_factory()

        async def anew(self):
            return await self.new_session.scalars(1)

        async def untold(self):
            return await self.untold_db.scalars(1)

        async def all(self, ids):
            return await asyncio.gather({tasks})
    """


def codes_in_class(tasks, folder):
    """What is found where a method lets these tasks run at once, by both engines.

    That its property opens a session at each read, of which SES109 tells, is so in any case.
    """
    project = written(folder, {"shop.py": KEPT.replace("{tasks}", tasks)})
    found = found_in(project)
    assert found == found_in(project, "full")
    return [code for _, code in found["shop.py"] if code != "SES109"]


@pytest.mark.parametrize(
    "tasks",
    [
        "self.users(), self.orders()",
        "*(self.users(i) for i in ids)",
        "self.session.scalars(1), self.session.scalars(2)",
        "self.orders(), self.session.scalars(2)",
        "self.repo.all(), self.repo.all()",
        "*(self.repo.all() for _ in ids)",
        "self.repo.all(), self.other.all()",
        "self.repo.all(), self.users()",
        "self.repo.all(), count(self.session)",
        "count(self.session), count(session=self.session)",
        "count(self.session), self.users()",
    ],
)
def test_a_session_of_an_object_in_several_tasks_is_found(tasks, tmp_path):
    assert codes_in_class(tasks, tmp_path) == ["SES202"]


@pytest.mark.parametrize(
    "tasks",
    [
        "self.users(), asyncio.sleep(1)",
        "self.users(), self.by_itself()",
        "*(self.by_itself() for _ in ids)",
        "self.locked(), self.locked()",
        "self.untold(), self.untold()",
        "self.acquired(), self.acquired()",
        "self.guarded(), self.guarded()",
        "self.given(ids[0]), self.given(ids[1])",
        "self.written(), self.written(True)",
        "self.bound_alike(), self.bound_alike()",
        "self.measured(ids), self.measured(ids)",
        "self.prepared(), self.prepared()",
        "self.anew(), self.anew()",
        "await self.users(), await self.users()",
        "*(one.users() for one in ids)",
        "self.repo.all(), self.sessions.all()",
        "self.repo.all(), self.given_users.all()",
        "self.repo.perhaps(0), self.repo.perhaps(1)",
        "self.new_repo.all(), self.new_repo.all()",
        "count(self.session), label(self.session)",
    ],
)
def test_a_session_of_an_object_in_one_task_is_left_alone(tasks, tmp_path):
    assert codes_in_class(tasks, tmp_path) == []


@pytest.mark.parametrize("shape", LEFT_ALONE)
def test_what_does_not_meet_in_one_session_is_left_alone(shape, tmp_path):
    assert codes(LEFT_ALONE[shape], tmp_path) == []


INHERITING = """\
    import asyncio
    import store


    class Shop(store.Users):
        async def all_of_them(self):
            return await asyncio.gather(self.all(), self.counted())
    """


@pytest.mark.parametrize(
    "beside",
    [
        "",
        "\n\n    async def forgotten():\n        s = store.SessionLocal()\n        await s.get(1, 2)\n",
    ],
)
def test_a_session_of_a_base_elsewhere_is_found(beside, tmp_path):
    project = written(tmp_path, {"store.py": STORE, "use.py": f"{INHERITING.rstrip()}{beside}\n"})
    found = found_in(project)
    assert found == found_in(project, "full")
    assert (7, "SES202") in found["use.py"]


UNIT = """\
    import asyncio
    from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker


    class Repository:
        def __init__(self, session: AsyncSession):
            self._session = session


    class Users(Repository):
        async def all(self):
            return await self._session.scalars(1)


    class Orders(Repository):
        async def all(self):
            return await self._session.scalars(2)


    class Entered:
        async def __aenter__(self):
            self.session = self.factory()
            self.users = Users(self.session)
            self.orders = Orders(self.session)
            self.apart = Orders(self.factory())
            return self

        async def __aexit__(self, *error):
            await asyncio.shield(self.session.close())


    class Unit(Entered):
        def __init__(self, factory: async_sessionmaker):
            self.factory = factory

        @property
        def new_users(self):
            return Users(self.factory())
    """


def codes_of_units(body, folder):
    """What is found where units of work are given to a function, or made there, by both engines."""
    head = "import asyncio\nfrom store import Unit\n\n\nasync def use(unit: Unit, more: Unit, x):\n"
    project = written(folder, {"store.py": UNIT, "use.py": f"{head}    {body}\n"})
    found = found_in(project)
    assert found == found_in(project, "full")
    return [code for _, code in found.get("use.py", [])]


@pytest.mark.parametrize(
    "body",
    [
        "await asyncio.gather(unit.users.all(), unit.orders.all())",
        "async with Unit(x) as made:\n        await asyncio.gather(made.users.all(), made.orders.all())",
        "made = Unit(x)\n    async with made:\n        await asyncio.gather(made.users.all(), made.orders.all())",
    ],
)
def test_a_session_of_two_parts_of_an_object_is_found(body, tmp_path):
    assert codes_of_units(body, tmp_path) == ["SES202"]


@pytest.mark.parametrize(
    "body",
    [
        "await asyncio.gather(unit.users.all(), more.orders.all())",
        "await asyncio.gather(unit.users.all(), unit.apart.all())",
        "await asyncio.gather(unit.new_users.all(), unit.new_users.all())",
        "await asyncio.gather(*(one.users.all() for one in x))",
        "if x:\n        unit = more\n    await asyncio.gather(unit.users.all(), unit.orders.all())",
    ],
)
def test_sessions_of_other_objects_are_left_alone(body, tmp_path):
    assert codes_of_units(body, tmp_path) == []


@pytest.mark.parametrize(
    "named",
    [
        "Db = Annotated[AsyncSession, 1]",
        "Db: TypeAlias = Annotated[AsyncSession, 1]",
        "type Db = Annotated[AsyncSession, 1]",
        "_Db = Annotated[AsyncSession, 1]\nDb = Optional[_Db]",
        "Db = Annotated['AsyncSession', 1]",
    ],
)
def test_a_session_of_a_type_with_a_name_is_found(named, tmp_path):
    head = "from typing import *\nfrom sqlalchemy.ext.asyncio import AsyncSession\n"
    uses = "import asyncio\n\nfrom store import Db, load\n\n"
    body = "async def use(db: Db):\n    await asyncio.gather(load(db), load(db))\n"
    store = f"{head}{named}\n\nasync def load(session):\n    await session.get(1, 2)\n"
    project = written(tmp_path, {"store.py": store, "use.py": f"{uses}{body}"})
    found = found_in(project)
    assert found == found_in(project, "full") == {"use.py": [(6, "SES202")]}


RUNNING = """\
import asyncio, importlib.util, inspect, os, sys
from sqlalchemy.exc import IllegalStateChangeError, InvalidRequestError


def loaded():
    spec = importlib.util.spec_from_file_location("example", sys.argv[1])
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def called(name):
    module = loaded()
    function, session = getattr(module, name), module.SessionLocal()
    known = {"user_id": 1, "ids": (1, 2, 3), "session": session, "db": session, "sessions": ()}
    known |= {"is_pair": True, "is_short": True}
    given = {name: known[name] for name in inspect.signature(function).parameters}
    try:
        await function(**given)
    except (IllegalStateChangeError, InvalidRequestError):
        return "refused"
    return "done"


for name, function in vars(loaded()).items():
    if inspect.iscoroutinefunction(function) and function.__module__ == "example" and name[0] != "_":
        print(name, asyncio.new_event_loop().run_until_complete(called(name)), flush=True)
# What is left of a session that two tasks have met in cannot be closed.
os._exit(0)
"""


@pytest.mark.parametrize(("stem", "outcome"), [("bad", "refused"), ("good", "done")])
def test_what_the_page_says_of_its_examples_is_so(stem, outcome, tmp_path):
    """In a process of its own: a session that two tasks have met in leaves threads behind."""
    prepare(tmp_path / "shop.db")
    line = [sys.executable, "-W", "ignore", "-c", RUNNING, str(RULE / f"{stem}.py")]
    done = subprocess.run(
        line, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    )
    found = dict(row.split() for row in done.stdout.splitlines())
    assert len(found) >= 6
    assert set(found.values()) == {outcome}
