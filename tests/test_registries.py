"""Registries that nobody removes sessions from: which are told, and which may well be right."""

import pytest
from small_project import found_in, written

DATABASE = """\
    from sqlalchemy import create_engine
    from sqlalchemy.orm import scoped_session, sessionmaker

    maker = sessionmaker(create_engine("postgresql://shop"))
    db_session = scoped_session(maker)
    """

USE = """\
from flask import Flask
from flask.views import MethodView
from flask_restful import Resource
from celery import shared_task
from database import db_session
from models import User
import database
app = Flask(__name__)
"""

ROUTE = """\
@app.get("/users")
def users():
    return db_session.query(User).all()
"""

FOUND = """\
def found():
    return db_session.query(User).all()
"""

LOG = """\
def log():
    db_session.add(User())
    db_session.commit()
"""

SHOWN = """\
@app.get("/")
def users():
    return {}()
"""

TASKS = """\
    from asyncio import current_task
    from sqlalchemy.ext.asyncio import async_scoped_session, async_sessionmaker, create_async_engine

    maker = async_sessionmaker(create_async_engine("postgresql+asyncpg://shop"))
    Session = async_scoped_session(session_factory=maker, scopefunc=current_task)
    """

USE_OF_TASKS = """\
from fastapi import APIRouter, Depends
from database import Session
router = APIRouter()
"""

OF_TASK = """\
@router.get("/")
async def users():
    await Session.scalar("select 1")
"""

LENT = """\
async def lent():
    async with Session() as session:
        yield session
"""


def codes(folder, database, **files):
    """What is told of the registry."""
    texts = {name.replace("__", "/") + ".py": text for name, text in files.items()}
    project = written(folder, {"database.py": database, **texts})
    found = found_in(project)
    assert found == found_in(project, "full")
    return [code for _, code in found.get("database.py", [])]


@pytest.mark.parametrize(
    "text",
    [
        ROUTE,
        "@shared_task\ndef clean():\n    db_session.execute('delete from log')\n",
        "class Users(Resource):\n    def get(self):\n        return db_session.query(User).all()\n",
        "class Users(MethodView):\n    def post(self):\n        db_session.execute('select 1')\n",
        "class Users:\n    def on_get(self, req, resp):\n        db_session.execute('select 1')\n",
        '@app.get("/")\ndef users():\n    return database.db_session.query(User).all()\n',
        '@app.get("/")\ndef users():\n    s = db_session()\n    return s.query(User).all()\n',
        '@app.get("/")\ndef users():\n    return db_session().query(User).all()\n',
        FOUND + "def listed():\n    return found()\n" + SHOWN.format("listed"),
        ROUTE + LOG,
        ROUTE + "def lent(db):\n    db.execute('select 1')\ndef run():\n    lent(db_session)\n",
        ROUTE + "names = list()\ndef drop(name):\n    names.remove(name)\n",
    ],
)
def test_what_a_request_leaves_behind_is_told(text, tmp_path):
    assert codes(tmp_path, DATABASE, use=USE + text) == ["SES204"]


def test_what_only_a_test_removes_is_told(tmp_path):
    test = "from database import db_session\ndef test_it():\n    db_session.remove()\n"
    assert codes(tmp_path, DATABASE, use=USE + ROUTE, tests__test_use=test) == ["SES204"]


@pytest.mark.parametrize(
    "more",
    [
        "@app.teardown_appcontext\ndef end(error):\n    db_session.remove()\n",
        "@app.teardown_appcontext\ndef end(error):\n    database.db_session.remove()\n",
        "@app.teardown_appcontext\ndef end(error):\n    db_session.close()\n",
        "@app.teardown_appcontext\ndef end(error):\n    db_session().close()\n",
        "@app.teardown_appcontext\ndef end(error):\n    s = db_session()\n    s.close()\n",
        "@app.after_request\ndef end(response):\n    db_session.commit()\n    return response\n",
        "@app.teardown_request\ndef end(error):\n    db_session.rollback()\n",
        "app.teardown_appcontext(lambda error: db_session.remove())\n",
        "atexit.register(db_session.remove)\n",
        "manage(app, db_session)\n",
        "app.session = db_session\n",
        "from database import db_session as db\n",
        "def begin():\n    return db_session\n",
        "def begin():\n    with db_session() as s:\n        return s.query(User).all()\n",
        "def begin():\n    return db_session()\n",
        "@app.teardown_request\ndef end(e):\n    if db_session.is_active:\n        db_session.rollback()\n",
        "@app.after_request\ndef end(answer):\n    db_session.flush()\n    db_session.commit()\n",
        "@app.teardown_request\ndef end(error):\n    db_session.get_transaction().rollback()\n",
        "@app.teardown_request\ndef end(error):\n    db_session.registry.clear()\n",
        "@app.teardown_request\ndef end(error, session=db_session):\n    session.remove()\n",
    ],
)
def test_what_somebody_may_end_is_not(more, tmp_path):
    assert codes(tmp_path, DATABASE, use=USE + more + ROUTE) == []


