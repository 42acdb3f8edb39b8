"""One file's imports followed by bytes, instead of reading its whole project."""

from pathlib import Path

import pytest
from small_project import START, USE, bytes_of, written

from sessionlint.check import Project, check_source
from sessionlint.facts.files import Files
from sessionlint.facts.names import Names
from sessionlint.facts.places import Places
from sessionlint.facts.producers import PATIENCE, Producers
from sessionlint.source.imports import imports
from sessionlint_rules import RULES

DB = "from sqlalchemy.orm import sessionmaker\nopener = sessionmaker()\n"
FILES = {
    "app/__init__.py": "",
    "app/db.py": DB,
    "app/deps.py": "from .db import opener\n",
    "app/plain.py": "def opener():\n    return 1\n",
    "app/star.py": "from app.db import *\n",
    "app/pool.py": "import requests\n\ndef opener():\n    return requests.Session()\n",
    **{f"app/other{number}.py": "engine = 1\n" for number in range(20)},
}


def judged(text: str, folder: Path) -> tuple[bool, int]:
    """Whether a text in `app` is a candidate, and how many files were read to say so."""
    read: list[str] = []

    def reading(name: str) -> bytes | None:
        read.append(name)
        return bytes_of(Path(name))

    files = Files(written(folder, FILES), reading)
    producers = Producers(files, Names(), Places(files))
    path = str(folder / "app" / "use.py")
    return producers.is_candidate(text.encode(), path), len(read)


@pytest.mark.parametrize(
    "text",
    [
        "def add(a, b):\n    return len(a) + b\n",
        "from app.plain import opener\nx = opener()\n",
        "from app.pool import opener\nx = opener()\n",
        "import requests\nx = requests.get_connection()\n",
        "from elsewhere import opener\nx = opener()\n",
    ],
)
def test_a_file_that_can_get_nothing_costs_few_others(text, tmp_path):
    is_candidate, read = judged(text, tmp_path)
    assert not is_candidate
    assert read <= 2


@pytest.mark.parametrize(
    "text",
    [
        "from app.db import opener\nx = opener()\n",
        "from .deps import opener\nx = opener()\n",
        "from . import db\nfrom .deps import (\n    opener as other,  # ours\n)\nx = other()\n",
        "from app.star import opener\nx = opener()\n",
        "from app.star import *\nx = opener()\n",
        "from app.db import opener\nother = opener\nx = other()\n",
        "from app.db import opener\nother = opener  # ours\nx = other()\n",
        "from app.db import opener\nother = None or opener\nx = other()\n",
        "from app import db\nother = db.opener\nx = other()\n",
        "from . import db as store\nother = store.opener\nx = other()\n",
        "from .. import app\nother = app.db.opener\nx = other()\n",
        "import app.db\nother = app.db.opener\nx = other()\n",
        "import app.deps as deps\nother = deps.opener\nx = other()\n",
        "from app.db import opener\nother = opener\nanother = other\nx = another()\n",
        "from sqlalchemy.orm import Session\nother = Session\nx = other()\n",
        "import sqlalchemy as sa\nother = sa.orm.Session\nx = other()\n",
        "import psycopg2\ndef f():\n    other = psycopg2.connect\n    x = other()\n",
    ],
)
def test_a_file_that_may_get_something_is_a_candidate(text, tmp_path):
    assert judged(text, tmp_path)[0]


@pytest.mark.parametrize(
    "text",
    [
        "from app import plain\nother = plain.opener\nx = other()\n",
        "import requests\nother = requests.opener\nx = other()\n",
        "other = None\nthing = other.opener\nx = thing()\n",
        "import requests\nother = requests.Session\nx = other()\n",
    ],
)
def test_another_name_for_what_gives_nothing_is_none(text, tmp_path):
    assert not judged(text, tmp_path)[0]


class Large:
    """A project with more files than are read for one of them; it counts what is read of those."""

    def __init__(self, folder: Path) -> None:
        others = {f"rest/m{number}.py": "engine = 1\n" for number in range(1_100)}
        self.folder = written(folder, {"store.py": START + OPENER, **others})
        self.read: set[Path] = set()
        self.project = Project.open(folder, self._bytes_of, Names())

    def _bytes_of(self, path: Path) -> bytes | None:
        self.read.add(path)
        return bytes_of(path)

    def found(self, text: str, name: str = "use.py") -> list[int]:
        """The lines of what is found in a text that stands at the top."""
        path = self.folder / name
        return [one.span.line for one in check_source(text.encode(), path, RULES, self.project)]


OPENER = "def opener():\n    return Session(engine)\n"


MANAGED = USE.replace("it = opener()\n    return", "with opener() as it:\n        return")


def test_one_file_of_a_large_project_is_checked_without_reading_all_of_it(tmp_path):
    large = Large(tmp_path)
    assert large.found(USE) == [5]
    assert large.found(MANAGED) == []
    assert len(large.read) <= 3


def test_so_is_one_that_derives_from_a_session_of_the_project(tmp_path):
    large = Large(tmp_path)
    written(tmp_path, {"store.py": START + "class BaseSession(Session):\n    pass\n"})
    text = "from store import BaseSession\n\nclass Thing(BaseSession):\n    pass\n\ndef f(e):\n    s = Thing(e)\n    s.query(1)\n"
    assert large.found(text) == [7]


def test_so_is_one_that_only_opens_what_a_library_gives(tmp_path):
    large = Large(tmp_path)
    text = (
        START + "from store import opener\n\ndef count(query):\n    opener.it = Session(engine)\n"
    )
    assert large.found(text) == []
    assert len(large.read) <= 3


def test_for_many_files_of_a_large_project_its_names_are_read(tmp_path):
    large = Large(tmp_path)
    for number in range(PATIENCE + 1):
        assert large.found(USE, f"use{number}.py") == [5]
    assert len(large.read) > 1_100


def test_files_that_call_nothing_by_hand_use_up_no_patience(tmp_path):
    large = Large(tmp_path)
    for number in range(PATIENCE + 1):
        assert large.found(MANAGED, f"use{number}.py") == []
    assert len(large.read) <= 3


@pytest.mark.parametrize(
    ("text", "items", "modules", "stars"),
    [
        (b"from a.b import c, d as e\n", {b"c": [("a.b", b"c")], b"e": [("a.b", b"d")]}, {}, []),
        (b"from . import (\n    c,  # x, y\n    d,\n)\n", {b"c": [(".", b"c")], b"d": [(".", b"d")]}, {}, []),
        (b"from a import b, \\\n    c\n", {b"b": [("a", b"b")], b"c": [("a", b"c")]}, {}, []),
        (b"from a import b\nfrom c import b\n", {b"b": [("a", b"b"), ("c", b"b")]}, {}, []),
        (b"import a.b, c as d\n", {}, {b"a": "a.b", b"d": "c"}, []),
        (b"    from a import *\n", {}, {}, ["a"]),
    ],
)  # fmt: skip
def test_imports_are_read_from_bytes(text, items, modules, stars):
    found = imports(text)
    assert (found.items, found.modules, found.stars) == (items, modules, stars)
