"""What fixes make of the shapes people write: the text before, the text after, and how safe."""

import re
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from branch_rewrites import BRANCHES
from command import sessionlint
from rewrites import SAFE
from small_project import bytes_of, written

from sessionlint import fix_source
from sessionlint.check import Project, check_source
from sessionlint.facts.names import Names
from sessionlint.fix import Fixed
from sessionlint.model import Safety
from sessionlint_rules import RULES

pytestmark = pytest.mark.slow

HEAD = """\
from contextlib import closing
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, sessionmaker
engine = create_engine("sqlite://")
Maker = sessionmaker(engine)
AsyncMaker = async_sessionmaker(create_async_engine("sqlite+aiosqlite://"))
"""

UNSAFE = {
    "what is loaded is used after the close": (
        """
        def f(q):
            try:
                rows = Maker().execute(q)
            except ValueError:
                return
            for row in rows:
                print(row[0].name)
        """,
        """
        def f(q):
            try:
                with Maker() as session:
                    rows = session.execute(q)
            except ValueError:
                return
            for row in rows:
                print(row[0].name)
        """,
    ),
    "`get_session` is known by its name alone": (
        """
        from elsewhere import get_session

        def f(q):
            s = get_session()
            rows = s.query(q).all()
            s.close()
            return len(rows)
        """,
        """
        from elsewhere import get_session

        def f(q):
            with closing(get_session()) as s:
                rows = s.query(q).all()
            return len(rows)
        """,
    ),
    "what is returned may still need the session": (
        """
        def f(q):
            s = Maker()
            return s.execute(q)
        """,
        """
        def f(q):
            with Maker() as s:
                return s.execute(q)
        """,
    ),
    "what is stored or passed on may still need the session": (
        """
        def f(q, box):
            s = Maker()
            box.rows = s.scalars(q).all()
            box.done = True
        """,
        """
        def f(q, box):
            with Maker() as s:
                box.rows = s.scalars(q).all()
            box.done = True
        """,
    ),
    "the rest of the `finally` would also run if the opening or the close failed": (
        """
        def f(q):
            own = create_engine("sqlite://")
            s = Session(own)
            try:
                return s.execute(q).all()
            finally:
                s.close()
                own.dispose()
        """,
        """
        def f(q):
            own = create_engine("sqlite://")
            try:
                with Session(own) as s:
                    return s.execute(q).all()
            finally:
                own.dispose()
        """,
    ),
    "what stood behind a close would run before it": (
        """
        import time

        def f(q):
            while True:
                s = Maker()
                job = s.execute(q).first()
                if job is None:
                    s.close()
                    time.sleep(3)
                    continue
                s.close()
        """,
        """
        import time

        def f(q):
            while True:
                with Maker() as s:
                    job = s.execute(q).first()
                    if job is None:
                        time.sleep(3)
                        continue
        """,
    ),
    "an error of the close itself would reach no handler": (
        """
        def f(q):
            s = Maker()
            try:
                s.execute(q)
                s.close()
            except ValueError:
                return False
        """,
        """
        def f(q):
            with Maker() as s:
                try:
                    s.execute(q)
                except ValueError:
                    return False
        """,
    ),
    "an error of the opening itself would be raised as it is": (
        """
        def f(q):
            try:
                s = Maker()
                s.execute(q)
            finally:
                s.close()
        """,
        """
        def f(q):
            with Maker() as s:
                s.execute(q)
        """,
    ),
}

