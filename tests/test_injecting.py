"""What FastAPI gets from a lambda, before and behind the fix."""

import pytest
from fastapi.testclient import TestClient
from small_project import bytes_of, codes, written
from sqlalchemy.orm import Session

from sessionlint import fix_source
from sessionlint.check import Project, check_source
from sessionlint.facts.names import Names
from sessionlint_rules import RULES

LENDER = """\
def get_db():
    db = SessionLocal()
    try:
        yield db
    finally:
        db.close()
"""

SERVICE = f"""\
from fastapi import Depends, FastAPI
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import StaticPool

engine = create_engine(
    "sqlite://", poolclass=StaticPool, connect_args={{"check_same_thread": False}}
)
SessionLocal = sessionmaker(engine)
app = FastAPI()
log = []


{LENDER}

@app.get("/")
def one(db: Session = Depends(lambda: next(get_db()))):
    log.append("used")
    return db.scalar(text("select 1"))


@app.get("/fails")
def fails(db: Session = Depends(lambda: next(get_db()))):
    db.scalar(text("select 1"))
    log.append("used")
    raise ValueError
"""

TEST = """\
    from unittest.mock import patch

    from fastapi.testclient import TestClient
    from service import SessionLocal, app


    def fake():
        with SessionLocal() as db:
            yield db


    def test_one():
        with patch("service.get_db", fake):
            assert TestClient(app).get("/").json() == 1
"""


@pytest.fixture
def fixed(tmp_path):
    """What `--fix --unsafe-fixes` makes of a service."""

    def fix(text):
        path = written(tmp_path, {"service.py": text}) / "service.py"
        project = Project.open(tmp_path, bytes_of, Names())
        return fix_source(path.read_bytes(), path, RULES, project, lambda _: True).data.decode()

    return fix


@pytest.fixture
def log_of(monkeypatch):
    """What happens in a request that succeeds and one that fails."""
    close = Session.close

    def log(text):
        module = {}
        exec(compile(text, "service.py", "exec"), module)

        def closing(session):
            module["log"].append("closed")
            close(session)

        monkeypatch.setattr(Session, "close", closing)
        client = TestClient(module["app"], raise_server_exceptions=False)
        assert client.get("/").json() == 1
        assert client.get("/fails").status_code == 500
        return module["log"]

    return log


def test_fastapi_ends_what_it_drives_itself(fixed, log_of):
    after = fixed(SERVICE)
    assert "lambda" not in after
    assert log_of(SERVICE) == ["closed", "used", "closed", "used"]
    assert log_of(after) == ["used", "closed", "used", "closed"]


def test_a_dependency_that_tests_replace_is_told_of(tmp_path):
    path = written(tmp_path, {"service.py": SERVICE, "tests/test_one.py": TEST}) / "service.py"
    project = Project.open(tmp_path, bytes_of, Names())
    found = check_source(path.read_bytes(), path, RULES, project)
    told = [one.fix.reason for one in found if one.code == "SES107"]
    reason = "tests put something else in the place of `get_db`"
    assert [reason in one for one in told] == [True, True]


@pytest.mark.parametrize(
    ("part", "instead"),
    [
        ("next(get_db())", "next(get_db('main'))"),
        ("lambda: next(get_db())", "(  # for now\n    lambda: next(get_db()))"),
        ("def get_db():", "def get_db(tenant: str = 'main'):"),
        (LENDER, "def get_db():\n    with SessionLocal() as db, db.begin():\n        yield db\n"),
        (LENDER, ""),
    ],
)
def test_others_keep_their_lambda(fixed, part, instead):
    text = SERVICE.replace(part, instead) + ("" if instead else LENDER)
    assert part in SERVICE
    assert codes(text).count("SES107") == 2
    assert fixed(text).count("lambda") == 2
