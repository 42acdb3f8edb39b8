"""Every way in which a module hands out a factory, each with a file that calls it by hand."""

import pytest
from small_project import START, USE, found_in, written

from sessionlint.source.by_hand import is_by_hand

WAYS = {
    "a maker": "opener = sessionmaker(bind=engine)\n",
    "a maker with a type": "opener: sessionmaker[Session] = sessionmaker(bind=engine)\n",
    "a maker in brackets": "opener = (\n    sessionmaker(bind=engine)\n)\n",
    "a maker of a parameter": "opener = sessionmaker[Session](bind=engine)\n",
    "a maker in a branch": "if engine:\n    opener = sessionmaker(bind=engine)\n",
    "a maker or nothing": "opener = sessionmaker(bind=engine) if engine else None\n",
    "a global": "def start():\n    global opener\n    opener = sessionmaker(bind=engine)\n",
    "a function": "def opener():\n    return Session(engine)\n",
    "a function on one line": "def opener(): return Session(engine)\n",
    "a function with a variable": "def opener():\n    it = Session(engine)\n    return it\n",
    "a function in brackets": "def opener():\n    return (\n        Session(engine)\n    )\n",
    "a function with tabs": "def opener():\n\treturn Session(engine)\n",
    "a function around another": "def opener():\n    def f(): return 1\n    return Session(engine)\n",
    "a function of a maker": "made = sessionmaker(bind=engine)\ndef opener():\n    return made()\n",
    "a maker called at once": "def opener():\n    return sessionmaker(bind=engine)()\n",
    "a connection": "def opener():\n    return engine.connect()\n",
    "a factory of makers": "def f():\n    return sessionmaker(bind=engine)\nopener = f()\n",
    "two hops": "def f():\n    return Session(engine)\ndef opener():\n    return f()\n",
    "two hops with a variable": "def f():\n    return Session(engine)\ndef opener():\n    s = f()\n    return s\n",
    "a maker after a backslash": "opener = \\\n    sessionmaker(bind=engine)\n",
    "a maker after a semicolon": "x = 1; opener = sessionmaker(bind=engine)\n",
    "nothing or a maker": "opener = None if not engine else sessionmaker(bind=engine)\n",
    "or": "opener = None or sessionmaker(bind=engine)\n",
    "two targets": "opener = inner = sessionmaker(bind=engine)\n",
    "a pair": "other, opener = 1, sessionmaker(bind=engine)\n",
    "a walrus": "if opener := sessionmaker(bind=engine):\n    pass\n",
    "a cast": "opener = cast(Any, sessionmaker(bind=engine))\n",
    "another name": "inner = sessionmaker(bind=engine)\nopener = inner\n",
    "a function or nothing": "def opener(x=0):\n    return None if x else Session(engine)\n",
    "a function with a walrus": "def opener():\n    return (it := Session(engine))\n",
    "a default": "def opener(make=sessionmaker(bind=engine)):\n    return make()\n",
    "a default by its name": "my_session = sessionmaker(bind=engine)\ndef opener(make=my_session):\n    return make()\n",
    "an object that is called": "class Late:\n    def __call__(self):\n        return Session(engine)\nopener = Late()\n",
    "an attribute of a class": "class Store:\n    make = sessionmaker(bind=engine)\nopener = Store.make\n",
    "another name with a comment": "inner = sessionmaker(bind=engine)\nopener = inner  # same\n",
    "one name or another": "inner = sessionmaker(bind=engine)\nopener = None or inner\n",
    "an argument by its annotation": "class Store:\n    def __init__(self, make: sessionmaker) -> None:\n        self.make_session = make\n\n    def open(self):\n        return self.make_session()\n\ndef opener(store: Store):\n    return store.make_session()\n",
    "a function with a long text": 'def opener():\n    it = Session(engine)\n    it.execute("""\nSELECT 1\nFROM (\n""")\n    return it\n',
    "a function with a docstring at the margin": 'def opener():\n    """Open.\n\nNot indented.\n"""\n    return Session(engine)\n',
    "a function with a comment that goes on": "def opener():\n    # Open one (for tests,\n    # for scripts, or\n    return Session(engine)\n",
    "a function with a comment in a bracket": "def opener():\n    return (  # one\n        Session(engine)\n    )\n",
    "a function with a bracket in a text": "def opener(x=''):\n    return None if x.startswith('(') else Session(engine)\n",
    "a function with a space before the bracket": "def opener():\n    return Session (engine)\n",
    "a function that may return a variable": "def opener(x=1):\n    it = Session(engine)\n    return it if x else None\n",
    "a function that returns in brackets": "def opener():\n    it = Session(engine)\n    return (\n        it\n    )\n",
    "a function that casts a variable": "def opener():\n    it = Session(engine)\n    return cast(Session, it)\n",
    "a function with two variables": "def opener():\n    it = Session(engine)\n    that = it\n    return that\n",
    "a function with a case": "def opener(x=1):\n    match x:\n        case 1: it = Session(engine)\n    return it\n",
    "another name in brackets": "inner = sessionmaker(bind=engine)\nopener = (\n    inner\n)\n",
    "another name for two": "inner = sessionmaker(bind=engine)\nother = opener = inner\n",
    "another name in a pair": "inner = sessionmaker(bind=engine)\nother, opener = 1, inner\n",
    "nothing or another name": "inner = sessionmaker(bind=engine)\nopener = None if len('x') else inner\n",
    "arguments before their time": "inner = sessionmaker(bind=engine)\nopener = partial(inner, info={})\n",
}