NEVER = {
    "a result that nobody has read": """
        from app.db import SessionLocal

        def names(query):
            session = SessionLocal()
            return session.scalars(query)
    """,
    "a result of objects": """
        from app.db import SessionLocal

        def names(query):
            session = SessionLocal()
            return session.execute(select(User).where(query)).scalars()
    """,
    "a result that has a name": """
        from app.db import SessionLocal

        def names(query):
            session = SessionLocal()
            found = session.scalars(query)
            return found, 1
    """,
    "a result that is made of itself": """
        from app.db import SessionLocal

        def names(query):
            session = SessionLocal()
            found = session.scalars(query)
            found = found.unique()
            return found
    """,
    "a result in another shape": """
        from app.db import SessionLocal

        def names(query):
            session = SessionLocal()
            return session.scalars(query).unique()
    """,
    "what reads a result later": """
        from app.db import SessionLocal

        def names(query):
            session = SessionLocal()
            return map(str, session.scalars(query))
    """,
    "what reads a query later": """
        from app.db import SessionLocal

        def names(query):
            session = SessionLocal()
            return enumerate(session.query(query).limit(3))
    """,
    "a transaction that is committed in the end": """
        def f(q):
            try:
                conn = engine.connect()
                begun = conn.begin()
                conn.execute(q)
            except ValueError:
                print("none")
            finally:
                begun.commit()
                conn.close()
        """,
    "an object that is read if all went well": """
        def f(q):
            try:
                s = Maker()
                user = s.query(q).first()
                s.commit()
            except ValueError:
                print("none")
            else:
                return user.name
            finally:
                s.close()
        """,
    "an object that is spoken of in the end": """
        def f(user):
            try:
                s = Maker()
                s.add(user)
                s.commit()
            except ValueError:
                print("none")
            finally:
                print("saved", user.id)
                s.close()
        """,
    "a cursor that is read if all went well": """
        def f(q):
            try:
                conn = engine.raw_connection()
                cursor = conn.cursor()
                cursor.execute(q)
            except ValueError:
                print("none")
            else:
                return cursor.fetchall()
            finally:
                conn.close()
        """,
    "a cursor of no one knows what that is closed first": """
        def f(q):
            rows = []
            try:
                conn = engine.raw_connection()
                cursor = conn.cursor()
                rows = cursor.execute(q).fetchall()
            except ValueError:
                print("none")
            finally:
                if cursor:
                    cursor.close()
                conn.close()
            return rows
        """,
    "a transaction that a handler undoes": """
        def f(q):
            try:
                s = Maker()
                begun = s.begin()
                s.execute(q)
                begun.commit()
            except ValueError:
                begun.rollback()
            finally:
                s.close()
        """,
    "a result of what is not written out": """
        def names(query):
            s = Maker()
            return s.execute(query).scalars()
        """,
    "a result with a name in another shape": """
        def names(query):
            s = Maker()
            found = s.execute(query)
            return found.mappings()
        """,
    "a result of objects that a statement with a name selects": """
        def names(query):
            s = Maker()
            wanted = select(User).where(query)
            return s.execute(wanted)
        """,
    "a generator expression that reads a query later": """
        def names(query):
            s = Maker()
            users = s.query(query).limit(3)
            return (user.name for user in users)
        """,
    "one of a query that is counted before": """
        def names(query):
            s = Maker()
            users = s.query(query)
            count = users.count()
            found = (user.name for user in users)
            return count, found
        """,
    "a lambda that runs a query later": """
        def names(query):
            s = Maker()
            users = s.query(query)
            return lambda: [user.name for user in users]
        """,
    "a function inside that runs a query later": """
        def names(query):
            s = Maker()
            users = s.query(query)

            def found():
                return users.all()

            return found
        """,
    "a lambda that asks what keeps the session": """
        class Users:
            def __init__(self, s):
                self.s = s

        def names(query):
            s = Maker()
            users = Users(s)
            return lambda: users.named(query)
        """,
    "the pool is closed before its connection is back": """
        import asyncpg

        async def f(q, work):
            pool = await asyncpg.create_pool("postgresql://db")
            conn = await pool.acquire()
            await work(pool)
            try:
                return await conn.fetch(q)
            finally:
                await pool.release(conn)
                await pool.close()
        """,
    "a module whose functions read what it loads": """
        KEY = Maker().scalar("key")

        def sign(text):
            return text + KEY
        """,
    "a module that defines its functions while it is open": """
        s = Maker()

        def create(q):
            s.execute(q)

        create("insert")
        s.close()
        """,
    "a module that defines them under a condition": """
        s = Maker()
        if s.scalar("select 1"):

            def found():
                return True

        s.close()
        """,
    "a `with` around nothing but the close": """
        def f(q, warns):
            s = Maker()
            s.execute(q)
            with warns(DeprecationWarning):
                s.close()
        """,
    "used behind a second opening that may not take place": """
        def f(q, a):
            s = Maker()
            s.execute(q)
            if a:
                s = Maker()
                s.execute(q)
            s.close()
        """,
    "of the turn before": """
        def f(q, rows):
            for row in rows:
                if row:
                    s.close()
                s = Maker()
                s.execute(q)
                s = Maker()
                s.execute(q)
        """,
    "closed by the clean-up of the next one that is not opened": """
        def f(q, a):
            s = Maker()
            s.execute(q)
            try:
                s = Other()
                a(q)
            except ValueError:
                a()
            s.close()
        """,
    "two for a function inside": """
        def f(q, register):
            s = Maker()
            s.execute(q)
            s.close()
            s = Maker()
            register(lambda: s.execute(q))
            s.close()
        """,
    "bound to None beside what is worked out": """
        def f(q, count):
            s, rows = None, count()
            try:
                s = Maker()
                if q:
                    rows = s.execute(q).all()
            finally:
                if s:
                    s.close()
            return rows
        """,
    "used after the close": """
        def f(q, a):
            s = Maker()
            if a:
                s.close()
                s.execute(q)
            s.close()
        """,
    "closed by a function of the project": """
        def done(s):
            s.close()

        def f(q):
            s = Maker()
            log = Log()
            try:
                s.execute(q)
            finally:
                done(s)
        """,
    "used by a function inside": """
        def f(q, later):
            s = Maker()
            def inner():
                return s.execute(q)

            later(inner())
        """,
    "an async session that leaves in a way of its own": """
        class Own(AsyncSession):
            async def __aexit__(self, *error):
                await self.commit()

        async def f(q):
            s = Own(engine)
            await s.execute(q)
            await s.close()
        """,
    "a query that is returned before it has run": """
        def f(q):
            return Maker().query(q).filter_by(id=1)
        """,
    "async in a plain function": """
        def f(q):
            s = AsyncMaker()
            s.add(q)
        """,
    "known by its name alone, and expected to be None": """
        def f(get_session, q):
            s = get_session()
            try:
                if s is None:
                    return
                s.add(q)
                s.commit()
            finally:
                if s:
                    s.close()
        """,
    "known by its name alone, and left where it is empty": """
        def f(get_session, q):
            s = None
            try:
                s = get_session()
                if not s:
                    raise ValueError(q)
                s.add(q)
                s.commit()
            finally:
                if s is not None:
                    s.close()
        """,
    "known by its name alone, and used where there is one": """
        def f(get_session, q):
            s = get_session()
            if s is not None:
                s.add(q)
                s.commit()
                s.close()
        """,
    "known by its name alone, and left where something is missing": """
        def f(get_session, q):
            s = get_session()
            try:
                if s is None or q is None:
                    return
                s.add(q)
                s.commit()
            finally:
                if s:
                    s.close()
        """,
    "known by its name alone, and never closed": """
        from elsewhere import get_session

        def f(q):
            s = get_session()
            rows = s.query(q).all()
            return len(rows)
        """,
    "a close that is all there is of a `try`": """
        def f(pool, kept):
            raw = engine.raw_connection()
            assert raw.driver_connection is not None
            pool._reset_on_return = None
            try:
                raw.close()
            finally:
                pool._reset_on_return = kept
        """,
    "a comment between two items of a `with`": """
        async def f(q):
            async with (
                AsyncMaker() as s,  # one
                s.begin(),  # two
            ):
                s.add(q)
        """,
    "closed at once, or left open": """
        import asyncpg

        async def f(is_closed):
            conn = await asyncpg.connect("")
            if is_closed:
                await conn.close()
        """,
    "a lock that lasts as long as its connection": """
        import psycopg2

        def f(address, work):
            with psycopg2.connect(address) as conn:
                conn.cursor().execute("select pg_advisory_lock(7)")
            work()
        """,
    "a cursor that is asked behind the `with` of its transaction": """
        import psycopg2

        def f(address, q):
            with psycopg2.connect(address) as conn:
                cur = conn.cursor()
                cur.execute(q)
            return cur.fetchall()
        """,
    "known by its name alone, and awaited": """
        from elsewhere import get_session

        async def f(q):
            s = await get_session()
            rows = (await s.scalars(q)).all()
            await s.close()
            return len(rows)
        """,
}