def test_whose_uses_are_whose_is_not_guessed(tmp_path):
    """Another registry of that name, and an object that has one."""
    assert codes(tmp_path, DATABASE, use=USE + ROUTE, tool=DATABASE) == []
    extension = "from flask_sqlalchemy import SQLAlchemy\ndb = SQLAlchemy()\n"
    route = '@app.get("/")\ndef users():\n    return db.session.query(User).all()\n'
    database = DATABASE.replace("db_session", "session")
    use = USE.replace("import db_session", "import session") + "from ext import db\n" + route
    assert codes(tmp_path / "other", database, use=use, ext=extension) == []


@pytest.mark.parametrize(
    ("plain", "made"),
    [("db_session = ", "other = db_session = "), ("(maker)", "(maker, scopefunc=of_request)")],
)
def test_another_name_or_another_scope_is_not(plain, made, tmp_path):
    assert codes(tmp_path, DATABASE.replace(plain, made), use=USE + ROUTE) == []


def test_an_awaited_registry_stops_nobody(tmp_path):
    database = DATABASE.replace("= scoped_session", "= await scoped_session")
    assert codes(tmp_path, database, use=USE + ROUTE) == ["SES204"]


def test_what_another_file_ends_is_not(tmp_path):
    other = "from flask import current_app\ndef end(error):\n    current_app.db_session.remove()\n"
    assert codes(tmp_path, DATABASE, use=USE + ROUTE, other=other) == []


@pytest.mark.parametrize(
    "text",
    [
        "def users():\n    return db_session.query(User).all()\n",
        "def init_db():\n    db_session.execute('select 1')\ninit_db()\n",
        '@app.get("/")\ndef users():\n    db_session.add(User())\n    db_session.commit()\n',
        LOG + '@app.get("/")\ndef users():\n    found = db_session.query(User).all()\n    log()\n',
        FOUND
        + LOG
        + '@app.get("/")\ndef users():\n    users = found()\n    log()\n    return users\n',
        '@app.get("/")\ndef users(db_session):\n    return db_session.query(User).all()\n',
        '@app.get("/")\ndef users():\n    db_session.add(User())\n',
        '@app.get("/")\ndef users():\n    with db_session.begin():\n        db_session.query(User)\n',
        '@app.get("/")\ndef users():\n    s = db_session()\n    with s.begin():\n        s.query(User)\n',
        "class Users:\n    def get(self):\n        return db_session.query(User).all()\n",
        "class Window:\n    def on_delete(self, widget, event):\n        db_session.query(User).all()\n",
    ],
)
def test_what_leaves_nothing_behind_or_runs_once_is_not(text, tmp_path):
    assert codes(tmp_path, DATABASE, use=USE + text) == []


@pytest.mark.parametrize(
    "options",
    ["autocommit=True", "extension=Extension()", "class_=RoutingSession"],
)
def test_sessions_with_options_of_their_own_are_not(options, tmp_path):
    database = DATABASE.replace('shop")', f'shop"), {options}')
    assert codes(tmp_path, database, use=USE + ROUTE) == []
    imported = DATABASE.replace("maker = sessionmaker(", "from makers import maker\n    old = (")
    makers = f"from sqlalchemy.orm import sessionmaker\nmaker = sessionmaker({options})\n"
    assert codes(tmp_path, imported, use=USE + ROUTE, makers=makers) == []


@pytest.mark.parametrize(
    "text",
    [
        OF_TASK,
        OF_TASK + "    await Session.commit()\n    await Session.close()\n",
        LENT
        + '@router.get("/")\nasync def users(db=Depends(lent)):\n    return await db.scalar("1")\n',
    ],
)
def test_what_a_task_leaves_behind_is_told(text, tmp_path):
    assert codes(tmp_path, TASKS, use=USE_OF_TASKS + text) == ["SES204"]


@pytest.mark.parametrize(
    "text",
    [
        OF_TASK + "    await Session.remove()\n",
        '@router.get("/")\nasync def users():\n    await run(Session)\n',
        'async def users():\n    return await Session.scalar("select 1")\n',
    ],
)
def test_what_a_task_removes_is_not(text, tmp_path):
    assert codes(tmp_path, TASKS, use=USE_OF_TASKS + text) == []
