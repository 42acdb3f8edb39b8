"""Sessions that go to the background: where they are found, and what that does when it is run."""

import subprocess
import sys
from bisect import bisect_left
from pathlib import Path

import pytest
from harm.world import prepare
from small_project import bytes_of, found_in, written

from sessionlint.check import Project, check_source
from sessionlint.facts.names import Names
from sessionlint.source.background import may_let_go
from sessionlint_rules import RULES

pytestmark = pytest.mark.slow

RULE = Path(__file__).parents[1] / "rules/sessionlint_rules/ses205_session_escapes_to_background"

DATABASE = """\
    from sqlalchemy import create_engine, text
    from sqlalchemy.orm import Session, sessionmaker

    SessionLocal = sessionmaker(create_engine("sqlite://"))


    def get_db():
        db = SessionLocal()
        try:
            yield db
        finally:
            db.close()


    class Lent:
        def __enter__(self):
            self.db = SessionLocal()
            return self.db

        def __exit__(self, *error):
            self.db.close()


    class Kept(Lent):
        def __exit__(self, *error):
            print(self.db)


    class Another(Lent):
        def __enter__(self):
            return self.opened()

        def opened(self):
            return SessionLocal()

        def __exit__(self, *error):
            self.opened().close()


    def get_lent():
        with Lent() as db:
            yield db


    def get_kept():
        with Kept() as db:
            yield db


    def get_another():
        with Another() as db:
            yield db


    def unclosed():
        db = SessionLocal()
        yield db


    def clean(db, days):
        db.execute(text("delete from log"))


    def clean_and_commit(db, days):
        db.execute(text("delete from log"))
        db.commit()


    def passed_on(db, days):
        clean(db, days)


    def clean_with_its_own(db, days):
        with SessionLocal() as db:
            clean(db, days)


    def clean_and_close(db, days):
        clean(db, days)
        db.close()
    """

HEAD = """\
import asyncio, threading, time
from concurrent.futures import ThreadPoolExecutor
from threading import Thread, Timer
from fastapi import APIRouter, BackgroundTasks, Depends
from database import *
router = APIRouter()
pool = ThreadPoolExecutor()
"""

BACKGROUND = """\
@router.post("/clean")
def handler({tasks}, db: Session = Depends({dependency})):
    tasks.add_task({task}, db, 3)
"""

STARTED = """\
@router.post("/clean/{number}")
async def handler_{number}(db: Session = Depends(get_db), more=None):
    loop = asyncio.get_running_loop()
    {line}
"""


WORK = """\
async def work(db):
    db.execute(text("delete from log"))


async def talk(more):
    while True:
        await more.receive()


async def work_later(db):
    db.execute(text("delete from log"))

def with_its_own(work):
    def inner(db):
        with SessionLocal() as own:
            work(own)
    return inner

@with_its_own
def work_with_its_own(db):
    db.execute(text("delete from log"))


"""


def places(text, folder, lock="fastapi==0.115.6\n"):
    """The lines of a text on which a session goes to what outlives it."""
    files = {"database.py": DATABASE, "use.py": HEAD + text, "requirements.txt": lock}
    project = written(folder, files)
    found = found_in(project)
    assert found == found_in(project, "full")
    return [line for line, code in found.get("use.py", []) if code == "SES205"]


def codes(text, folder, lock="fastapi==0.115.6\n"):
    return ["SES205"] * len(places(text, folder, lock))


def told_of(lines, folder):
    """Those of some lines, each in an endpoint of its own, that are told of."""
    text, ends = WORK, []
    for number, line in enumerate(lines):
        text += STARTED.format(number=number, line=line)
        ends.append((HEAD + text).count("\n"))
    return [lines[bisect_left(ends, place)] for place in places(text, folder)]


@pytest.mark.parametrize(
    ("release", "is_found"),
    [
        *(("0.105.0", False), ("0.106.0", True), ("0.117.1", True), ("0.118.0", False)),
        *(("1.0.0", False), ("0.115.6rc1", True)),
    ],
)
def test_background_tasks_are_told_by_the_release_that_is_locked(release, is_found, tmp_path):
    text = BACKGROUND.format(tasks="tasks: BackgroundTasks", dependency="get_db", task="clean")
    lock = f"uvicorn\nfastapi[standard]=={release}\n"
    assert codes(text, tmp_path, lock) == ["SES205"] * is_found


def test_background_tasks_without_a_lock_are_left_alone(tmp_path):
    text = BACKGROUND.format(tasks="tasks: BackgroundTasks", dependency="get_db", task="clean")
    assert codes(text, tmp_path, "fastapi>=0.115\n") == []