# A factory that is made in one of these ways needs the full engine.
ODD_WAYS = {
    "a method": "class Store:\n    def open(self):\n        return Session(engine)\nopener = Store().open\n",
    "an attribute of an object": "class Store:\n    def __init__(self):\n        self.make = sessionmaker(bind=engine)\nstore = Store()\ndef opener():\n    return store.make()\n",
    "an object that is called": "class Store:\n    def __call__(self):\n        return Session(engine)\nopener = Store()\n",
}


@pytest.mark.parametrize("way", WAYS)
def test_passes_a_file_that_acquires_through(way, tmp_path):
    folder = written(tmp_path, {"store.py": START + WAYS[way], "use.py": USE})
    assert (
        found_in(folder).get("use.py") == found_in(folder, "full").get("use.py") == [(5, "SES102")]
    )


@pytest.mark.parametrize("way", ODD_WAYS)
def test_the_full_engine_follows(way, tmp_path):
    folder = written(tmp_path, {"store.py": START + ODD_WAYS[way], "use.py": USE})
    assert found_in(folder, "full").get("use.py") == [(5, "SES102")]


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
def test_the_ends_of_lines_make_no_difference(newline, tmp_path):
    store = START + "\ndef opener():\n\n    it = \\\n        Session(engine)\n    return it\n"
    folder = written(tmp_path, {"use.py": USE})
    (folder / "store.py").write_text(store.replace("\n", newline), newline="")
    assert found_in(folder).get("use.py") == [(5, "SES102")]


@pytest.mark.parametrize(
    "line",
    [
        "from store import closer as c, opener as o",
        "from store import (\n    closer, opener as o,\n)",
        "try: from store import opener as o\nexcept ImportError: o = None",
    ],
)
def test_a_factory_has_another_name_where_it_is_called(line, tmp_path):
    store = START + "def closer(): ...\ndef opener():\n    return Session(engine)\n"
    use = USE.replace("from store import opener", line).replace("opener()", "o()")
    folder = written(tmp_path, {"store.py": store, "use.py": use})
    found = found_in(folder).get("use.py")
    assert found == found_in(folder, "full").get("use.py")
    assert found


@pytest.mark.parametrize(
    "use",
    [
        "\ufeff" + USE,
        USE.replace("\n\n\n", "\n\no = opener\n", 1).replace("= opener()", "= o()"),
        USE.replace("    it", "    print(f'{query:{len({})}} (')\n    it", 1),
        USE.replace("    it", "    print(f'{query}', '(', \"#\")\n    it", 1),
    ],
)
def test_a_factory_is_called_beside_something_odd(use, tmp_path):
    folder = written(tmp_path, {"store.py": START + WAYS["a function"], "use.py": use})
    found = found_in(folder).get("use.py")
    assert found == found_in(folder, "full").get("use.py")
    assert found


@pytest.mark.parametrize(
    "line",
    [
        'f"{query.split("#")[0]}"',
        'f"{query.get("color", "#fff")}"',
        'f"{query.split("(")[0]}"',
        'f"({" (".join(query)}"',
    ],
)
def test_a_quote_in_a_field_ends_no_string(line):
    """As Python has it from 3.12 on, where such a line is no syntax error."""
    text = f"def count(query):\n    print({line})\n    it = opener()\n    it.execute(query)\n"
    assert is_by_hand(text.encode(), b"opener")