NEVER_OPENED = """
def f(q):
    s = None
    try:
        s = Maker()
        s.execute(q)
    {}:
        s.close(){}
"""

LEAVING = """
def save(user, s):
    s.add(user)

def f(q):
    s = Maker()
    user = User()
    {}
    s.commit()
    return {}
"""


def fixed(text: str, folder: Path) -> Fixed:
    """A text below the usual imports, with all its fixes made."""
    head = HEAD + "from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession\n"
    path = written(folder, {"example.py": head + dedent(text)}) / "example.py"
    project = Project.open(folder, bytes_of, Names())
    return fix_source(path.read_bytes(), path, RULES, project, lambda _: True)


def text_of(result: Fixed) -> str:
    """The text below the imports."""
    return result.data.decode().split("import AsyncEngine, AsyncSession\n")[1]


@pytest.mark.parametrize(("use", "entered"), [("log(q)", "Maker()"), ("log(s)", "Maker() as s")])
def test_what_nothing_uses_gets_no_name(use, entered, tmp_path):
    text = f"def f(q, log):\n    s = Maker()\n    {use}\n    s.close()\n"
    result = fixed(text, tmp_path)
    assert text_of(result) == f"def f(q, log):\n    with {entered}:\n        {use}\n"


POOLED = """
import asyncpg

async def f(q, pool: asyncpg.Pool):
    acq = {}pool.acquire()
    async with acq as conn:
        return await conn.fetch(q){}
"""


