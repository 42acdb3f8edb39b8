"""Names that the configuration vouches for, however they are imported."""

import pytest
from small_project import codes, found_in, written

from sessionlint.facts.names import Names

DB = """\
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker

maker = sessionmaker(bind=create_engine("sqlite://"))
"""

USE = "{0}\n\n\ndef count(query):\n    it = {1}\n    return it.execute(query)\n"

BORROW = "def f(query):\n    it = lend()\n    it.execute(query)\n"


@pytest.mark.parametrize("name", ["lend", "app.db.lend"])
def test_a_configured_factory_gives_a_session(name):
    text = "from app.db import lend\n" + BORROW
    assert codes(text, Names(factories=frozenset({name}))) == ["SES102"]


def test_without_configuration_the_same_is_silent():
    assert codes("from app.db import lend\n" + BORROW) == []


def test_a_configured_manager_gives_nothing_to_close():
    text = "from app.db import get_session\ndef f():\n    session = get_session()\n    session.commit()\n"
    assert codes(text) == ["SES102"]
    assert codes(text, Names(managers=frozenset({"app.db.get_session"}))) == []


GIVING = {
    "a name": ("from app.db import give", "give(it)"),
    "another name": ("from app.db import give as other", "other(it)"),
    "the module": ("import app.db", "app.db.give(it)"),
    "the module by another name": ("from app import db", "db.give(it)"),
}


@pytest.mark.parametrize("way", GIVING)
def test_without_configuration_what_is_lent_is_never_closed(way):
    imports, call = GIVING[way]
    assert codes(f"{DB}{imports}\n\ndef f():\n    it = maker()\n    {call}\n") == ["SES102"]


@pytest.mark.parametrize("way", GIVING)
@pytest.mark.parametrize(
    "names",
    [Names(closers=frozenset({"app.db.give"})), Names(owners=frozenset({"app.db.give"}))],
    ids=["closer", "owner"],
)
def test_a_configured_name_is_known_when_imported_as(way, names):
    imports, call = GIVING[way]
    assert codes(f"{DB}{imports}\n\ndef f():\n    it = maker()\n    {call}\n", names) == []


@pytest.mark.parametrize("name", ["give", "app.db.give"])
def test_a_configured_closer_of_the_project_closes(name, tmp_path):
    files = {
        "app/__init__.py": "",
        "app/db.py": DB + "\ndef give(it, pool=None):\n    pool.take(it)\n",
        "use.py": "from app.db import give, maker\n\ndef f():\n    it = maker()\n    give(it)\n",
    }
    names = Names(closers=frozenset({name}))
    assert found_in(written(tmp_path, files), names=names) == {}


@pytest.mark.parametrize("name", ["lend", "app.db.lend"])
def test_a_configured_factory_of_the_project_gives_a_session(name, tmp_path):
    files = {
        "app/__init__.py": "",
        "app/db.py": "def lend(pool=None):\n    return pool.take()\n",
        "use.py": USE.format("from app.db import lend", "lend()"),
    }
    names = Names(factories=frozenset({name}))
    assert found_in(written(tmp_path, files), names=names) == {"use.py": [(5, "SES102")]}


@pytest.mark.parametrize(
    "db",
    ["from app.inner import lend\n", "from .inner import lend as lend\n", "lend = POOL.take\n"],
)
@pytest.mark.parametrize("imports", ["from app.db import lend", "from app.db import lend as fresh"])
def test_a_configured_factory_may_be_defined_elsewhere(db, imports, tmp_path):
    files = {
        "app/__init__.py": "",
        "app/db.py": db,
        "app/inner.py": "def lend(pool=None):\n    return pool.take()\n",
        "use.py": USE.format(imports, f"{imports.split()[-1]}()"),
    }
    names = Names(factories=frozenset({"app.db.lend"}))
    folder = written(tmp_path, files)
    found = {"use.py": [(5, "SES102")]}
    assert found_in(folder, names=names) == found_in(folder, "full", names=names) == found


def test_a_module_of_somebody_else_is_not_the_configured_one(tmp_path):
    files = {"use.py": USE.format("from db import lend", "lend()")}
    names = Names(factories=frozenset({"app.db.lend"}))
    assert found_in(written(tmp_path, files), names=names) == {}


def test_a_shield_of_somebody_else_is_not_that_of_asyncio(tmp_path):
    use = """\
        from sqlalchemy.ext.asyncio import AsyncSession
        from tasks import shield


        async def use(db: AsyncSession):
            try:
                await db.execute("x")
            finally:
                await shield(db.close())
    """
    assert found_in(written(tmp_path, {"use.py": use})) == {}


@pytest.mark.parametrize("imports", ["from app.db import lend as fresh", "import app.db as fresh"])
def test_a_configured_factory_is_known_by_another_name(imports):
    call = "fresh()" if imports.endswith("lend as fresh") else "fresh.lend()"
    names = Names(factories=frozenset({"app.db.lend"}))
    assert codes(USE.format(imports, call), names) == ["SES102"]
