"""The gate: names found on bytes, and no file kept out that has something to say."""

import re
from pathlib import Path

import pytest
from small_project import START, USE, bytes_of, found_in, written

from sessionlint.facts.files import Files
from sessionlint.facts.glances import Glances
from sessionlint.facts.names import Names
from sessionlint.facts.places import Places
from sessionlint.facts.producers import Producers
from sessionlint.source.by_hand import is_by_hand, is_used
from sessionlint.source.gate import called, may_speak, session_names, word_of


def test_the_full_engine_follows_four_modules_far(tmp_path):
    files = {
        "a.py": START + "def first():\n    return Session(engine)\n",
        "b.py": "from a import first as second\n",
        "c.py": "import b\n\n\ndef third():\n    return b.second()\n",
        "store.py": "from c import third\n\nopener = third\n",
        "use.py": USE,
    }
    folder = written(tmp_path, files)
    assert found_in(folder, "full").get("use.py") == [(5, "SES102")]


def test_a_factory_is_followed_through_six_modules(tmp_path):
    """To be handed on is no use by which a file would be looked at anyway."""
    files = {f"m{n}.py": f"from m{n - 1} import opener\n" for n in range(1, 7)}
    files["m0.py"] = START + "opener = sessionmaker(bind=engine)\n"
    files["use.py"] = "from m6 import opener\n\n\ndef run(work):\n    it = opener()\n    work(it)\n"
    folder = written(tmp_path, files)
    assert found_in(folder) == found_in(folder, "full") == {"use.py": [(5, "SES102")]}


def test_a_file_outside_the_project_knows_its_own_names(tmp_path):
    """A folder that is no source of the project, asked for by name."""
    text = (
        START
        + "opener = sessionmaker(bind=engine)\n\n\ndef count(query):\n    it = opener()\n    return it.execute(query)\n"
    )
    folder = written(tmp_path, {"build/use.py": text})
    assert found_in(folder) == found_in(folder, "full") == {"build/use.py": [(12, "SES102")]}


@pytest.mark.parametrize("method", ["get(User, 1)", "add(1)", "delete(1)", "execute(1)"])
def test_a_session_by_its_own_name_from_another_module(method, tmp_path):
    use = "from store import Session, engine\n\n\ndef load():\n    it = Session(engine)\n    return it.METHOD\n"
    folder = written(tmp_path, {"store.py": START, "use.py": use.replace("METHOD", method)})
    assert found_in(folder) == found_in(folder, "full") == {"use.py": [(5, "SES102")]}


def test_a_file_that_does_not_speak_may_call_what_does_not(tmp_path):
    files = {
        "store.py": START + "def take():\n    return Session(engine)\n",
        "use.py": "from store import take\n\n\ndef run(query):\n    return take().scalar(query)\n",
        "wait.py": "from store import take\n\n\nasync def run(query):\n    return take().scalar(query)\n",
        "rest.py": "def run(work):\n    work()\n",
    }
    folder = written(tmp_path, files)
    known = producers(folder)
    assert known.names == {b"take"}
    silent = [name for name in files if known.is_silent(str(folder / name))]
    without = [
        name
        for name, text in files.items()
        if known.is_without_names(text.encode(), str(folder / name))
    ]
    assert (silent, without) == ([], ["rest.py"])
    expected = {"use.py": [(5, "SES109")], "wait.py": [(5, "SES109")]}
    assert found_in(folder) == found_in(folder, "full") == expected


def test_a_file_that_opens_only_arguments_passes(tmp_path):
    use = """\
        from store import Session, engine


        def load(db, query):
            return db.execute(query)


        def find(query):
            return load(Session(engine), query)
    """
    folder = written(tmp_path, {"store.py": START, "use.py": use})
    assert found_in(folder) == found_in(folder, "full") == {"use.py": [(9, "SES109")]}


def names(files: dict[str, str], folder, configured=None) -> set[bytes]:
    """The project's own names through which it acquires."""
    return set(producers(written(folder, files), configured).names)


def producers(folder: Path, configured: Names | None = None) -> Producers:
    files = Files(folder, lambda name: bytes_of(Path(name)))
    return Producers(files, configured or Names(), Places(files))


def test_names_pass_from_file_to_file(tmp_path):
    files = {
        "app/db.py": "from sqlalchemy.orm import sessionmaker\nLocalSession = sessionmaker()\n",
        "app/deps.py": "from .db import LocalSession\n\ndef db():\n    return LocalSession()\n",
    }
    assert {b"LocalSession", b"db"} <= names(files, tmp_path)


def test_a_copy_of_sqlalchemy_gives_no_names(tmp_path):
    opening = "from .session import Session\n\ndef opened():\n    return Session()\n"
    parts = ("dialects", "engine", "orm", "pool")
    files = {f"libs/sqlalchemy/{part}/__init__.py": opening for part in parts}
    files["app/db.py"] = "from sqlalchemy.orm import Session\n\ndef db():\n    return Session()\n"
    found = names(files, tmp_path)
    assert b"db" in found
    assert b"opened" not in found