@pytest.mark.parametrize(
    ("tasks", "dependency", "task", "is_found"),
    [
        ("tasks: BackgroundTasks", "get_db", "passed_on", True),
        ("tasks: BackgroundTasks", "get_lent", "clean", True),
        ("tasks: BackgroundTasks", "get_kept", "clean", False),
        ("tasks: BackgroundTasks", "get_another", "clean", False),
        ("tasks: BackgroundTasks", "get_db", "clean_with_its_own", False),
        ("tasks: BackgroundTasks", "get_db", "clean_and_commit", True),
        ("tasks: BackgroundTasks", "get_db", "clean_and_close", False),
        ("tasks: BackgroundTasks", "get_db", "unknown", False),
        ("tasks: BackgroundTasks", "unclosed", "clean", False),
        ("tasks: BackgroundTasks", "SessionLocal", "clean", False),
        ("tasks", "get_db", "clean", False),
        ("tasks: Scheduler", "get_db", "clean", False),
    ],
)
def test_a_background_task_has_to_use_what_is_closed(tasks, dependency, task, is_found, tmp_path):
    text = BACKGROUND.format(tasks=tasks, dependency=dependency, task=task)
    assert codes(text, tmp_path) == ["SES205"] * is_found


def test_background_tasks_of_the_project_are_its_own(tmp_path):
    own = "class BackgroundTasks:\n    def add_task(self, run, *given): run(*given)\n"
    text = BACKGROUND.format(tasks="tasks: BackgroundTasks", dependency="get_db", task="clean")
    assert codes(own + text, tmp_path) == []


TASKS = [
    "asyncio.create_task(work(db))",
    "asyncio.ensure_future(work(db))",
    "loop.create_task(work(db))",
    "task = asyncio.create_task(work(db)); task.add_done_callback(print)",
    "more.tasks.add(asyncio.create_task(work(db)))",
]


def test_a_task_that_nobody_waits_for_is_found(tmp_path):
    assert told_of(TASKS, tmp_path) == TASKS


THREADS = [
    "threading.Thread(target=clean, args=(db, 3)).start()",
    "Thread(target=clean, kwargs={'db': db, 'days': 3}, daemon=True).start()",
    "thread = Thread(target=clean, args=[db, 3]); thread.daemon = True; thread.start()",
    "Timer(60, clean, [db, 3]).start()",
    "Thread(target=lambda: clean(db, 3)).start()",
    "pool.submit(clean, db, 3)",
    "pool.submit(lambda: clean(db, 3))",
    "future = pool.submit(clean, db, 3); future.add_done_callback(print)",
    "loop.run_in_executor(None, clean, db, 3)",
    "asyncio.create_task(asyncio.to_thread(clean, db, 3))",
]


def test_a_thread_that_nobody_waits_for_is_found(tmp_path):
    assert told_of(THREADS, tmp_path) == THREADS


def test_a_dependency_under_another_name_is_found(tmp_path):
    text = """\
from typing import Annotated
Database = Annotated[Session, Depends(get_db)]

@router.post("/clean")
def handler(tasks: BackgroundTasks, db: Database):
    tasks.add_task(clean, db, 3)
"""
    assert codes(text, tmp_path) == ["SES205"]


ENTERED = """\
async def handler(more):
    with SessionLocal() as db:
        asyncio.create_task(work(db))
        {line}
    await more()
"""

THREADED = """\
def handler(more):
    with SessionLocal() as db:
        thread = Thread(target=clean, args=(db, 3))
        thread.start()
        {line}
    print(more)
"""


@pytest.mark.parametrize(
    ("line", "is_found"),
    [("print(more)", True), ("await more()", False), ("yield", False), ("print(more())", True)],
)
def test_a_with_that_may_last_is_left_alone(line, is_found, tmp_path):
    assert codes(WORK + ENTERED.format(line=line), tmp_path) == ["SES205"] * is_found


BY_HAND = """\
async def handler(tasks: BackgroundTasks, more):
    db = SessionLocal()
    try:
        {line}
    finally:
        {ending}
"""


@pytest.mark.parametrize(
    ("line", "ending", "is_found"),
    [
        ("tasks.add_task(clean, db, 3); await more()", "db.close()", True),
        ("asyncio.create_task(work(db))", "await db.close()", True),
        ("asyncio.create_task(work(db)); await more()", "db.close()", False),
        ("Thread(target=clean, args=(db, 3)).start()", "db.close()", True),
        ("Thread(target=clean, args=(db, 3)).start(); print(more)", "db.close()", False),
        ("tasks.add_task(clean, db, 3)", "more.close()", False),
        ("tasks.add_task(clean_and_close, db, 3)", "db.close()", False),
        ("tasks.add_task(clean, db, 3)", "if db is not None: db.close()", True),
        ("tasks.add_task(clean, db, 3)", "if not more: db.close()", False),
        ("task = pool.submit(clean, db)", "task.add_done_callback(lambda _: db.close())", False),
        ("pool.submit(clean, db, 3)", "more.wait(); db.close()", False),
        ("Thread(target=clean, args=(db, 3)).start()", "time.sleep(60); db.close()", False),
        ("asyncio.create_task(work(db))", "await more(); await db.close()", False),
        ("tasks.add_task(clean, db, 3); await tasks()", "db.close()", False),
        ("tasks.add_task(clean, db, 3); raise HTTPException(409)", "db.close()", False),
    ],
)
def test_what_a_finally_closes_is_found(line, ending, is_found, tmp_path):
    text = WORK + BY_HAND.format(line=line, ending=ending)
    assert codes(text, tmp_path).count("SES205") == is_found