def test_what_a_with_enters_is_not_awaited(tmp_path):
    result = fixed(POOLED.format("await ", ""), tmp_path)
    assert text_of(result) == POOLED.format("", "")
    assert [(f.code, f.fix.title, f.fix.reason) for f in result.applied] == [
        ("SES102", "leave the `await` out", "")
    ]


def test_what_is_used_besides_is_awaited(tmp_path):
    after = text_of(fixed(POOLED.format("await ", " + acq.get_settings()"), tmp_path))
    assert "async with pool.acquire() as acq:" in after


def test_handlers_that_are_there_for_the_close_are_kept(tmp_path):
    text = (
        "def f(q):\n    s = Maker()\n    try:\n        s.execute(q)\n    finally:\n"
        "        try:\n            s.close()\n        except OSError:\n            print(q)\n"
    )
    assert text_of(fixed(text, tmp_path)) == text


@pytest.mark.parametrize(
    ("required", "entered"),
    [("sqlalchemy~=1.3", "closing(Maker())"), ("sqlalchemy>=1.4", "Maker()")],
)
def test_a_session_of_an_old_release_is_no_context(required, entered, tmp_path):
    (tmp_path / "requirements.txt").write_text(f"{required}\n")
    result = fixed("def f(q):\n    s = Maker()\n    s.execute(q)\n    s.close()\n", tmp_path)
    assert text_of(result) == f"def f(q):\n    with {entered} as s:\n        s.execute(q)\n"


@pytest.mark.parametrize("name", [*SAFE, *BRANCHES])
def test_safe(name, tmp_path):
    before, after = (SAFE | BRANCHES)[name]
    result = fixed(before, tmp_path)
    assert dedent(after) == text_of(result)
    assert {("", "safe")} == {(f.fix.reason, f.fix.safety.value) for f in result.applied}


@pytest.mark.skipif(sys.version_info < (3, 11), reason="`except*` is no Python")
def test_what_makes_a_group_of_an_error_stays(tmp_path):
    before = """
        def f(q):
            s = Maker()
            try:
                s.execute(q)
            except* ValueError:
                s.close()
                raise
            s.close()
    """
    after = """
        def f(q):
            with Maker() as s:
                try:
                    s.execute(q)
                except* ValueError:
                    raise
    """
    assert text_of(fixed(before, tmp_path)) == dedent(after)


@pytest.mark.parametrize("reason", UNSAFE)
def test_unsafe(reason, tmp_path):
    before, after = UNSAFE[reason]
    result = fixed(before, tmp_path)
    assert dedent(after) == text_of(result)
    assert [(reason, "unsafe")] == [(f.fix.reason, f.fix.safety.value) for f in result.applied]


@pytest.mark.parametrize("ending", [("finally", ""), ("except Exception", "\n        raise")])
def test_a_close_that_does_not_ask_hides_an_error_of_the_opening(ending, tmp_path):
    result = fixed(NEVER_OPENED.format(*ending), tmp_path)
    assert [finding.fix.reason for finding in result.applied] == [
        "an error of the opening itself would be raised as it is"
    ]
    assert text_of(result) == "\ndef f(q):\n    with Maker() as s:\n        s.execute(q)\n"


@pytest.mark.parametrize(
    "line",
    [
        "return [user.name for user in s.query(q).all()]",
        "return [user.name for user in (s.get(q, i) for i in q.ids)]",
        "return s.execute(q)",
        "return s.execute(q).scalars().all()",
        "return sorted(s.scalars(q), key=lambda user: user.name)",
        "for user in s.scalars(q): return user",
    ],
)
def test_what_is_read_before_it_is_returned_may_need_the_session(line, tmp_path):
    (finding,) = fixed(f"def f(q):\n    s = Maker()\n    {line}\n", tmp_path).applied
    assert finding.fix.reason == "what is returned may still need the session"


AROUND = """
import psycopg2

def f(q):
    try:
        {}
    except ValueError as error:
        print(error)
    else:
        {}
    finally:
        {}
        s.close()
"""


