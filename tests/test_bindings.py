"""What the names of a file stand for, by its bytes."""

from types import SimpleNamespace

import pytest

from sessionlint.source import logical
from sessionlint.source.bindings import own_names, products
from sessionlint.source.gate import GIVERS, MAKERS
from sessionlint.source.naming import named, renamings


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
    assert own_names(b"import sqlalchemy\n" + text.encode()) == {b"m"}


def test_a_variable_that_is_a_maker_is_its_own_too():
    text = "def make():\n    out = sessionmaker\n    return out\n\nm = sessionmaker\n"
    found = products(text.encode(), MAKERS, GIVERS)
    assert found.makers == {b"out", b"make", b"m"}
    assert found.shared == {b"make", b"m"}


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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def f(self, make: sessionmaker, x): pass\n", {b"make"}),
        (
            "def f(\n    make: Optional[async_sessionmaker[AsyncSession]] = None,\n): ...\n",
            {b"make"},
        ),
        ("def f():\n    make: 'sessionmaker' = get()\n", {b"make"}),
        ("class A:\n    make: sessionmaker\n", set()),
    ],
)
def test_what_is_annotated_as_a_maker_gives(text, expected):
    found = products(text.encode(), MAKERS, GIVERS)
    assert found.givers == {b"make"}
    assert found.local == expected


@pytest.mark.parametrize("text", ["x = {'make': sessionmaker}\n", "make = f(x, sessionmaker)\n"])
def test_what_only_mentions_a_maker_gives_nothing(text):
    assert made(text) == (set(), set())


def test_a_variable_passes_on_what_it_is_to_an_attribute():
    text = "def __init__(self, make: sessionmaker):\n    self.session_of = make  # for later\n"
    assert products(text.encode(), MAKERS, GIVERS).shared == {b"session_of"}


def test_an_attribute_whose_name_does_not_tell_is_called_by_no_other_file():
    text = "def __init__(self, make: sessionmaker):\n    self.opener = make  # for later\n"
    found = products(text.encode(), MAKERS, GIVERS)
    assert (found.shared, found.methods) == (set(), {b"opener"})


METHOD = "class Store:\n    def NAME(self):\n        return Session(self.engine)\n"
FUNCTION = "def NAME():\n    return Session(engine)\n"


@pytest.mark.parametrize(
    ("text", "shared"),
    [
        (METHOD.replace("NAME", "get"), set()),
        (METHOD.replace("NAME", "get_session"), {b"get_session"}),
        (FUNCTION.replace("NAME", "get"), {b"get"}),
        ((METHOD + FUNCTION).replace("NAME", "get"), {b"get"}),
    ],
)
def test_a_method_whose_name_does_not_tell_is_called_by_no_other_file(text, shared):
    assert products(text.encode(), MAKERS, GIVERS).shared == shared


@pytest.mark.parametrize(
    "text",
    [
        "engine = create_engine('sqlite://')\n",
        "found = run(Session(engine))\n",
        "found = [Session(engine)]\n",
        "# make = sessionmaker(engine)\n",
        "def f():\n    name = Session()\n    return other.name\n",
        "make += sessionmaker(engine)\n",
    ],
)
def test_what_is_not_called_to_acquire_is_no_name(text):
    assert made(text) == (set(), set())


def test_an_attribute_that_holds_a_session_and_is_returned_makes_a_giver():
    text = "def opened(self):\n    self.db = Session(engine)\n    return self.db\n"
    assert made(text) == (set(), {b"opened"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"x = a\n", [(b"x", b"a")]),
        (b"self.x: T = a.b  # why\n", [(b"x", b"b")]),
        (b"x = a or b\n", [(b"x", b"a"), (b"x", b"b")]),
        (b"x = a if c else d.b\n", [(b"x", b"a"), (b"x", b"b")]),
        (b"x == a\n", []),
        (b"x += a\n", []),
        (b"x = a(b)\n", []),
    ],
)
def test_what_is_given_another_name(text, expected):
    assert [(one.new, one.old) for one in named(text)] == expected


def test_a_long_function_takes_no_longer_than_its_lines(monkeypatch):
    """Each line is looked at once for what it stands in, however many of them ask."""
    lines = "".join(f"    s{n} = Session(engine)\n    if s{n}: return s{n}\n" for n in range(3_000))
    looked = []
    finding = logical._LINE.finditer
    monkeypatch.setattr(
        logical,
        "_LINE",
        SimpleNamespace(finditer=lambda data: looked.append(data) or finding(data)),
    )
    assert made(f"def opened():\n{lines}") == (set(), {b"opened"})
    assert len(looked) == 1
