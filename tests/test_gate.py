"""The gate: names found on bytes, and no file kept out that has something to say."""

import pytest
from small_project import bytes_of, found_in, written

from sessionlint.facts.files import Files
from sessionlint.facts.names import Names
from sessionlint.facts.producers import Producers
from sessionlint.source.gate import (
    GIVERS,
    MAKERS,
    called,
    is_candidate,
    may_pass_on,
    may_speak,
    products,
)

START = """\
from functools import partial
from typing import Any, cast

from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

engine = create_engine("sqlite://")
"""

USE = """\
from store import opener


def count(query):
    it = opener()
    return it.execute(query)
"""

WAYS = {
    "a maker": "opener = sessionmaker(bind=engine)\n",
    "a maker with a type": "opener: sessionmaker[Session] = sessionmaker(bind=engine)\n",
    "a maker in brackets": "opener = (\n    sessionmaker(bind=engine)\n)\n",
    "a maker of a parameter": "opener = sessionmaker[Session](bind=engine)\n",
    "a maker in a branch": "if engine:\n    opener = sessionmaker(bind=engine)\n",
    "a maker or nothing": "opener = sessionmaker(bind=engine) if engine else None\n",
    "a global": "def start():\n    global opener\n    opener = sessionmaker(bind=engine)\n",
    "a function": "def opener():\n    return Session(engine)\n",
    "a function on one line": "def opener(): return Session(engine)\n",
    "a function with a variable": "def opener():\n    it = Session(engine)\n    return it\n",
    "a function in brackets": "def opener():\n    return (\n        Session(engine)\n    )\n",
    "a function with tabs": "def opener():\n\treturn Session(engine)\n",
    "a function around another": "def opener():\n    def f(): return 1\n    return Session(engine)\n",
    "a function of a maker": "made = sessionmaker(bind=engine)\ndef opener():\n    return made()\n",
    "a maker called at once": "def opener():\n    return sessionmaker(bind=engine)()\n",
    "a connection": "def opener():\n    return engine.connect()\n",
    "a factory of makers": "def f():\n    return sessionmaker(bind=engine)\nopener = f()\n",
    "two hops": "def f():\n    return Session(engine)\ndef opener():\n    return f()\n",
    "two hops with a variable": "def f():\n    return Session(engine)\ndef opener():\n    s = f()\n    return s\n",
}

# A factory by an untelling name that is made in one of these ways needs the full engine.
ODD_WAYS = {
    "a maker after a backslash": "opener = \\\n    sessionmaker(bind=engine)\n",
    "a maker after a semicolon": "x = 1; opener = sessionmaker(bind=engine)\n",
    "nothing or a maker": "opener = None if not engine else sessionmaker(bind=engine)\n",
    "or": "opener = None or sessionmaker(bind=engine)\n",
    "two targets": "opener = inner = sessionmaker(bind=engine)\n",
    "a pair": "other, opener = 1, sessionmaker(bind=engine)\n",
    "a walrus": "if opener := sessionmaker(bind=engine):\n    pass\n",
    "a cast": "opener = cast(Any, sessionmaker(bind=engine))\n",
    "another name": "inner = sessionmaker(bind=engine)\nopener = inner\n",
    "a function or nothing": "def opener(x=0):\n    return None if x else Session(engine)\n",
    "a function with a walrus": "def opener():\n    return (it := Session(engine))\n",
    "a default": "def opener(make=sessionmaker(bind=engine)):\n    return make()\n",
    "a method": "class Store:\n    def open(self):\n        return Session(engine)\nopener = Store().open\n",
    "an attribute of a class": "class Store:\n    make = sessionmaker(bind=engine)\nopener = Store.make\n",
    "an attribute of an object": "class Store:\n    def __init__(self):\n        self.make = sessionmaker(bind=engine)\nstore = Store()\ndef opener():\n    return store.make()\n",
    "an object that is called": "class Store:\n    def __call__(self):\n        return Session(engine)\nopener = Store()\n",
}


@pytest.mark.parametrize("way", WAYS)
def test_passes_a_file_that_acquires_through(way, tmp_path):
    folder = written(tmp_path, {"store.py": START + WAYS[way], "use.py": USE})
    assert (
        found_in(folder).get("use.py") == found_in(folder, "full").get("use.py") == [(5, "SES102")]
    )


