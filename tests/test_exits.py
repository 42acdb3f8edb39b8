"""Objects that open a resource and whose exit may leave it open: found, left alone, and fixed."""

from textwrap import dedent, indent

import pytest
from small_project import bytes_of, found_in, written

from sessionlint.check import Project
from sessionlint.facts.names import Names
from sessionlint.fix import fix_source
from sessionlint_rules import RULES

HEAD = """\
import asyncio
from contextlib import ExitStack
from store import Base, SessionLocal, AsyncLocal, engine, give_back

"""

STORE = """\
    from sqlalchemy import create_engine
    from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
    from sqlalchemy.orm import sessionmaker

    engine = create_engine("sqlite://")
    SessionLocal = sessionmaker(engine)
    AsyncLocal = async_sessionmaker(create_async_engine("sqlite+aiosqlite://"))


    class Base:
        def __exit__(self, *error):
            self.session.close()


    def give_back(it):
        it.close()
    """

ENTER = "def __enter__(self):\n    self.session = SessionLocal()\n    return self\n"
RETURNED = "def __enter__(self):\n    self.session = SessionLocal()\n    return self.session\n"
INIT = "def __init__(self):\n    self.session = SessionLocal()\ndef __enter__(self):\n    return self\n"

EXITS = {
    "a commit": (ENTER, "self.session.commit()\nself.session.close()"),
    "a commit or a rollback": (
        ENTER,
        "if kind:\n    self.session.rollback()\nelse:\n    self.session.commit()\nself.session.close()",
    ),
    "an error that is raised once more": (
        ENTER,
        "if kind:\n    raise kind\nself.session.close()",
    ),
    "work": (ENTER, "self.session.execute(kind)\nself.session.close()"),
    "a commit, and a question": (
        ENTER,
        "self.session.commit()\nif self.session is not None:\n    self.session.close()",
    ),
    "a commit of what is opened when it is made": (
        INIT,
        "self.session.commit()\nself.session.close()",
    ),
    "nothing": (RETURNED, "print(kind)"),
    "a commit and no close": (RETURNED, "self.session.commit()"),
    "a commit, and a method of its own behind the close": (
        ENTER,
        "self.session.commit()\nself.session.close()\nself.done()",
    ),
    "a commit, and nothing left afterwards": (
        ENTER,
        "if self.session:\n    self.session.commit()\n    self.session.close()\nself.session = None",
    ),
    "another method, and nothing else": (
        f"{ENTER}def end(self):\n    self.session.commit()\n    self.session.close()\n",
        "self.end()",
    ),
    "another method, told how it ends": (
        f"{INIT}def end(self, is_good=True):\n    if is_good:\n        self.session.commit()\n    self.session.close()\n",
        "if kind:\n    self.end(is_good=False)\nelse:\n    self.end()",
    ),
    "a handler of other errors": (
        ENTER,
        "try:\n    self.session.commit()\nexcept KeyError:\n    raise\nself.session.close()",
    ),
}

