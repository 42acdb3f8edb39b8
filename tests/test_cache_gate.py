"""What is kept of a project as a whole: after a change, files of no interest are not even read."""

import json
import os
from functools import partial
from pathlib import Path
from time import time
from types import SimpleNamespace
from typing import cast

import pytest
from small_project import START, USE, written

from sessionlint import project
from sessionlint.cache.folder import Folder
from sessionlint.cache.stamps import Stamps
from sessionlint.cache.store import Cache
from sessionlint.config import Configuration
from sessionlint.discover import python_files
from sessionlint.project import Options, rule_names
from sessionlint.sweep import Means, swept
from sessionlint_rules import RULES

STORE = START + "def opener():\n    return Session(engine)\n"
MANAGED = USE.replace("it = opener()\n    return", "with opener() as it:\n        return")
PASSED_ON = "from store import opener as z\ndef g():\n    return z()\ndef f():\n    s = g()\n    s.execute(1)\n"
PLAIN = {f"plain{number}.py": "engine = 1\n" for number in range(12)}
FILES = {
    "pyproject.toml": "",
    "store.py": STORE,
    "use.py": USE,
    "managed.py": MANAGED,
    **PLAIN,
}


class Shop:
    """A project that is checked again and again with a cache."""

    def __init__(self, folder: Path, files: dict[str, str]) -> None:
        self.folder = written(folder, files)
        self.read: list[str] = []
        self.told: list[str] = []

    def found(self, *names: str, engine: str = "fast") -> list[str]:
        """File, line and code of what is found, as without a cache; `read` has what was read."""
        expected = self._found(names, Means(), engine)
        self.read.clear()
        cache = partial(Cache, self.folder / ".sessionlint_cache", "key", self.told.append, time())
        assert self._found(names, Means(1, cache), engine) == expected
        return expected

    def _found(self, names: tuple[str, ...], means: Means, engine: str) -> list[str]:
        configuration = Configuration(lambda: rule_names(RULES))
        files = python_files([self.folder / name for name in names or ("",)], configuration)
        options = Options(engine=engine)
        return [
            f"{Path(path).name}:{one.span.line} {one.code}"
            for path, found in swept(files, lambda: RULES, configuration, options, means)
            for one in found
        ]


@pytest.fixture
def shop(tmp_path, monkeypatch) -> Shop:
    """A project whose files count as written long ago."""
    monkeypatch.setattr("sessionlint.cache.stamps.TICK", -3600)
    shop = Shop(tmp_path / "shop", FILES)
    bytes_of = project.bytes_of

    def reading(path: Path | str) -> bytes:
        shop.read.append(Path(path).name)
        return bytes_of(path)

    monkeypatch.setattr(project, "bytes_of", reading)
    return shop


def change(shop: Shop, name: str, text: str) -> None:
    (shop.folder / name).write_text(text)


def test_nothing_is_read_but_what_has_changed_and_what_findings_rest_on(shop):
    assert shop.found() == ["use.py:5 SES102"]
    change(shop, "plain3.py", "engine = 12\n")
    assert shop.found() == ["use.py:5 SES102"]
    assert {*shop.read} == {"plain3.py", "store.py", "use.py", "pyproject.toml"}


def test_a_run_in_which_nothing_has_changed_reads_nothing(shop):
    shop.found()
    shop.found()
    assert shop.read == []


def test_a_file_that_comes_to_acquire_something_is_found(shop):
    shop.found()
    change(shop, "plain3.py", USE)
    assert shop.found() == ["plain3.py:5 SES102", "use.py:5 SES102"]
    change(shop, "plain3.py", MANAGED)
    assert shop.found() == ["use.py:5 SES102"]


def test_a_new_file_is_looked_at(shop):
    shop.found()
    change(shop, "more.py", USE)
    assert shop.found() == ["more.py:5 SES102", "use.py:5 SES102"]


