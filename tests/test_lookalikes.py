"""Imports, classes and attributes by bytes: in odd places, and beside what only looks like them."""

import pytest
from small_project import found_in, written

START = """\
from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

engine = create_engine("sqlite://")
"""
GIVING = START + "\n\ndef opener():\n    return Session(engine)\n"
USE = """\
from store import opener


def count(query):
    it = opener()
    return it.execute(query)
"""


@pytest.mark.parametrize(
    "lines",
    [
        "x = 1; from store import opener",
        "if x: from store import opener",
        "try: from store import opener\nexcept ImportError: opener = None",
        "from store import opener\n# was: from vendor import opener",
        "from store import opener\n# from vendor import opener",
        "# from vendor import (\nfrom store import (\n    opener,\n)",
        "from store import opener\ntext = '''\nAn example: from vendor import opener\n'''",
    ],
)
def test_an_import_is_read_behind_something_and_beside_what_looks_like_one(lines, tmp_path):
    use = USE.replace("from store import opener", lines)
    folder = written(tmp_path, {"store.py": GIVING, "use.py": use})
    found = found_in(folder).get("use.py")
    assert found == found_in(folder, "full").get("use.py")
    assert found


def test_what_only_looks_like_a_class_hides_none(tmp_path):
    store = START + "# class Mine(\nclass Mine(Session):\n    pass\n"
    use = (
        "from store import Mine, engine\n\n\ndef load():\n    it = Mine(engine)\n    it.commit()\n"
    )
    folder = written(tmp_path, {"store.py": store, "use.py": use})
    assert found_in(folder) == found_in(folder, "full") == {"use.py": [(5, "SES102")]}


@pytest.mark.parametrize("engine", ["fast", "full"])
@pytest.mark.parametrize(
    ("other", "expected"), [("", {"use.py": [(2, "SES102")]}), ("    db_factory = pooled\n", {})]
)
def test_an_attribute_is_what_every_class_says(engine, other, expected, tmp_path):
    files = {
        "store.py": START + "class Store:\n    db_factory = sessionmaker(engine)\n",
        "other.py": f"from vendor import pooled\n\n\nclass Other:\n    x = 1\n{other}",
        "use.py": "def load(store):\n    it = store.db_factory()\n    it.commit()\n",
    }
    assert found_in(written(tmp_path, files), engine) == expected


@pytest.mark.parametrize("engine", ["fast", "full"])
@pytest.mark.parametrize(
    "base", ["class Mine(Session):\n    pass\n", "class Mine(Base, Session):\n    pass\n"]
)
def test_a_class_of_a_module_that_calls_nothing_is_followed(base, engine, tmp_path):
    files = {
        "base.py": f"from sqlalchemy.orm import Session\n\n\n{base}",
        "use.py": "from base import Mine\n\n\ndef load(engine):\n    it = Mine(engine)\n    it.commit()\n",
    }
    assert found_in(written(tmp_path, files), engine) == {"use.py": [(5, "SES102")]}