@pytest.mark.parametrize(
    ("line", "is_found"), [("pass", True), ("print(more)", False), ("thread.join()", False)]
)
def test_a_with_in_which_a_thread_has_time_is_left_alone(line, is_found, tmp_path):
    assert codes(THREADED.format(line=line), tmp_path) == ["SES205"] * is_found


WAITED_FOR = [
    "await asyncio.create_task(work(db))",
    "return asyncio.create_task(work(db))",
    "task = asyncio.create_task(work(db)); await task",
    "tasks = [asyncio.create_task(work(db))]; await asyncio.wait(tasks)",
    "tasks = set(); tasks.add(asyncio.create_task(work(db))); await asyncio.wait(tasks)",
    "group.create_task(work(db))",
    "more.create_task(work(db))",
    "db = SessionLocal(); asyncio.create_task(work(db))",
    "asyncio.create_task(work(more))",
    "task = asyncio.create_task(work(db)); await more(); task.cancel()",
    "asyncio.create_task(work(db))\n    while more.is_open: await more.next()",
    "while await more.next(): asyncio.create_task(work(db))",
    "asyncio.create_task(work(db)); yield",
    "asyncio.create_task(work(db)); await more.wait()",
    "Thread(target=clean, args=(db, 3))",
    "thread = Thread(target=clean, args=(db, 3)); thread.start(); thread.join()",
    "thread = Thread(target=clean, args=(db, 3)); more.append(thread); thread.start()",
    "thread = Thread(target=clean, args=(db, 3)); thread.start(); return thread",
    "Thread(target=clean, args=(db, 3)).start(); time.sleep(60)",
    "Thread(target=clean, args=(db, 3)).start(); more.get()",
    "Thread(target=clean, args=(more, 3)).start()",
    "Thread(target=lambda db: clean(db, 3)).start()",
    "more.Thread(target=clean, args=(db, 3)).start()",
    "await loop.run_in_executor(None, clean, db, 3)",
    "pool.submit(clean, db, 3).result()",
    "pool.submit(clean, db, 3); pool.shutdown()",
    "more.submit(clean, db, 3)",
    "Thread(target=work_later, args=(db,)).start()",
    "pool.submit(work_with_its_own, db)",
    "futures = [pool.submit(clean, db, 3)]",
    "own = ThreadPoolExecutor()\n    with own: own.submit(clean, db, 3)",
    "with ThreadPoolExecutor() as own: own.submit(clean, db, 3)",
    "Thread(target=clean, args=(db, 3)).start(); more.wait_for(3)",
    "Thread(target=clean, args=(db, 3)).start(); more.get(timeout=3)",
    "asyncio.create_task(work(db)); await asyncio.gather(*more)",
    "asyncio.create_task(work(db)); return StreamingResponse(more)",
    "asyncio.create_task(work(db)); await talk(more)",
    "asyncio.create_task(work(db))\n    async for one in more: print(one)",
]


def test_what_may_be_waited_for_is_left_alone(tmp_path):
    assert told_of(WAITED_FOR, tmp_path) == []


ENTERING = b"import asyncio\nwith SessionLocal() as db:\n    "
GIVEN = b"import asyncio\ndef handler(db: Session = Depends(get_db)):\n    "
NAMED = b"import asyncio\ndef handler(db: SessionDep):\n    "


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ENTERING + b"asyncio.create_task(work(db))\n", True),
        (ENTERING + b"asyncio.create_task(\n        work(\n            more, db, 3))\n", True),
        (ENTERING + b"create_task(work(session=db))\n", True),
        (ENTERING + b"ensure_future(work(db))\n", True),
        (GIVEN + b"asyncio.create_task(work(db))\n", True),
        (GIVEN + b"tasks.add_task(clean, db, 3)\n", True),
        (GIVEN + b"Timer(3, clean, [db])\n", True),
        (GIVEN + b"Thread(target=lambda: clean(db))\n", True),
        (GIVEN + b"MyThread(target=clean, args=(db,))\n", False),
        (NAMED + b"asyncio.create_task(work(db))\n", True),
        (ENTERING.replace(b"as db", b"as it") + b"asyncio.create_task(work(it))\n", False),
        (ENTERING + b"hass.async_create_task(work(db))\n", False),
        (ENTERING + b"work(db)\n    asyncio.create_task(work())\n", False),
        (ENTERING + b"asyncio.create_task(work())\n    work(db)\n", False),
        (ENTERING + b"asyncio.create_task(work('('))\n    work(db)\n", False),
        (ENTERING + b"asyncio.create_task(work(')', db))\n", True),
        (ENTERING + b"asyncio.create_task(work()\n    work(db)\n", True),
    ],
)
def test_a_file_that_may_hand_over_what_somebody_closes(text, expected):
    """What stands behind the brackets of the call counts where they do not end."""
    assert may_let_go(text) is expected