@pytest.mark.parametrize(
    ("opened", "after", "last"),
    [
        ("s = Maker()\n        found = s.scalars(q).all()", "return found", "print(q)"),
        ("s = Maker()\n        found = s.scalars(q).all()", "return {'a': [found, 1]}", "q.ok()"),
        ("s = Maker()\n        found = s.scalars(q).all()", "if not found: q()", "len(found)"),
        ("s = Maker()\n        n = len(s.scalars(q).all())", "print(n)", "log(n, q)"),
        ("s = engine.connect()\n        found = s.execute(q)", "q()", "found.close()"),
        ("s = engine.connect()\n        found = s.execute(q).all()", "print(found)", "q()"),
        ("s = psycopg2.connect('')\n        c = s.cursor()", "q()", "if c: c.close()"),
        ("s = Maker()\n        u = s.get(q, 1)\n        s.close()", "print(u.name)", "q()"),
    ],
)
def test_what_needs_no_resource_may_move_behind_the_close(opened, after, last, tmp_path):
    (finding,) = fixed(AROUND.format(opened, after, last), tmp_path).applied
    assert "an error of the opening itself would be raised as it is" in finding.fix.reason


@pytest.mark.parametrize(
    ("adopting", "returned"),
    [
        ("s.add(user)", "user.id"),
        ("s.refresh(user)", "user"),
        ("s.add_all([user])", "[user]"),
        ("save(user, s)", "user.id"),
    ],
)
def test_what_a_session_was_given_may_need_it_when_it_is_returned(adopting, returned, tmp_path):
    result = fixed(LEAVING.format(adopting, returned), tmp_path)
    assert [finding.fix.reason for finding in result.applied] == [
        "what is returned may still need the session"
    ]
    assert f"        return {returned}" in text_of(result)


def test_what_a_function_inside_speaks_of_may_be_loaded_when_it_is_called(tmp_path):
    text = """
        def f(q, call):
            s = Maker()
            user = s.scalars(q).one()

            def shown():
                print(user.orders)

            call(shown)
        """
    result = fixed(text, tmp_path)
    assert [finding.fix.reason for finding in result.applied] == [
        "what is stored or passed on may still need the session"
    ]
    assert "        call(shown)" in text_of(result)


def test_a_yield_counts_that_a_with_has_to_be_stretched_over(tmp_path):
    text = """
        def f(q):
            s = Maker()
            row = s.get(q, 1)
            yield 1
            print(row.name)
        """
    reasons = [finding.fix.reason for finding in fixed(text, tmp_path).applied]
    assert reasons == ["the generator may be left waiting inside the `with`"]


@pytest.mark.parametrize("taking", ["start(s)", "runner.start(s)", "runner.start(q, on=s)"])
def test_who_gets_a_session_that_nobody_closes_may_keep_it(taking, tmp_path):
    text = f"""
        from elsewhere import runner, start

        def f(q):
            s = Maker()
            {taking}
        """
    result = fixed(text, tmp_path)
    assert [finding.fix.reason for finding in result.applied] == [
        "what is stored or passed on may still need the session"
    ]
    closed = fixed(text.replace(taking, f"{taking}\n            s.close()"), tmp_path)
    assert [finding.fix.reason for finding in closed.applied] == [""]


ANNOTATED = """\
from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

Maker = sessionmaker(create_engine("sqlite://"))


def count(q):
    db: Session = Maker()
    try:
        return db.scalar(q)
    finally:
        db.close()
"""


@pytest.mark.parametrize(
    ("beside", "is_kept"),
    [
        ("from sqlalchemy.orm import Session\n", False),
        ("from store import Maker\nfrom sqlalchemy.orm import Session\n", True),
        ("import store as s\n\nprint(s.Session)\n", True),
        ("from store import count, \\\n    Session\n", True),
        ("patch('store.Session')\n", True),
        ("run('here/store.py')['Session']\n", True),
        ("get('/store/')\nfrom sqlalchemy.orm import Session\n", False),
        ("from store import Maker\n", False),
        ("from store import Maker, Session\n", True),
        ("from store import (\n    Maker,\n    Session,\n)\n", True),
        ("from .store import *\n", True),
    ],
)
def test_an_import_goes_with_the_annotation_that_needed_it(beside, is_kept, tmp_path):
    project = written(tmp_path, {"store.py": ANNOTATED, "use.py": beside})
    done = sessionlint("--fix", "--quiet", "store.py", cwd=project)
    assert (done.returncode, done.stderr) == (0, "")
    text = (project / "store.py").read_text()
    assert "with Maker() as db:" in text
    assert ("import Session, sessionmaker" in text) is is_kept


