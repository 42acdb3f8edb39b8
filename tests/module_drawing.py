"""Modules drawn from statements that speak of each other's names.

What is to be said of one depends on which statements stand in it, and in which order.
"""

from hypothesis import strategies as st

WORDS = st.sampled_from(["a", "b", "get", "get_session", "Session", "db", "make", "connect"])
IMPORTS = [
    "from sqlalchemy.orm import Session, sessionmaker as {0}",
    "from sqlalchemy import create_engine as {0}, create_engine",
    "import sqlalchemy.orm as {0}",
    "from functools import lru_cache as {0}, cache",
    "from other import *",
    "from other import {0}",
    "from other import {0} as {1}",
    "import other",
]
TOP = [
    "engine = create_engine('x')",
    "{0} = sessionmaker(engine)",
    "{0} = {1}",
    "{0} = Session(engine)",
    "{0}, {1} = Session(engine), 1",
    "if engine:\n    {0} = Session(engine)\n    def {1}():\n        return {0}()",
    "Session(engine).query(1)",
    "engine.connect()",
    "db_registry = Registry()",
]
FUNCTIONS = [
    "def {0}():\n    return {1}()",
    "def {0}():\n    s = {1}()\n    s.execute(1)\n    return s",
    "def {0}(x=None):\n    s = {1}()\n    s.execute(x)\n    s.close()",
    "def {0}(x={1}()):\n    return x",
    "def {0}(s):\n    s.close()",
    "def {0}(s):\n    {1}(s)",
    "def {0}():\n    s = Session(engine)\n    {1}(s)",
    "def {0}():\n    with {1}() as s:\n        s.execute(1)",
    "def {0}():\n    with (\n        {1}() as s,\n    ):\n        return s.query(1)",
    "def {0}():\n    with Session(engine) as s: x = {1}()\n    x.execute(1)",
    "def {0}():\n    if {1}(): s = Session(engine)\n    else: return 1\n    s.execute(1)",
    "def {0}():\n    return (\n        {1}()  # first\n        .query(1)\n    )",
    "def {0}():\n    global {1}\n    {1} = Session(engine)",
    "def {0}():\n    return {1}.execute(1)",
    "@{1}\ndef {0}():\n    return Session(engine)",
    "@cache\ndef {0}():\n    with {1}() as s:\n        yield s",
    "@contextmanager\ndef {0}():\n    s = {1}()\n    yield s\n    s.close()",
    "def {0}():\n    return create_engine('x')",
    "def {0}():\n    e = {1}()\n    return e.connect().execute(1)",
    "def {0}():\n    def inner():\n        s = {1}()\n        s.commit()\n    return inner",
    "async def {0}():\n    s = await to_thread({1})\n    s.commit()",
    "def {0}():\n    text = '''\ndef {1}():\n    s = Session()\n'''\n    s = Session(engine)\n    s.add(text)",
]
METHODS = [
    "def __init__(self):\n    self.{0} = Session(engine)",
    "def __init__(self, {0}):\n    self.{0} = {0}",
    "def start(self):\n    self.{0}, self.other = {1}, 1",
    "def use(self):\n    s = self.{0}()\n    s.commit()",
    "def use(self):\n    s = {1}()\n    s.query(self.{0})",
    "@property\ndef {0}(self):\n    return {1}",
    "{0} = Session(engine)",
    "{0}: Session = None",
]


def indented(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.split("\n"))


def filled(shapes: list[str]) -> st.SearchStrategy[str]:
    return st.builds(str.format, st.sampled_from(shapes), WORDS, WORDS)


CLASSES = st.builds(
    lambda name, base, members: f"class {name}({base}):\n" + "\n".join(map(indented, members)),
    st.sampled_from(["Registry", "Other"]),
    st.sampled_from(["object", "Registry", "Session"]),
    st.lists(filled(METHODS), min_size=1, max_size=4),
)
MODULES = st.builds(
    lambda imports, rest: "\n\n".join([*imports, *rest, ""]),
    st.lists(filled(IMPORTS), min_size=1, max_size=4),
    st.lists(st.one_of(filled(TOP), filled(FUNCTIONS), filled(FUNCTIONS), CLASSES), max_size=8),
)