RUNNING = """\
import asyncio, gc, importlib.util, os, sys, threading
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

spec = importlib.util.spec_from_file_location("example", sys.argv[1])
example = importlib.util.module_from_spec(spec)
spec.loader.exec_module(example)
app = FastAPI()
app.include_router(example.router)
gc.disable()


async def left_by(path):
    async with AsyncClient(transport=ASGITransport(app), base_url="http://shop") as client:
        (await client.post(path.format(user_id=1))).raise_for_status()
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        await task
    for thread in threading.enumerate():
        if "report" in thread.name:
            thread.join()
    example.pool.submit(print).result()
    return taken()


def taken():
    return sum(engine.pool.checkedout() for engine in {example.engine, example.plain_engine})


async def main():
    for route in example.router.routes:
        before = taken()
        print(route.name, await left_by(route.path) - before, flush=True)


asyncio.run(main())
os._exit(0)
"""


LEFT = """\
import asyncio
from concurrent.futures import ThreadPoolExecutor
from threading import Thread

from fastapi import APIRouter, BackgroundTasks
from sqlalchemy import create_engine, text
from sqlalchemy.orm import sessionmaker

engine = plain_engine = create_engine("sqlite:///shop.db")
SessionLocal = sessionmaker(engine)
router = APIRouter()
pool = ThreadPoolExecutor(max_workers=1)


def get_db():
    with SessionLocal() as db:
        yield db


def report(db):
    print(db.scalar(text("select count(*) from users")))


async def report_later(db):
    await asyncio.sleep(0.1)
    report(db)


@router.post("/task")
def behind_the_response(tasks: BackgroundTasks):
    db = SessionLocal()
    tasks.add_task(report, db)


@router.post("/taken")
def taken_out(tasks: BackgroundTasks):
    db = next(get_db())
    tasks.add_task(report, db)


@router.post("/thread")
def by_a_thread():
    db = SessionLocal()
    Thread(target=report, args=(db,)).start()


@router.post("/pool")
def by_a_pool():
    db = SessionLocal()
    pool.submit(lambda: report(db))


@router.post("/loop")
async def by_a_task():
    db = SessionLocal()
    asyncio.create_task(report_later(db))
"""


def _left_by(example, folder):
    """How many connections each request leaves, by the name of its function.

    In a process of its own, whose connections nobody has to find again.
    """
    prepare(folder / "shop.db")
    line = [sys.executable, "-W", "ignore", "-c", RUNNING, str(example)]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, timeout=60, check=True)
    return dict(row.split() for row in done.stdout.splitlines() if len(row.split()) == 2)


@pytest.mark.parametrize(
    ("lines", "is_given_back"),
    [
        ("pool.submit(clean_and_commit, db, 3)", True),
        ("pool.submit(clean, db, 3)", False),
        ("pool.submit(clean, db, 3); db.commit()", False),
        ("pool.submit(clean, db, 3); pool.submit(clean_and_commit, db, 3)", False),
    ],
)
def test_a_commit_before_the_work_is_done_gives_nothing_back(lines, is_given_back, tmp_path):
    text = HEAD + f"def handler():\n    db = SessionLocal()\n    {lines}\n"
    folder = written(tmp_path, {"database.py": DATABASE, "use.py": text})
    project = Project.open(folder, bytes_of, Names(), engine="fast")
    [found] = check_source(text.encode(), folder / "use.py", RULES, project)
    assert ("gives the connection back" in found.message) is is_given_back


@pytest.mark.parametrize(("stem", "left"), [("bad", "1"), ("good", "0")])
def test_what_the_page_says_of_its_examples_is_so(stem, left, tmp_path):
    found = _left_by(RULE / f"{stem}.py", tmp_path)
    assert len(found) >= 3
    assert set(found.values()) == {left}


def test_what_is_left_to_the_background_stays_open(tmp_path):
    found = found_in(written(tmp_path, {"use.py": LEFT}))["use.py"]
    left = _left_by(tmp_path / "use.py", tmp_path)
    assert [code for _, code in found] == ["SES102", "SES107", "SES102", "SES102", "SES102"]
    assert list(left.values()) == ["1"] * 5
