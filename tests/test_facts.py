"""What names stand for, followed through aliases, classes and modules."""

import pytest
from small_project import codes, found_in, written
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import Session, scoped_session
from sqlalchemy.pool import PoolProxiedConnection

from sessionlint.facts.conventions import OTHERS_CALLS

DB = """\
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, sessionmaker

engine = create_engine("sqlite://")
maker = sessionmaker(bind=engine)


def opened():
    return maker()
"""


def use(imports: str, call: str) -> str:
    """A module that opens something by that call in line 5 at the earliest, and never closes it."""
    return f"{imports}\n\n\ndef count(query):\n    it = {call}\n    return it.execute(query)\n"


def found(tmp_path, files: dict[str, str]) -> dict[str, list[str]]:
    """The codes found in each file of a project."""
    places = found_in(written(tmp_path, files), "full")
    return {name: [code for _, code in found] for name, found in places.items()}


@pytest.mark.parametrize(
    ("imports", "call"),
    [
        ("from sqlalchemy.orm import Session", "Session(engine)"),
        ("from sqlalchemy.orm import Session as S", "S(engine)"),
        ("import sqlalchemy.orm", "sqlalchemy.orm.Session(engine)"),
        ("import sqlalchemy.orm as orm", "orm.Session(engine)"),
        ("from sqlalchemy import orm", "orm.Session(engine)"),
        ("from sqlalchemy import orm as o", "o.Session(engine)"),
        ("import sqlalchemy as sa", "sa.orm.Session(engine)"),
        ("from sqlalchemy.orm.session import Session", "Session(engine)"),
        ("from sqlalchemy.orm import *", "Session(engine)"),
        ("from sqlmodel import Session", "Session(engine)"),
        ("import sqlmodel", "sqlmodel.Session(engine)"),
        ("from sqlalchemy.ext.asyncio import AsyncSession", "AsyncSession(engine)"),
        ("from sqlmodel.ext.asyncio.session import AsyncSession", "AsyncSession(engine)"),
        ("from sqlalchemy.orm import Session\nS = Session", "S(engine)"),
        ("import psycopg2 as pg", "pg.connect('')"),
        ("from sqlalchemy import create_engine\ne = create_engine('')", "e.connect()"),
        ("from sqlalchemy import create_engine\ne = create_engine('')", "e.raw_connection()"),
        ("from sqlalchemy.orm import sessionmaker", "sessionmaker(bind=engine)()"),
    ],
)
def test_a_library_is_known_by_any_name(imports, call):
    assert codes(use(imports, call)) == ["SES102"]


@pytest.mark.parametrize(
    ("imports", "call"),
    [
        ("import requests", "requests.Session()"),
        ("from requests import Session", "Session()"),
        ("from aiohttp import ClientSession", "ClientSession()"),
        ("import aiohttp", "aiohttp.ClientSession()"),
        ("import boto3", "boto3.Session()"),
        ("from boto3.session import Session", "Session()"),
        ("from tensorflow.compat.v1 import Session", "Session()"),
        ("import sqlite3", "sqlite3.connect('x')"),
        ("class Session: pass", "Session()"),
        ("def Session(): return object()", "Session()"),
        ("from sqlalchemy.orm import Session\nSession = dict", "Session()"),
    ],
)
def test_other_things_of_that_name_are_silent(imports, call):
    assert codes(use(imports, call)) == []


@pytest.mark.parametrize(
    "of",
    [Session, scoped_session, AsyncSession, Connection, AsyncConnection, PoolProxiedConnection],
)
def test_nothing_of_sqlalchemy_has_what_tells_of_another_library(of):
    assert OTHERS_CALLS.isdisjoint(dir(of))


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("Session(op.get_bind())", []),
        ("Session(bind=given)", []),
        ("Session(conn)", []),
        ("Session(bind)", []),
        ("Session(engine)", ["SES102"]),
        ("Session(other)", ["SES102"]),
        ("maker(bind=given)", []),
        ("maker(bind=conn)", []),
        ("maker(bind=engine)", ["SES102"]),
        ("maker(info={})", ["SES102"]),
        ("sessionmaker(bind=given)()", []),
        ("sessionmaker(conn)()", []),
        ("sessionmaker(given)(bind=engine)", ["SES102"]),
        ("sessionmaker(bind=bind)()", ["SES102"]),
    ],
)
def test_a_session_of_somebodys_connection_takes_none(call, expected):
    text = f"""\
from alembic import op
from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

engine = create_engine("sqlite://")
maker = sessionmaker(engine)
given = op.get_bind()


def count(query, conn, bind, other):
    it = {call}
    return it.execute(query)
"""
    assert codes(text) == expected


