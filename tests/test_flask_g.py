"""What Flask keeps in `g` for a request: what is told of it, and what stays open when it is run."""

import gc
import sys
from importlib import import_module

import pytest
from flask import Flask
from small_project import found_in, written
from sqlalchemy.pool import QueuePool

DATABASE = """\
from sqlalchemy import create_engine, text
from sqlalchemy.orm import scoped_session, sessionmaker
from sqlalchemy.pool import QueuePool

engine = create_engine("sqlite://", poolclass=QueuePool)
SessionLocal = sessionmaker(engine)
Registry = scoped_session(SessionLocal)
QUERY = text("select 1")
"""
HEAD = """\
from functools import wraps
from flask import Flask, after_this_request, g
from database import QUERY, Registry, SessionLocal, engine

app = Flask(__name__)

"""
BEFORE = """\
@app.before_request
def begin():
    g.db = SessionLocal()
"""
LAZY = """\
def get_db():
    if "db" not in g:
        g.db = SessionLocal()
    return g.db
"""
ASKS = """\
@app.get("/")
def index():
    return str(g.db.scalar(QUERY))
"""
CALLS = """\
@app.get("/")
def index():
    db = get_db()
    return str(db.scalar(QUERY))
"""
CLOSES = """\
@app.teardown_appcontext
def end(error):
    db = g.pop("db", None)
    if db is not None:
        db.close()
"""
LEAKING = {
    "before each request": BEFORE + ASKS,
    "by the name of a function": BEFORE.replace("@app.before_request\n", "")
    + "app.before_request(begin)\n"
    + ASKS,
    "when it is first asked for": LAZY + CALLS,
    "asked through the function": LAZY + CALLS.replace("db = get_db()\n    ", "").replace("db.", "get_db()."),
    "connection": BEFORE.replace("SessionLocal()", "engine.connect()") + ASKS,
    "read by `getattr`": BEFORE + ASKS.replace("g.db.", 'getattr(g, "db").'),
    "read by a name": BEFORE + ASKS.replace("return", "db = g.db\n    return").replace("g.db.s", "db.s"),
    "lent to a function": BEFORE
    + "def ask(db):\n    return str(db.scalar(QUERY))\n"
    + ASKS.replace("str(g.db.scalar(QUERY))", "ask(g.db)"),
    "committed before it is asked": BEFORE + ASKS.replace("return", "g.db.commit()\n    return"),
    "another attribute": BEFORE + "@app.teardown_request\ndef end(error):\n    g.user = None\n" + ASKS,
}  # fmt: skip
CLOSED = {
    "behind the request": BEFORE + ASKS + CLOSES,
    "behind the request, by a name": LAZY + CALLS + CLOSES,
    "behind the response": BEFORE
    + ASKS
    + "@app.after_request\ndef end(response):\n    g.db.close()\n    return response\n",
    "behind this response": BEFORE.replace(
        "begin():",
        "begin():\n    @after_this_request\n    def end(response):\n"
        "        g.db.close()\n        return response\n",
    )
    + ASKS,
    "in the request": BEFORE + ASKS.replace("return", "with g.db:\n        return"),
    "committed behind the request": BEFORE
    + ASKS
    + "@app.teardown_request\ndef end(error):\n    g.db.commit()\n",
    "by a decorator": BEFORE
    + "def ended(view):\n    @wraps(view)\n    def inner():\n"
    + "        found = view()\n        g.db.rollback()\n        return found\n    return inner\n"
    + ASKS.replace("def index", "@ended\ndef index"),
    "in a transaction": BEFORE + ASKS.replace("return", "with g.db.begin():\n        return"),
    "committed": BEFORE
    + ASKS.replace("return str(g.db.scalar(QUERY))", "g.db.scalar(QUERY)\n    g.db.commit()\n    return ''"),
    "registry": BEFORE.replace("SessionLocal()", "Registry()")
    + ASKS
    + "@app.teardown_request\ndef end(error):\n    Registry.remove()\n",
    "never asked": BEFORE + ASKS.replace("g.db.scalar(QUERY)", "bool(g.db)"),
}  # fmt: skip


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Loads a program by its source, and gives its application and pool."""

    def load(source) -> tuple[Flask, QueuePool]:
        written(tmp_path, {"database.py": DATABASE, "program.py": HEAD + source})
        monkeypatch.syspath_prepend(str(tmp_path))
        app = import_module("program").app
        return app, sys.modules["database"].engine.pool

    yield load
    for name in ("program", "database"):
        sys.modules.pop(name, None)


def left_open(app: Flask, pool: QueuePool) -> int:
    gc.disable()
    try:
        assert app.test_client().get("/").status_code == 200
        return pool.checkedout()
    finally:
        gc.enable()


@pytest.mark.parametrize("name", LEAKING)
def test_what_nothing_closes_is_told_of(name, program, tmp_path):
    assert left_open(*program(LEAKING[name])) == 1
    line = (HEAD + LEAKING[name]).split("g.db = ")[0].count("\n") + 1
    assert found_in(tmp_path) == {"program.py": [(line, "SES102")]}


@pytest.mark.parametrize("name", CLOSED)
def test_nothing_is_told_of_what_ends(name, program, tmp_path):
    assert left_open(*program(CLOSED[name])) == 0
    assert found_in(tmp_path) == {}
