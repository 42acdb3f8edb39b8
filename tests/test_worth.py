"""What is worth reading of a file that is worth a parse: no more than that, and no less."""

import pytest
from small_project import found_in, written

from sessionlint.check import Project
from sessionlint.facts.aside import is_aside
from sessionlint.facts.names import Names
from sessionlint.facts.scopes import BlockKind
from sessionlint.facts.worth import worth_following
from sessionlint.project import bytes_of
from sessionlint.source.cleaning import may_be_cut_off, may_cut_off, may_use_threads
from sessionlint.source.threads import THREADED

HEAD = """\
from contextlib import closing
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

engine = create_engine("sqlite://")


def count(query):
"""

CHAINS = {
    "at once": "return Session(engine).scalar(query)",
    "over lines": "return (\n        Session(engine)\n        .scalar(query)\n    )",
    "with arguments below": "return Session(\n        engine,\n    ).scalar(query)",
    "in an argument": "return max(\n        1,\n        Session(engine).scalar(query),\n    )",
    "in a condition": "if query and Session(engine).scalar(query):\n        return 1",
    "after `and`": "return (query\n        and Session(engine)\n        .scalar(query))",
    "with a comment": "return Session(\n        engine,  # ours\n        info=None,\n    ).scalar(query)",
    "with a value below": "return Session(bind=\n        engine).scalar(query)",
    "behind a backslash": "return Session(engine) \\\n        .scalar(query)",
}


@pytest.mark.parametrize("chain", CHAINS)
def test_a_use_without_a_name_is_read(chain, tmp_path):
    folder = written(tmp_path, {"use.py": HEAD + f"    {CHAINS[chain]}\n"})
    assert found_in(folder) == found_in(folder, "full")
    assert [code for _, code in found_in(folder)["use.py"]] == ["SES109"]


def test_a_method_is_followed_by_a_name_that_tells(tmp_path):
    store = """\
        from sqlalchemy import create_engine
        from sqlalchemy.orm import Session

        engine = create_engine("sqlite://")


        class Store:
            def open_session(self):
                return Session(engine)
    """
    use = """\
        from store import Store


        def count(query):
            it = Store().open_session()
            return it.execute(query)
    """
    folder = written(tmp_path, {"store.py": store, "use.py": use})
    assert found_in(folder) == found_in(folder, "full") == {"use.py": [(5, "SES102")]}


OTHER_NAMES = {
    "a function's": "go = opener",
    "a module's": "go = store.opener",
    "of another one": "gone = opener\n    go = gone",
    "of an imported one": "go = open_it",
    "a maker's": "go = store.store.maker",
    "one of two": "go, n = opener, 1",
    "under a condition": "go = opener if query else None",
    "with arguments": "go = partial(opener)",
    "a method of the catalogue": "go = store.engine.connect",
}


@pytest.mark.parametrize("line", OTHER_NAMES)
@pytest.mark.parametrize("is_alone", [True, False])
def test_what_has_another_name_is_followed(line, is_alone, tmp_path):
    store = """\
        from sqlalchemy import create_engine, orm

        engine = create_engine("sqlite://")


        def opener():
            return orm.Session(engine)


        class Store:
            maker = orm.sessionmaker(engine)


        store = Store()
    """
    head = "from functools import partial\nimport store\nfrom store import opener\n"
    head += "from store import opener as open_it\n\n\ndef use(query):\n"
    use = head + f"    {OTHER_NAMES[line]}\n    it = go()\n    return it.execute(query)\n"
    names = [] if is_alone else [f"m{number}.py" for number in range(12)]
    folder = written(tmp_path, {"store.py": store, "use.py": use} | dict.fromkeys(names, "x = 1\n"))
    found = found_in(folder)
    assert found == found_in(folder, "full")
    assert [code for _, code in found["use.py"]] == ["SES102"]


def test_another_name_for_what_acquires_nothing_is_not_read(tmp_path):
    use = HEAD + (
        "    add = query.rows.append\n    add(1)\n\n\n"
        "def other(query):\n    with Session(engine) as s:\n        return s.scalar(query)\n\n\n"
        "def opened(query):\n    go = Session\n    return go(engine).scalar(query)\n"
    )
    path = written(tmp_path, {"use.py": use}) / "use.py"
    project = Project.open(tmp_path, bytes_of, Names())
    module = project.evaluator.tree.module(path)
    assert module is not None
    read = worth_following(project.evaluator, path)
    assert [block.name for block in read if block.kind is BlockKind.FUNCTION] == ["opened"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("try:\n    f()\nfinally:\n    await s.close()\n", True),
        ("await s.close()\ntry:\n    f()\nfinally:\n    g()\n", False),
        ("try:\n    await f()\nfinally:\n    s.close()\n", False),
        ("try:\n    f()\nexcept:\n    await s.close()\n", True),
        ("try:\n    f()\nexcept CancelledError:\n    await s.close()\n", True),
        ("try:\n    f()\nfinally:\n    async with s.begin():\n        pass\n", True),
        ("try:\n    f()\nfinally:\n    await asyncio.to_thread(close_session, s)\n", True),
        ("async def __aexit__(self, *error):\n    await self.s.close()\n", True),
        ("await asyncio.shield(s.close())\n", True),
        ("try:\n    f()\nfinally:\n    await s.commit()\n", False),
    ],
)
def test_clean_up_that_waits(body, expected):
    assert may_be_cut_off(body) is expected
    assert may_cut_off(body.encode()) >= expected


def test_every_call_into_a_thread_shows():
    assert all(may_use_threads(name.encode()) for name in THREADED)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("app/tests/use.py", True),
        ("alembic/env.py", True),
        ("app/test_use.py", True),
        ("app/use.py", False),
        ("app/latest.py", False),
    ],
)
def test_what_stands_beside_the_program(path, expected, tmp_path):
    root = tmp_path / "tests"
    assert is_aside(root / path, root) is expected


def test_outside_the_project_the_name_counts(tmp_path):
    assert is_aside(tmp_path / "tests" / "use.py", tmp_path / "app") is False
    assert is_aside(tmp_path / "tests" / "test_use.py", tmp_path / "app") is True