CHECKED = """\
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker

if TYPE_CHECKING:
    from app.db import OurSession, Row

Maker = sessionmaker(create_engine("sqlite://"))


def count(q: Any) -> "Row":
    {}db: {} = Maker()
    try:
        return db.scalar(q)
    finally:
        db.close()
"""


@pytest.mark.parametrize("annotation", ["OurSession", "'OurSession'", "'OurSession | None'"])
def test_an_import_for_type_checkers_goes_with_its_annotation(annotation, tmp_path):
    project = written(tmp_path, {"store.py": CHECKED.format("", annotation)})
    assert sessionlint("--fix", "--quiet", "store.py", cwd=project).returncode == 0
    text = (project / "store.py").read_text()
    assert "if TYPE_CHECKING:\n    from app.db import Row\n\nMaker" in text
    assert 'def count(q: Any) -> "Row":\n    with Maker() as db:' in text


@pytest.mark.parametrize(("origin", "is_kept"), [("sqlalchemy.orm", False), ("app.db", True)])
def test_an_import_of_a_function_goes_with_its_annotation(origin, is_kept, tmp_path):
    line = f"from {origin} import Session\n\n    "
    project = written(tmp_path, {"store/__init__.py": CHECKED.format(line, "Session")})
    assert sessionlint("--fix", "--quiet", "store", cwd=project).returncode == 0
    text = (project / "store" / "__init__.py").read_text()
    assert "    with Maker() as db:" in text
    assert (line in text) is is_kept


@pytest.mark.parametrize("blank", ["", " " * 4, " " * 8, " " * 12])
@pytest.mark.parametrize("between", ["", "except KeyError:\n            self.log()\n{}\n        "])
def test_one_empty_line_stays_behind_a_close(blank, between, tmp_path):
    text = f"""\
class Store:
    def count(self, q):
        db: Session = Maker()
        try:
            return db.scalar(q)
        {between.format(blank)}finally:
            db.close()
{blank}
    def log(self):
        print(self)
"""
    project = written(tmp_path, {"store.py": f"{ANNOTATED}\n\n{text}"})
    assert sessionlint("--fix", "--quiet", "store.py", cwd=project).returncode == 0
    after = (project / "store.py").read_text()
    assert after.count("with Maker() as db:") == 2
    assert re.search(r"\)\n *\n    def log", after)


BEGUN = """\
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

Maker = async_sessionmaker(create_async_engine("postgresql+asyncpg://"))


async def store(row):
    async with Maker() as db:
        async with db.begin():
            db.add(row)
"""
COPIED = """\
from sqlalchemy import create_engine

engine = create_engine("sqlite://")
other = create_engine("sqlite://")


def copy(q):
    with engine.connect() as source:
        target = other.connect()
        target.execute(q, source.execute(q).all())
        target.close()
"""


@pytest.mark.parametrize("blank", ["", " " * 4, " " * 8, " " * 12])
@pytest.mark.parametrize("text", [BEGUN, COPIED])
def test_one_empty_line_stays_behind_two_blocks_that_become_one(text, blank, tmp_path):
    project = written(tmp_path, {"store.py": f"{text}{blank}\ndef log():\n    pass\n"})
    assert sessionlint("--fix", "--quiet", "store.py", cwd=project).returncode == 0
    after = (project / "store.py").read_text()
    assert after.count("with ") == 1
    assert re.search(r"\)\n *\ndef log", after)


@pytest.mark.parametrize(
    "line",
    [
        "from app.audit import Session  # registers a listener",
        "from sqlalchemy.orm import Session\n__all__ = 'count Session'.split()",
        "from sqlalchemy.orm import Session\n__all__ = [*'ab']\n__all__ += ['Session']",
        "from sqlalchemy.orm import Session\n__all__: list = 'count Session'.split()",
        "from sqlalchemy.orm import Session\n__all__ = []\n__all__.extend('Session b'.split())",
        'from sqlalchemy.orm import Session\nUSED = """\n>>> Session\n"""',
    ],
)
def test_an_import_stays_that_does_or_says_more(line, tmp_path):
    text = ANNOTATED.replace("import Session, sessionmaker", "import sessionmaker")
    project = written(tmp_path, {"store.py": f"{line}\n{text}"})
    assert sessionlint("--fix", "--quiet", "store.py", cwd=project).returncode == 0
    after = (project / "store.py").read_text()
    assert "with Maker() as db:" in after
    assert after.startswith(line)