IMPORTS = {
    "a name": ("from db import maker", "maker()"),
    "another name for it": ("from db import maker as make", "make()"),
    "the module": ("import db", "db.maker()"),
    "the module by another name": ("import db as store", "store.maker()"),
    "a star": ("from db import *", "maker()"),
    "a function": ("from db import opened", "opened()"),
    "an engine": ("from db import engine", "engine.connect()"),
    "a class that db imports": ("from db import Session, engine", "Session(engine)"),
}


@pytest.mark.parametrize("way", IMPORTS)
def test_follows_an_import_of(way, tmp_path):
    imports, call = IMPORTS[way]
    assert found(tmp_path, {"db.py": DB, "use.py": use(imports, call)}) == {"use.py": ["SES102"]}


def test_follows_stars_in_a_circle(tmp_path):
    files = {
        "one.py": "from two import *\n",
        "two.py": "from one import *\nfrom db import *\n",
        "db.py": DB,
        "use.py": use("from one import maker, missing", "maker()"),
    }
    assert found(tmp_path, files) == {"use.py": ["SES102"]}


def test_follows_an_import_inside_a_function(tmp_path):
    text = "def count(query):\n    from db import maker\n    it = maker()\n    it.execute(query)\n"
    assert found(tmp_path, {"db.py": DB, "use.py": text}) == {"use.py": ["SES102"]}


RELATIVE = {
    "a sibling": "from .db import maker",
    "the package": "from . import maker",
    "a module of the package": "from . import db\nmaker = db.maker",
    "the package above": "from ..shop.db import maker",
    "the full name": "from shop.db import maker",
    "a re-export": "from shop import maker",
}


@pytest.mark.parametrize("way", RELATIVE)
def test_follows_an_import_in_a_package_of(way, tmp_path):
    files = {
        "pyproject.toml": "",
        "shop/__init__.py": "from .db import maker\n",
        "shop/db.py": DB,
        "shop/use.py": use(RELATIVE[way], "maker()"),
    }
    if way == "the package above":
        files = {f"top/{name}": text for name, text in files.items()} | {"top/__init__.py": ""}
    (places,) = found(tmp_path, files).values()
    assert places == ["SES102"]


@pytest.mark.parametrize("marker", ["__init__.py", "README.py"])
def test_all_of_a_project_may_be_one_package(marker, tmp_path):
    files = {
        "pyproject.toml": "",
        marker: "",
        "db.py": DB,
        "jobs/__init__.py": "",
        "jobs/use.py": use("from shop.db import maker", "maker()"),
        "jobs/other.py": use("from store.db import maker", "maker()"),
    }
    assert found(tmp_path / "shop", files) == {"jobs/use.py": ["SES102"]}


def test_a_project_that_is_called_like_a_library_holds_none_of_it(tmp_path):
    """Nor what lies beside it: `shop.py` is no file of the project."""
    files = {
        "pyproject.toml": "",
        "use.py": use("from shop import maker", "maker()"),
        "other.py": use("from shop.client import maker", "maker()"),
    }
    (tmp_path / "shop.py").write_text(DB)
    assert found(tmp_path / "shop", files) == {}


def test_follows_an_import_from_a_package_by_its_namespaces(tmp_path):
    files = {
        "pyproject.toml": "",
        "api/__init__.py": "",
        "api/store/db/db.py": DB,
        "api/store/jobs/use.py": use("from store.db.db import maker", "maker()"),
    }
    assert found(tmp_path, files) == {"api/store/jobs/use.py": ["SES102"]}


def test_follows_re_exports_through_packages(tmp_path):
    files = {
        "app/__init__.py": "from .store import *\n",
        "app/store/__init__.py": "from .inner.db import maker as made\n",
        "app/store/inner/__init__.py": "",
        "app/store/inner/db.py": DB,
        "use.py": use("import app", "app.made()"),
    }
    assert found(tmp_path, files) == {"use.py": ["SES102"]}


@pytest.mark.parametrize(("marker", "expected"), [("__init__.py", []), ("other.py", ["SES102"])])
def test_a_package_is_found_before_a_module_of_its_name(marker, expected, tmp_path):
    """As Python does; a folder without that file is none where there is a module."""
    files = {"db.py": DB, f"db/{marker}": "maker = dict\n"}
    files["use.py"] = use("from db import maker", "maker()")
    assert found(tmp_path, files).get("use.py", []) == expected


