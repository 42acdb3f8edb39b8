"""One file's imports followed by bytes, instead of reading its whole project."""

from pathlib import Path

import pytest
from small_project import bytes_of, written

from sessionlint.facts.files import Files
from sessionlint.facts.names import Names
from sessionlint.facts.places import Places
from sessionlint.facts.producers import Producers
from sessionlint.source.imports import imports

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
    return producers.is_candidate(text.encode(), folder / "app" / "use.py"), len(read)


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
    ],
)
def test_a_file_that_may_get_something_is_a_candidate(text, tmp_path):
    assert judged(text, tmp_path)[0]


@pytest.mark.parametrize(
    ("text", "items", "modules", "stars"),
    [
        (b"from a.b import c, d as e\n", {b"c": ("a.b", b"c"), b"e": ("a.b", b"d")}, {}, []),
        (b"from . import (\n    c,  # x, y\n    d,\n)\n", {b"c": (".", b"c"), b"d": (".", b"d")}, {}, []),
        (b"from a import b, \\\n    c\n", {b"b": ("a", b"b"), b"c": ("a", b"c")}, {}, []),
        (b"import a.b, c as d\n", {}, {b"a": "a.b", b"d": "c"}, []),
        (b"    from a import *\n", {}, {}, ["a"]),
    ],
)  # fmt: skip
def test_imports_are_read_from_bytes(text, items, modules, stars):
    found = imports(text)
    assert (found.items, found.modules, found.stars) == (items, modules, stars)