def test_configured_names_are_names(tmp_path):
    configured = Names(factories=frozenset({"app.db.opener"}))
    assert b"opener" in names({"a.py": "x = 1\n"}, tmp_path, configured)


def test_a_file_that_speaks_is_read_once(tmp_path):
    """What a module is read from is what its project was searched in, even if the file changes."""
    path = written(tmp_path, {"store.py": START}) / "store.py"
    files = Files(tmp_path, lambda name: bytes_of(Path(name)))
    [(_, data)] = files.speaking
    path.write_text("")
    assert files.read(path) is data


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        (b"session", ["a.py", "c.py"]),
        (b"get_session", ["c.py"]),
        (b"ession", ["a.py", "c.py"]),
        (b"take", ["a.py", "b.py"]),
        (b"reconnect_sessions", []),
    ],
)
def test_the_files_that_have_a_word(word, expected, tmp_path):
    files = {
        "a.py": "session = take()\n",
        "b.py": "take(engine)\n",
        "c.py": "get_session()\n",
        "d.py": "take()\n",
    }
    folder = written(tmp_path, files)
    known = Files(folder, lambda name: bytes_of(Path(name)))
    assert [Path(name).name for name, _ in known.having(word)] == expected
    known.replace(folder / "b.py", b"reconnect_sessions(take, get_session)\n")
    assert "b.py" in [Path(name).name for name, _ in known.having(word)]


def test_a_project_without_databases_has_no_names(tmp_path):
    files = {"a.py": "import requests\n\ndef page():\n    return requests.Session().get('x')\n"}
    assert b"page" not in names(files, tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"f(1)", {b"f"}),
        (b"a.b.get_session(1)", {b"get_session"}),
        (b"a.run(1)", set()),
        (b"Maker[int](1)", {b"Maker"}),
        (b"f (1)", {b"f"}),
        (b"await run_in_threadpool(a.create_session, 1)", {b"run_in_threadpool", b"create_session"}),
        (b"x = f\n", set()),
    ],
)  # fmt: skip
def test_called_names(text, expected):
    assert called(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"import asyncpg\nc = asyncpg.connect()\n", True),
        (b"import sqlite3\nc = sqlite3.connect('x')\n", False),
        (b"db = SessionLocal()\ndb.commit()\n", True),
        (b"c = engine.connect()\n", True),
        (b"c = db.engine.raw_connection()\n", True),
        (b"from app import opener\ndb = opener()\n", True),
        (b"from app import opener\n", False),
        (b"import requests\n", False),
        (b"from app import opener\nother = opener\ndb = other()\n", True),
        (b"with opener() as db:\n    db.commit()\n", False),
        (b"from app import opener\nwith opener().begin():\n    pass\n", True),
        (b"import sqlalchemy\nwith engine.connect() as c:\n    pass\n", False),
        (b"import sqlalchemy\nlock.acquire()\n", False),
        (b"import asyncpg\nc = await pool.acquire()\n", True),
        (b"s = get_session()\ns.commit()\n", True),
        (b"s = get_session()\nother.commit()\n", False),
    ],
)
def test_candidates(text, expected, tmp_path):
    files = {"app.py": "from sqlalchemy.orm import sessionmaker\nopener = sessionmaker()\n"}
    known = producers(written(tmp_path, files))
    assert known.is_candidate(text, str(tmp_path / "use.py")) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"s = opener()\n", True),
        (b"s = maker[int](1)\nopener[int](1)\n", True),
        (b"async with await opener(a, (b)) as s:\n", False),
        (b"with closing(engine.opener()) as s:\n", False),
        (b"with opener(a)(b) as s:\n", True),
        (b"with other() as a, opener() as b:\n", True),
        (b"@lru_cache(1)\ndef f():\n    with opener() as s:\n        yield s\n", True),
        (b"def opener():\n", False),
        (b"with scope(session=opener(), x=1) as s:\n", False),
        (b"with scope(\n    a,\n    session=opener(),\n) as s:\n", False),
        (b"s = (\n    opener()\n)\n", True),
        (b"s = [\n    opener(),\n]\n", True),
        (b"x = f(a)  # (\ns = opener()\n", True),
        (b"s=opener()\n", True),
        (b"s = cast(Session, opener())\n", True),
        (b"return scope(opener())\n", True),
        (b"x = f(opener().all())\n", True),
        (b"def f(s=opener()): pass\n", True),
        (b"class opener(Base):\n", False),
        (b"# opener()\n", False),
        (b"reopener()\n", False),
        (b"await to_thread(engine.opener)\n", True),
    ],
)
def test_what_is_called_by_hand(text, expected):
    assert is_by_hand(text, b"opener") is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"s = opener()\ns.query(1)\n", True),
        (b"s: 'Session' = await opener()\ns.query(1)\n", True),
        (b"s = opener()\nt.query(1)\n", False),
        (b"s = (\n    opener()\n)\ns.query(1)\n", True),
        (b"s = (\n    a\n    or opener()\n)\ns.query(1)\n", True),
        (b"s = (\n    opener()\n)\nt.query(1)\n", False),
        (b"if (s := opener()):\n    s.query(1)\n", True),
        (b"def f():\n    return opener()\n", False),
        (b"def f():\n    return opener()\ns = f()\ns.query(1)\n", True),
        (b"@cache\ndef f():\n    return opener()\n", True),
        (b"def f():\n    return g()\ndef g():\n    return f() or opener()\n", False),
        (b"x = opener().execute(1)\n", True),
        (b"f(s=opener())\ns.query(1)\n", True),
    ],
)
def test_what_is_used_as_a_session(text, expected):
    assert is_used(text, b"opener") is expected