SILENT = {
    "another method with a `finally`": (
        f"{ENTER}def end(self):\n    try:\n        self.session.commit()\n    finally:\n        self.session.close()\n",
        "self.end()",
    ),
    "two methods": (
        f"{ENTER}def save(self):\n    self.session.commit()\ndef end(self):\n    self.session.close()\n",
        "try:\n    self.save()\nfinally:\n    self.end()",
    ),
    "a method and a close": (
        f"{ENTER}def save(self):\n    self.session.commit()\n",
        "try:\n    self.save()\nfinally:\n    self.session.close()",
    ),
    "a decorated method": (
        f"{ENTER}@closing_all\ndef end(self):\n    self.session.commit()\n",
        "self.end()",
    ),
    "a `finally`": (ENTER, "try:\n    self.session.commit()\nfinally:\n    self.session.close()"),
    "a rollback": (ENTER, "self.session.rollback()\nself.session.close()"),
    "a rollback on one way": (
        ENTER,
        "if kind:\n    self.session.rollback()\nself.session.close()",
    ),
    "a method of its own": (ENTER, "self.session.commit()\nself.done()"),
    "the base": (ENTER, "self.session.commit()\nsuper().__exit__(kind)"),
    "a function": (ENTER, "self.session.commit()\ngive_back(self)"),
    "a function that closes": (ENTER, "give_back(self.session)"),
    "the exit of the session": (ENTER, "self.session.__exit__(kind, error, trace)"),
    "a handler of all errors": (
        ENTER,
        "try:\n    self.session.commit()\nexcept Exception:\n    print(kind)\nself.session.close()",
    ),
    "nothing to close on one way": (
        ENTER,
        "if not self.is_open:\n    return\nself.session.close()",
    ),
    "a parameter": (
        "def __init__(self, session):\n    self.session = session\n",
        "self.session.commit()\nself.session.close()",
    ),
    "one or the other": (
        "def __init__(self, session=None):\n    self.session = session or SessionLocal()\n",
        "self.session.commit()\nself.session.close()",
    ),
    "opened twice": (
        f"{ENTER}def again(self):\n    self.session = SessionLocal()\n",
        "self.session.commit()\nself.session.close()",
    ),
    "one of a pair later": (
        f"{ENTER}def take(self, pair):\n    self.session, self.owner = pair\n",
        "self.session.commit()\nself.session.close()",
    ),
    "several": (
        "def __enter__(self):\n    self.sessions = [SessionLocal() for _ in 'ab']\n    return self\n",
        "self.sessions.clear()",
    ),
    "another method that closes": (
        f"{RETURNED}def close(self):\n    self.session.close()\n",
        "self.session.commit()",
    ),
    "somebody else gets it": (
        f"{RETURNED}def kept(self, them):\n    them.append(self.session)\n",
        "self.session.commit()",
    ),
    "a stack": (
        "def __enter__(self):\n    self.stack = ExitStack()\n    self.session = self.stack.enter_context(SessionLocal())\n",
        "self.session.commit()\nself.stack.close()",
    ),
}


def work(opening: str, exit_: str, bases: str = "") -> str:
    """A class with these methods, the second being the body of its exit."""
    body = f"{opening}def __exit__(self, kind, error, trace):\n{indent(exit_, '    ')}\n"
    return f"{HEAD}\nclass Work{bases}:\n{indent(body, '    ')}"


def codes(text, folder):
    """What is found in a module with this text, by both engines."""
    project = written(folder, {"store.py": STORE, "use.py": text})
    found = found_in(project)
    assert found == found_in(project, "full")
    return [code for _, code in found.get("use.py", [])]


@pytest.mark.parametrize("shape", EXITS)
def test_an_exit_that_may_leave_it_open_is_found(shape, tmp_path):
    assert codes(work(*EXITS[shape]), tmp_path) == ["SES110"]


@pytest.mark.parametrize("shape", SILENT)
def test_an_exit_that_closes_or_may_be_helped_is_left_alone(shape, tmp_path):
    assert "SES110" not in codes(work(*SILENT[shape], "(Base)"), tmp_path)


def test_an_asynchronous_exit_is_found_and_mended_by_the_fix_against_cancellations(tmp_path):
    text = (
        f"{HEAD}\nclass Work:\n    async def __aenter__(self):\n        self.session = AsyncLocal()\n"
        "    async def __aexit__(self, kind, error, trace):\n"
        "        await self.session.commit()\n        await self.session.close()\n"
    )
    assert "SES110" in codes(text, tmp_path)
    mended = fixed(text, tmp_path)
    assert "        finally:\n            await shielded(self.session.close())\n" in mended
    assert codes(mended, tmp_path) == []


FIXED = {
    "with what stands around it": (
        """
        '''End it.'''

        # First of all.
        if kind is None:
            self.session.commit()
        self.session.close()  # always
        return False
        """,
        """
        '''End it.'''

        try:
            # First of all.
            if kind is None:
                self.session.commit()
        finally:
            self.session.close()  # always
        return False
        """,
    ),
    "not where two lines close": (
        """
        self.session.commit()
        self.session.close()
        self.session.close()
        """,
        """
        self.session.commit()
        self.session.close()
        self.session.close()
        """,
    ),
}


def fixed(text, folder):
    """A module with this text after all fixes."""
    project = written(folder, {"store.py": STORE, "use.py": text})
    path = project / "use.py"
    opened = Project.open(project, bytes_of, Names())
    return fix_source(path.read_bytes(), path, RULES, opened, lambda _: True).data.decode()


@pytest.mark.parametrize("name", FIXED)
def test_a_finally_closes_after_the_fix(name, tmp_path):
    before, after = map(dedent, FIXED[name])
    assert fixed(work(ENTER, before.strip("\n")), tmp_path) == work(ENTER, after.strip("\n"))