def test_follows_an_import_from_a_src_folder(tmp_path):
    files = {"src/db.py": DB, "tests/use.py": use("from db import maker", "maker()")}
    assert found(tmp_path, files) == {"tests/use.py": ["SES102"]}


def test_modules_that_import_each_other_are_no_trouble(tmp_path):
    files = {
        "a.py": "from b import maker, second\n\n\ndef first():\n    return second()\n",
        "b.py": f"from a import first\n{DB}\n\ndef second():\n    return first()\n",
        "use.py": use("from a import first, maker", "maker()"),
        "other.py": use("from a import first", "first()"),
    }
    assert found(tmp_path, files) == {"use.py": ["SES102"]}


def test_a_base_class_in_another_package_gives_its_methods(tmp_path):
    files = {
        "base/__init__.py": "",
        "base/dao.py": "from db import maker\n\nclass Dao:\n    def session(self):\n        return maker()\n",
        "app/__init__.py": "",
        "app/users.py": (
            "from base.dao import Dao\n\nclass Users(Dao):\n    def count(self, query):\n"
            "        it = self.session()\n        return it.execute(query)\n"
        ),
        "db.py": DB,
    }
    assert found(tmp_path, files) == {"app/users.py": ["SES102"]}


def test_two_classes_of_one_name_are_told_apart_by_their_import(tmp_path):
    files = {
        "chat.py": "class Session:\n    def execute(self, line): ...\n",
        "db.py": DB,
        "first.py": use("from chat import Session", "Session()"),
        "second.py": use("from sqlalchemy.orm import Session\nfrom db import engine", "Session(engine)"),
    }  # fmt: skip
    assert found(tmp_path, files) == {"second.py": ["SES102"]}


OWNER = "class Manager:\n    def __init__(self, maker):\n        self.session_maker = {0}\n"


def test_an_attribute_of_an_unknown_object_is_known_by_its_name(tmp_path):
    files = {
        "db.py": DB + OWNER.format("sessionmaker(bind=engine)"),
        "use.py": use("", "query.manager.session_maker()"),
    }
    assert found(tmp_path, files) == {"use.py": ["SES102"]}


def test_an_attribute_that_is_two_things_is_unknown(tmp_path):
    files = {
        "db.py": DB + OWNER.format("sessionmaker(bind=engine)"),
        "web.py": "import requests\n" + OWNER.format("requests.Session"),
        "use.py": "def count(query):\n    it = query.session_maker()\n    return it.get(1)\n",
    }
    assert found(tmp_path, files) == {}


RETURNS = {
    "in two steps": "def opener():\n    it = maker()\n    return it\n",
    "through another function": "def opener():\n    return opened()\n",
    "as a maker that is called": "def build():\n    return maker\n\nopener = build()\n",
    "in a tuple": "def pair():\n    return 1, maker\n\n_, opener = pair()\n",
    "in a tuple by a variable": "pair = (1, maker)\n_, opener = pair\n",
    "or None": "def opener():\n    if engine:\n        return maker()\n    return None\n",
}


@pytest.mark.parametrize("way", RETURNS)
def test_follows_what_a_function_returns(way):
    assert codes(DB + RETURNS[way] + use("", "opener()")) == ["SES102"]


LENT = {
    "a parameter with a type": "def f(db: Session):\n    it = db\n    it.flush()\n",
    "a dependency": "def f(db: Session = Depends(opened)):\n    it = db\n    it.flush()\n",
    "an annotated dependency": (
        "Db = Annotated[AsyncSession, Depends(opened)]\n"
        "async def f(db: Db):\n    it = db\n    await it.flush()\n"
    ),
    "a with block": "def f():\n    with maker() as db:\n        it = db\n        it.flush()\n",
    "a property": (
        "class A:\n    @property\n    def db(self):\n        return self._db\n"
        "    def f(self):\n        it = self.db\n        it.flush()\n"
    ),
}


@pytest.mark.parametrize("way", LENT)
def test_nobody_has_to_close_what_is_lent_by(way):
    imports = "from typing import Annotated\nfrom fastapi import Depends\n"
    assert codes(imports + DB + LENT[way]) == []


def test_an_annotated_factory_is_a_factory():
    text = DB + "def f(make: sessionmaker[Session]):\n    it = make()\n    it.flush()\n"
    assert codes(text) == ["SES102"]


def test_an_annotated_engine_gives_connections():
    text = (
        "from sqlalchemy import Engine\ndef f(e: Engine):\n    it = e.connect()\n    it.begin()\n"
    )
    assert codes(text) == ["SES102"]