def test_the_imports_of_a_package_stay(tmp_path):
    project = written(tmp_path, {"store/__init__.py": ANNOTATED})
    assert sessionlint("--fix", "--quiet", "store", cwd=project).returncode == 0
    after = (project / "store" / "__init__.py").read_text()
    assert "with Maker() as db:" in after
    assert "import Session, sessionmaker" in after


@pytest.mark.parametrize("name", NEVER)
def test_no_fix(name, tmp_path):
    result = fixed(NEVER[name], tmp_path)
    assert dedent(NEVER[name]) == text_of(result)
    assert {finding.fix for finding in result.remaining} == {None}


HANDLER = """
    from app.db import SessionLocal

    def count(query):
        session = SessionLocal()
        rows = session.execute(query).all()
        session.close()
        return len(rows)
"""
DB = """
    from sqlalchemy import create_engine
    from sqlalchemy.orm import sessionmaker

    SessionLocal = sessionmaker(create_engine("sqlite://"))
"""


@pytest.mark.parametrize(
    ("line", "is_replaced"),
    [
        ('patch("app.handlers.SessionLocal", return_value=session)', True),
        ('patch(\n    "app.handlers.SessionLocal"\n)', True),
        ('patch.object(handlers, "SessionLocal", new=FakeSession)', True),
        ("monkeypatch.setattr(handlers, 'SessionLocal', lambda: session)", True),
        ('patch("app.db.SessionLocal")', True),
        ('patch("app.handlers.SessionLocal", TestingSessionLocal)', False),
        ('monkeypatch.setattr(handlers, "SessionLocal", tests.db.session_maker)', False),
        ('patch("app.handlers.SessionLocal", maker)', True),
        ("handlers.SessionLocal = FakeSession", True),
        ("app.db.SessionLocal = lambda: session", True),
        ("patch.multiple(handlers, SessionLocal=FakeSession)", True),
        ('patch.dict("sys.modules", {"app.db": SessionLocal})', True),
        ("patch.dict(sys.modules, {'db': SessionLocal})", True),
        ("handlers.SessionLocal = TestingSessionLocal", False),
        ("handlers.SessionLocal = sessionmaker(bind=engine)", False),
        ("if handlers.SessionLocal == SessionLocal: pass", False),
        ("self.SessionLocal = FakeSession", False),
        ('patch.dict("sys.modules", {"redis": SessionLocal})', False),
        ('patch("app.others.SessionLocal")', False),
        ('patch("app.handlers.count")', False),
        ('print("app.handlers.SessionLocal")', False),
        ('from app import jobs\n\nsetattr(jobs, "SessionLocal", fake)', False),
        ('from app import (\n    jobs as j,\n)\n\npatch.object(j, "SessionLocal")', False),
        ('import app.jobs\n\npatch.object(app.jobs, "SessionLocal")', False),
        ('from app.jobs import Job\n\npatch.object(Job, "SessionLocal")', True),
        ('from app import given\n\nsetattr(given, "SessionLocal", fake)', True),
        ('from tests.helpers import given\n\nsetattr(given, "SessionLocal", fake)', True),
        ('import app.handlers as h\n\nsetattr(h, "SessionLocal", fake)', True),
        ('from app import (\n    db as d,\n)\n\npatch.object(d, "SessionLocal")', True),
        ('import app.db\n\npatch.object(app.db, "SessionLocal")', True),
        ('from app import jobs, db\n\nsetattr(db, "SessionLocal", fake)', True),
        ('from app import jobs\n\nsetattr(fixture.jobs, "SessionLocal", fake)', True),
        ('def test(jobs):\n    patch.object(jobs, "SessionLocal")', True),
        ('h = load("app.handlers")\nsetattr(h, "SessionLocal", fake)', True),
    ],
)
def test_what_tests_replace_is_entered_only_when_asked_for(line, is_replaced, tmp_path):
    given = "from app import handlers as given\n"
    files = {"app/__init__.py": given, "app/db.py": DB, "app/handlers.py": HANDLER}
    tests = {"tests/test_handlers.py": f"{line}\n", "tests/helpers.py": given}
    root = written(tmp_path, files | {"app/jobs.py": "class Job: pass\n"} | tests)
    path = root / "app" / "handlers.py"
    project = Project.open(root, bytes_of, Names())
    (found,) = check_source(path.read_bytes(), path, RULES, project)
    reason = "tests put something else in the place of `SessionLocal`" if is_replaced else ""
    assert (found.fix.safety is Safety.SAFE, found.fix.reason) == (not is_replaced, reason)


