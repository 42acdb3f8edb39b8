"""What the names of a file stand for, by its bytes."""

import pytest

from sessionlint.source.bindings import own_names, products, renamings
from sessionlint.source.gate import GIVERS, MAKERS


def made(text: str) -> tuple[set[bytes], set[bytes]]:
    """The makers and the givers of one text that knows only the catalogue."""
    found = products(text.encode(), MAKERS, GIVERS)
    return set(found.makers), set(found.givers)


def test_what_a_maker_is_bound_to_gives():
    assert made("Local = sessionmaker(bind=engine)\n") == (set(), {b"Local"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def f():\n    m = sessionmaker()\n", {b"m"}),
        ("def f(\n    a,\n):\n    if a:\n\n        m = sessionmaker()\n", {b"m"}),
        ("def f():\n    global m\n    m = sessionmaker()\n", set()),
        ("def f(self):\n    self.m = sessionmaker()\n", set()),
        ("class A:\n    m = sessionmaker()\n", set()),
        ("def f():\n    pass\nif a:\n    m = sessionmaker()\n", set()),
    ],
)
def test_a_variable_of_a_function_is_its_own(text, expected):
    found = products(text.encode(), MAKERS, GIVERS)
    assert found.givers == {b"m"}
    assert found.local == expected
    assert own_names(b"import sqlalchemy\n" + text.encode(), frozenset()) == {b"m"}


def test_an_attribute_gives_by_its_name():
    assert made("self.maker = async_sessionmaker(engine)\n") == (set(), {b"maker"})


def test_a_variable_that_holds_a_session_gives_nothing():
    assert made("db = Session(engine)\n") == (set(), set())


def test_a_function_that_returns_a_session_gives():
    assert made("def get():\n    db = Session(engine)\n    return db\n") == (set(), {b"get"})


@pytest.mark.parametrize("returned", ["db, s", "(s, db)", "s,  # both"])
def test_a_function_that_returns_a_session_among_others_gives(returned):
    text = f"def opened():\n    s = Session(engine)\n    return {returned}\n"
    assert b"opened" in products(text.encode(), MAKERS, GIVERS).givers


def test_an_imported_name_stands_for_the_other():
    assert made("from sqlalchemy.orm import sessionmaker as make\n") == ({b"make"}, set())


def test_a_class_stands_for_its_base():
    assert made("class Mine(Session):\n    pass\n") == (set(), {b"Mine"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"from store import opener as other\n", True),
        (b"from store import opener\n", False),
        (b"with opener() as other:\n", False),
    ],
)
def test_who_gives_a_name_another(text, expected):
    assert bool(list(renamings(text, frozenset({b"opener"})))) is expected