@pytest.mark.parametrize("way", ODD_WAYS)
def test_the_full_engine_follows(way, tmp_path):
    folder = written(tmp_path, {"store.py": START + ODD_WAYS[way], "use.py": USE})
    assert found_in(folder, "full").get("use.py") == [(5, "SES102")]


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


def test_a_file_outside_the_project_knows_its_own_names(tmp_path):
    """A folder that is no source of the project, asked for by name."""
    text = (
        START
        + "opener = sessionmaker(bind=engine)\n\n\ndef count(query):\n    it = opener()\n    return it.execute(query)\n"
    )
    folder = written(tmp_path, {"build/use.py": text})
    assert found_in(folder) == found_in(folder, "full") == {"build/use.py": [(12, "SES102")]}


def names(files: dict[str, str], folder, configured=None) -> set[bytes]:
    """The project's own names through which it acquires."""
    return set(Producers(Files(written(folder, files), bytes_of), configured or Names()).names)


def test_names_pass_from_file_to_file(tmp_path):
    files = {
        "app/db.py": "from sqlalchemy.orm import sessionmaker\nLocalSession = sessionmaker()\n",
        "app/deps.py": "from .db import LocalSession\n\ndef db():\n    return LocalSession()\n",
    }
    assert {b"LocalSession", b"db"} <= names(files, tmp_path)


def test_configured_names_are_names(tmp_path):
    configured = Names(factories=frozenset({"app.db.opener"}))
    assert b"opener" in names({"a.py": "x = 1\n"}, tmp_path, configured)


def test_a_project_without_databases_has_no_names(tmp_path):
    files = {"a.py": "import requests\n\ndef page():\n    return requests.Session().get('x')\n"}
    assert b"page" not in names(files, tmp_path)


def made(text: str) -> tuple[set[bytes], set[bytes]]:
    """The makers and the givers of one text that knows only the catalogue."""
    found = products(text.encode(), MAKERS, GIVERS)
    return set(found.makers), set(found.givers)


def test_what_a_maker_is_bound_to_gives():
    assert made("Local = sessionmaker(bind=engine)\n") == (set(), {b"Local"})


def test_an_attribute_gives_by_its_name():
    assert made("self.maker = async_sessionmaker(engine)\n") == (set(), {b"maker"})


def test_a_variable_that_holds_a_session_gives_nothing():
    assert made("db = Session(engine)\n") == (set(), set())


def test_a_function_that_returns_a_session_gives():
    assert made("def get():\n    db = Session(engine)\n    return db\n") == (set(), {b"get"})


def test_an_imported_name_stands_for_the_other():
    assert made("from sqlalchemy.orm import sessionmaker as make\n") == ({b"make"}, set())


def test_a_class_stands_for_its_base():
    assert made("class Mine(Session):\n    pass\n") == (set(), {b"Mine"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"f(1)", {b"f"}),
        (b"a.b.get_session(1)", {b"get_session"}),
        (b"a.run(1)", set()),
        (b"Maker[int](1)", {b"Maker"}),
        (b"f (1)", set()),
        (b"await run_in_threadpool(a.create_session, 1)", {b"run_in_threadpool", b"create_session"}),
        (b"x = f\n", set()),
    ],
)  # fmt: skip
def test_called_names(text, expected):
    assert called(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"x = opener()\n", True),
        (b"from store import opener as other\n", True),
        (b"x = other()\n", False),
    ],
)
def test_who_may_pass_a_name_on(text, expected):
    assert may_pass_on(text, called(text), frozenset({b"opener"})) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"import asyncpg\nc = asyncpg.connect()\n", True),
        (b"import sqlite3\nc = sqlite3.connect('x')\n", False),
        (b"db = SessionLocal()\ndb.commit()\n", True),
        (b"c = engine.connect()\n", True),
        (b"db = opener()\n", True),
        (b"from app import opener\n", False),
        (b"import requests\n", False),
    ],
)
def test_candidates(text, expected):
    assert is_candidate(text, frozenset({b"opener"})) is expected


def test_a_text_that_names_nothing_of_databases_does_not_speak():
    assert not may_speak(b"import json\nprint(json.dumps({}))\n")


def test_a_factory_of_the_project_may_bear_the_name_of_a_library_s(tmp_path):
    text = "from sqlalchemy.orm import Session\n\ndef create_session():\n    return Session()\n"
    assert b"create_session" in names({"app/db.py": text}, tmp_path)
