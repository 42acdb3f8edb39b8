"""What tests may put in the place of what opens a session, which no `with` may enter then."""

import pytest
from small_project import bytes_of, written

from sessionlint.check import Project, check_source
from sessionlint.facts.names import Names
from sessionlint.model import Safety
from sessionlint_rules import RULES

IMPORTS = """\
from sqlalchemy import create_engine, text
from sqlalchemy.orm import sessionmaker
from db import SessionLocal, engine, manager
"""
DB = """\
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker
engine = create_engine("sqlite://")
SessionLocal = sessionmaker(engine)
class Manager:
    def get_session(self):
        return SessionLocal()
manager = Manager()
"""
OWN = """\
class Store:
    def __init__(self, url):
        self.session_factory = sessionmaker(create_engine(url))
    def count(self):
        opened = self.session_factory()
"""
GIVEN = """\
class Store:
    def __init__(self, factory: sessionmaker):
        self.factory = factory
    def count(self):
        opened = self.factory()
"""
BY_ENGINE = "def count():\n        opened = engine.connect()\n"
BY_MAKER = "def count():\n        factory = sessionmaker(engine)\n        opened = factory()\n"
BY_OBJECT = "def count():\n        opened = manager.get_session()\n"
BY_PARAMETER = "def count(factory: sessionmaker):\n        opened = factory()\n"
WORK = """\
        try:
            return opened.execute(text("select 1")).scalar()
        finally:
            opened.close()
"""
MOCKED = "def test_it(mocker):\n    "


def reason(tmp_path, opening, test, name="tests/test_store.py") -> str | None:
    """Why the fix of a close by hand is unsafe, None where it is safe."""
    files = {"db.py": DB, "store.py": IMPORTS + opening + WORK, name: test}
    root = written(tmp_path, files | {"tests/__init__.py": ""})
    path = root / "store.py"
    found = check_source(path.read_bytes(), path, RULES, Project.open(root, bytes_of, Names()))
    [fix] = [one.fix for one in found if one.code == "SES101"]
    assert fix is not None
    return None if fix.safety is Safety.SAFE else fix.reason


@pytest.mark.parametrize(
    ("opening", "test", "name"),
    [
        (OWN, "thing.session_factory = Mock(return_value=made)", "session_factory"),
        (OWN, "self.thing.session_factory = lambda: made", "session_factory"),
        (BY_ENGINE, "mocker.patch('store.engine')", "engine"),
        (BY_ENGINE, "store.engine = Mock()", "engine"),
        (BY_MAKER, "mocker.patch('store.sessionmaker')", "sessionmaker"),
        (BY_OBJECT, "mocker.patch('store.manager')", "manager"),
        (BY_OBJECT, "mocker.patch.object(manager, 'get_session')", "get_session"),
        (BY_OBJECT, "mocker.patch('db.SessionLocal')", "SessionLocal"),
    ],
)
def test_what_a_test_replaces_is_not_entered_unasked(opening, test, name, tmp_path):
    told = reason(tmp_path, opening, f"{MOCKED}{test}\n")
    assert told == f"tests put something else in the place of `{name}`"


@pytest.mark.parametrize(
    ("opening", "test"),
    [
        (GIVEN, "assert Store(lambda: Mock()).count() == 5"),
        (GIVEN, "assert [one(fake_factory) for one in (store.Store,)]"),
        (BY_PARAMETER, "assert store.count(Mock()) == 5"),
    ],
)
def test_what_a_test_may_give_is_not_entered_unasked(opening, test, tmp_path):
    told = reason(tmp_path, opening, f"# Without a session.\n{MOCKED}{test}\n")
    assert told == "tests may put something else in the place of `factory`"


@pytest.mark.parametrize(
    ("opening", "test", "name"),
    [
        (OWN, "thing.session_factory = test_sessionmaker", "tests/test_store.py"),
        (OWN, "self.session_factory = Mock()", "tests/test_store.py"),
        (OWN, "thing.session_factory = given", "setup_store.py"),
        (BY_ENGINE, "mocker.patch('store.engine', test_engine)", "tests/test_store.py"),
        (BY_ENGINE, "mocker.patch('mail.engine')", "tests/test_mail.py"),
        (BY_MAKER, "factory = Mock()", "tests/test_store.py"),
        (BY_OBJECT, "mocker.patch('mail.manager')", "tests/test_mail.py"),
        (GIVEN, "assert Store(sessionmaker(engine)).count() == 5", "tests/test_store.py"),
        (GIVEN, "assert Shop(Mock()).count() == 5", "tests/test_shop.py"),
        (GIVEN, "Store(lambda: made)", "start.py"),
    ],
)
def test_what_stays_a_maker_is_entered(opening, test, name, tmp_path):
    files = {"tests/test_store.py": "", name: f"{MOCKED.replace('mocker', 'm')}{test}\n"}
    written(tmp_path, {"mail.py": "engine = manager = None\n", **files})
    assert reason(tmp_path, opening, files[name], name) is None


HEIR = "from store import Store\nclass Special(Store):\n"


@pytest.mark.parametrize(
    ("body", "is_other"),
    [
        ("    def session_factory(self):\n        return Thing()\n", True),
        ("    size = 5\n    session_factory = Thing\n", True),
        ("    def count(self):\n        return self.session_factory()\n", False),
        ("    pass\nclass Other:\n    def session_factory(self):\n        pass\n", False),
    ],
)
def test_what_an_heir_defines_anew_is_not_entered_unasked(body, is_other, tmp_path):
    told = reason(tmp_path, OWN, HEIR + body, "special.py")
    expected = "a class that inherits from this one has its own `session_factory`"
    assert told == (expected if is_other else None)