def test_a_name_that_a_changed_file_gives_is_news_to_all(shop):
    use = USE.replace("opener", "taker")
    change(shop, "other.py", use)
    assert shop.found() == ["use.py:5 SES102"]
    change(shop, "store.py", STORE + "\n\ndef taker():\n    return Session(engine)\n")
    assert shop.found() == ["other.py:5 SES102", "use.py:5 SES102"]


def test_a_name_that_was_given_elsewhere_counts_when_it_comes_from_there(shop):
    """No name of the project is new then: what the neighbours hold is."""
    change(shop, "between.py", "def opener():\n    return 1\n")
    change(shop, "other.py", USE.replace("store", "between"))
    assert shop.found() == ["use.py:5 SES102"]
    change(shop, "between.py", "from store import opener\n")
    assert shop.found() == ["other.py:5 SES102", "use.py:5 SES102"]


def test_what_was_said_without_the_names_rests_on_the_neighbours(shop):
    change(shop, "between.py", "def opener():\n    return 1\n")
    change(shop, "other.py", USE.replace("store", "between"))
    assert shop.found("other.py", "use.py") == ["use.py:5 SES102"]
    change(shop, "between.py", "from store import opener\n")
    assert shop.found() == ["other.py:5 SES102", "use.py:5 SES102"]


def test_a_project_without_a_module_is_remembered_like_others(shop):
    for path in shop.folder.glob("*.py"):
        path.unlink()
    lines = "from vendor import opener\ndef f(x):\n    s = x.open_session()\n    s.query(1)\n"
    cell = {"cell_type": "code", "source": lines, "metadata": {}, "outputs": []}
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    for number in range(12):
        change(shop, f"n{number}.ipynb", json.dumps(notebook))
    assert len(shop.found()) == 12
    change(shop, "n3.ipynb", json.dumps({**notebook, "cells": []}))
    assert len(shop.found()) == 11
    assert shop.told == []


def test_a_name_that_goes_is_forgotten(shop):
    change(shop, "other.py", f"{PASSED_ON}# session\n")
    assert shop.found() == ["other.py:5 SES102", "use.py:5 SES102"]
    change(shop, "other.py", PASSED_ON)
    shop.found()
    change(shop, "more.py", "from store import opener\ndef g():\n    return opener()\n")
    shop.found()
    (shop.folder / "more.py").unlink()
    shop.found()


@pytest.mark.parametrize("word", ["open", "open_session"])
def test_a_chain_that_becomes_shorter_is_followed_further(shop, word):
    body = "from f{0} import {2}{0}\ndef {2}{1}():\n    return {2}{0}()  # session\n"
    change(shop, "f0.py", START + f"{word}0 = sessionmaker(bind=engine)\n")
    for number in range(1, 7):
        change(shop, f"f{number}.py", body.format(number - 1, number, word))
    use = f"from f6 import {word}6\ndef f():\n    s = {word}6()\n    s.execute(1)\n"
    change(shop, "last.py", use)
    shop.found()
    change(shop, "f3.py", START + f"def {word}3():\n    return Session(engine)\n")
    assert shop.found() == ["last.py:3 SES102", "use.py:5 SES102"]
    change(shop, "f3.py", body.format(2, 3, word))
    shop.found()


def test_what_was_searched_for_once_is_searched_again(shop):
    lent = "class Pool:\n    def get_session(self):\n        return self._session\n"
    lent += "    def __init__(self, engine):\n        self._session = Session(engine)\n"
    use = "def f(x):\n    s = x.get_session()\n    s.query(1)\n"
    change(shop, "lib.py", START + lent)
    change(shop, "other.py", use)
    assert shop.found() == ["use.py:5 SES102"]
    change(shop, "other.py", "x = 1\n")
    shop.found()
    change(shop, "lib.py", "session = 1\n")
    shop.found()
    change(shop, "other.py", use)
    assert shop.found() == ["other.py:2 SES102", "use.py:5 SES102"]
    change(shop, "lib.py", START + lent)
    assert shop.found() == ["use.py:5 SES102"]