def test_a_text_that_names_nothing_of_databases_does_not_speak():
    assert not may_speak(b"import json\nprint(json.dumps({}))\n")


def test_a_factory_of_the_project_may_bear_the_name_of_a_library_s(tmp_path):
    text = "from sqlalchemy.orm import Session\n\ndef create_session():\n    return Session()\n"
    assert b"create_session" in names({"app/db.py": text}, tmp_path)


def test_a_maker_that_a_class_is_given_is_known_by_its_annotation(tmp_path):
    text = """\
        from sqlalchemy.orm import sessionmaker


        class Store:
            def __init__(self, make: sessionmaker):
                self._session_of_tenant = make

            def count(self, query):
                it = self._session_of_tenant()
                return it.execute(query)
        """
    folder = written(tmp_path, {"store.py": text})
    assert found_in(folder) == found_in(folder, "full") == {"store.py": [(9, "SES102")]}


MIGRATION = """\
from alembic import op
from sqlalchemy.orm import Session


def upgrade(given=None):
    bind = op.get_bind()
    it = Session(bind=bind)
    it.commit()
"""


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("", "", False),
        ("(bind=bind)", "(bind)", False),
        ("(bind=bind)", "(op.get_bind(), autoflush=False)", False),
        ("(bind=bind)", "(\n        bind=bind,  # theirs\n    )", False),
        ("    it.", "    bind.execute(1)\n    run(bind)\n    it.", False),
        ("    it.", "    bind = other()\n    it.", True),
        ("    it.", "    run(x for bind in other)\n    it.", True),
        ("    it.", "    with other as bind: pass\n    it.", True),
        ("    bind =", "    it, bind =", True),
        ("given=None", "bind", True),
        ("op.get_bind()", "get_bind()", True),
        ("from alembic", "from vendor", True),
        ("(bind=bind)", "(bind=given)", True),
        ("(bind=bind)", "(given, bind)", True),
    ],
)
def test_a_session_on_the_connection_of_a_migration(old, new, expected):
    text = MIGRATION.replace(old, new, 1) if old else MIGRATION
    assert is_by_hand(text.encode(), b"Session") is expected


def test_a_migration_that_takes_a_connection_of_its_own_is_read(tmp_path):
    files = {
        "lent.py": MIGRATION,
        "own.py": MIGRATION.replace("op.get_bind()", "create_engine('x')").replace(
            "from sqlalchemy.orm", "from sqlalchemy import create_engine\nfrom sqlalchemy.orm"
        ),
    }
    folder = written(tmp_path, files)
    assert found_in(folder) == found_in(folder, "full") == {"own.py": [(8, "SES102")]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"sessions = a.get_session(b)", {b"sessions", b"get_session"}),
        (b"class A(DBSession, Session_2):", {b"DBSession", b"Session_2"}),
        (b"get_session_session(a)", {b"get_session_session"}),
        (b"ession", {b"ession"}),
        (b"session_maker()", {b"session_maker"}),
        (b"secession_" + b"x" * 90, {b"secession_" + b"x" * 90}),
        (b"connect()", set()),
    ],
)
def test_words_that_speak_of_sessions(text, expected):
    assert session_names(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"s = get_session()\ns.query(1)\n", {b"get_session"}),
        (b"s = a.async_get_clientsession()\ns.query(1)\n", set()),
        (b"class A(SessionLocal):\n    pass\ns = session()\nit = A()\nSessionLocal().query(1)\n", {b"SessionLocal"}),
        (b"s = get_session()\nc = pool.getconn()\n", {b"getconn"}),
        (b"import asyncpg\nc = asyncpg.connect()\n", {b"connect"}),
    ],
)  # fmt: skip
def test_what_a_file_may_acquire_whatever_its_project_gives(text, expected):
    assert set(Glances().acquiring(text)) == expected


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        (b"s = a.opener [int](1)", b"opener", True),
        (b"from store import opener as other", b"opener", True),
        (b"reopener()\nopeners()\nan_opener()\n", b"opener", False),
        (b"reopener()\nopener", b"opener", True),
        (b"make: async_sessionmaker[AsyncSession]", b"sessionmaker", True),
        (b"sessionmakers()", b"sessionmaker", False),
    ],
)
def test_where_a_name_stands_by_itself(text, name, expected):
    assert bool(re.search(word_of(name), text)) is expected