def is_unsafe(root: Path) -> bool:
    """Whether the one fix of the handlers of a project is."""
    path = root / "app" / "handlers.py"
    project = Project.open(root, bytes_of, Names())
    (found,) = check_source(path.read_bytes(), path, RULES, project)
    return found.fix.safety is Safety.UNSAFE


@pytest.mark.parametrize("name", ["SessionLocal", "get_session", "OurSession"])
def test_what_a_factory_opens_may_be_replaced_where_that_is(name, tmp_path):
    """A test that puts a fake there gets it from the factory, and by the name it has here."""
    db = DB + "\n    def get_session():\n        session = SessionLocal()\n        return session\n"
    handlers = HANDLER.replace("import SessionLocal", "import get_session as OurSession")
    handlers = handlers.replace("SessionLocal()", "OurSession()")
    place = "handlers" if name == "OurSession" else "db"
    test = f"def test_f():\n    patch('app.{place}.{name}')\n"
    files = {"app/__init__.py": "", "app/db.py": db, "app/handlers.py": handlers}
    assert is_unsafe(written(tmp_path, files | {"tests/test_handlers.py": test}))
    others = {"tests/test_handlers.py": test.replace(name, "engine")}
    assert not is_unsafe(written(tmp_path / "others", files | others))


@pytest.mark.parametrize(
    ("imported", "maker"),
    [
        ("from app.db import SessionLocal", "SessionLocal"),
        ("from app import db", "db.SessionLocal"),
        ("import app.db as store", "store.SessionLocal"),
    ],
)
@pytest.mark.parametrize(
    "line", ['patch("app.db.SessionLocal")', 'patch("app.others.SessionLocal")']
)
def test_what_a_function_imports_itself_may_be_replaced_where_it_comes_from(
    imported, maker, line, tmp_path
):
    text = (
        f"def f(q):\n    {imported}\n    s = {maker}()\n    try:\n        s.execute(q)\n"
        "    finally:\n        s.close()\n"
    )
    files = {"app/__init__.py": "", "app/db.py": DB, "app/handlers.py": text}
    root = written(tmp_path, files | {"tests/test_handlers.py": f"{line}\n"})
    path = root / "app" / "handlers.py"
    project = Project.open(root, bytes_of, Names())
    (found,) = check_source(path.read_bytes(), path, RULES, project)
    assert (found.fix.safety is Safety.UNSAFE) is ("app.db" in line)


@pytest.mark.parametrize("line", ['patch("app.db.SessionLocal")', "db.SessionLocal = Fake"])
@pytest.mark.parametrize(("beside", "is_replaced"), [("tests", True), ("tools", False)])
def test_of_a_large_project_only_tests_are_asked(beside, is_replaced, line, tmp_path, monkeypatch):
    monkeypatch.setattr("sessionlint.facts.files._LARGE", 0)
    files = {"app/__init__.py": "", "app/db.py": DB, "app/handlers.py": HANDLER}
    root = written(tmp_path, files | {f"{beside}/helpers.py": f"x = 1\n{line}\n"})
    path = root / "app" / "handlers.py"
    project = Project.open(root, bytes_of, Names())
    (found,) = check_source(path.read_bytes(), path, RULES, project)
    assert (found.fix.safety is Safety.UNSAFE) is is_replaced


CACHED = """
    from functools import lru_cache
    from db import new_session

    @lru_cache
    def get_session():
        return new_session()
"""


@pytest.mark.parametrize(
    ("body", "is_offered"),
    [
        ("return sessionmaker(create_engine(URL))()", False),
        ("return sessionmaker(new_engine())()", False),
        ("return sessionmaker(one_engine())()", True),
        ("return sessionmaker(kept_engine())()", True),
        ("return Maker()", True),
    ],
)
def test_a_cache_stays_that_is_all_that_keeps_an_engine(body, is_offered, tmp_path):
    opening = f"""
        from functools import lru_cache
        from sqlalchemy import create_engine
        from sqlalchemy.orm import sessionmaker

        URL = "postgresql://host/shop"
        Maker = sessionmaker(create_engine(URL))
        engine = None

        def new_engine():
            return create_engine(URL)

        @lru_cache
        def one_engine():
            return create_engine(URL)

        def kept_engine():
            global engine
            if engine is None:
                engine = create_engine(URL)
            return engine

        def new_session():
            {body}
    """
    root = written(tmp_path, {"db.py": dedent(opening), "app.py": dedent(CACHED)})
    path = root / "app.py"
    project = Project.open(root, bytes_of, Names())
    (found,) = check_source(path.read_bytes(), path, RULES, project)
    assert (found.code, found.fix is not None) == ("SES201", is_offered)