def test_a_project_that_comes_to_wait_is_looked_at_again(shop):
    clean_up = """\
        from plain3 import AsyncSession


        async def work(db: AsyncSession):
            try:
                await db.get()
            finally:
                await db.close()
        """
    written(shop.folder, {"clean.py": clean_up})
    assert shop.found() == ["use.py:5 SES102"]
    change(shop, "plain3.py", "from sqlalchemy.ext.asyncio import AsyncSession\n")
    assert shop.found() == ["clean.py:8 SES301", "use.py:5 SES102"]


def test_the_module_of_a_factory_may_go(shop):
    shop.found()
    (shop.folder / "store.py").unlink()
    assert shop.found() == []
    change(shop, "store.py", STORE)
    assert shop.found() == ["use.py:5 SES102"]


def test_a_change_that_keeps_size_and_time_is_seen(shop):
    shop.found()
    path = shop.folder / "plain3.py"
    change(shop, "plain3.py", USE)
    shop.found()
    status = path.stat()
    change(shop, "plain3.py", USE.replace("it = opener()", "it = closed()"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert path.stat().st_size == status.st_size
    assert shop.found() == ["use.py:5 SES102"]


def test_one_file_of_a_large_project_is_judged_by_the_names_of_all(shop, monkeypatch):
    monkeypatch.setattr("sessionlint.facts.files._LARGE", 5)
    shop.found()
    change(shop, "plain3.py", USE)
    assert shop.found("plain3.py") == ["plain3.py:5 SES102"]
    assert {*shop.read} == {"plain3.py", "store.py", "pyproject.toml"}
    assert shop.found("use.py") == ["use.py:5 SES102"]
    assert shop.found("managed.py") == []


def test_what_was_found_without_the_names_is_not_kept(shop, monkeypatch):
    monkeypatch.setattr("sessionlint.facts.files._LARGE", 5)
    change(shop, "other.py", PASSED_ON)
    assert shop.found("other.py") == ["other.py:5 SES102"]
    shop.found()


def test_two_files_of_one_size_and_time_are_told_apart(tmp_path, monkeypatch):
    numbers = {"a.py": 1, "b.py": 2}
    real = os.stat

    def stat(path: str, **how: bool) -> object:
        if path not in numbers:
            return real(path, **how)
        times = {"st_ctime_ns": 1, "st_mtime_ns": 1}
        return SimpleNamespace(st_size=9, st_dev=1, st_ino=numbers[path], **times)

    monkeypatch.setattr("sessionlint.cache.stamps.os.stat", stat)
    stamps = Stamps(1.0, tmp_path / "cache")
    assert stamps.of("a.py") != stamps.of("b.py")


@pytest.mark.parametrize("key", ["files", "names", "givers", "waiting", "speaking"])
def test_a_memory_without_one_of_its_parts_is_left_aside(shop, key):
    shop.found()
    folder = Folder(shop.folder / ".sessionlint_cache")
    [gate] = folder.path.glob("gate-*")
    stored = cast("dict[str, object]", folder.read(gate.name))
    del stored[key]
    folder.write(gate.name, stored)
    change(shop, "plain3.py", "engine = 12\n")
    assert shop.found() == ["use.py:5 SES102"]
    assert len(shop.told) == 1


def test_the_full_engine_keeps_nothing_of_that(shop):
    assert shop.found(engine="full") == ["use.py:5 SES102"]
    assert not [*(shop.folder / ".sessionlint_cache").glob("gate-*")]


def test_what_makes_no_sense_is_left_aside_with_one_warning(shop):
    shop.found()
    [gate] = (shop.folder / ".sessionlint_cache").glob("gate-*")
    [files] = (shop.folder / ".sessionlint_cache").glob("files-*")
    gate.write_bytes(files.read_bytes())
    change(shop, "plain3.py", "engine = 12\n")
    assert shop.found() == ["use.py:5 SES102"]
    assert len(shop.told) == 1
