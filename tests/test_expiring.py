"""What takes the connection again behind a commit: to read what it has expired."""

from textwrap import indent

import pytest
from small_project import findings

from sessionlint.model import Severity

HEAD = """\
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.ext.asyncio import AsyncSession


class User:
    def __init__(self, name):
        self.name = name


"""

LOADING = [
    "user = s.get(User, 1)",
    "user = s.query(User).filter(User.id == 1).first()",
    "user = s.scalars(select(User)).one()",
    "user = s.scalar(select(User).limit(1))",
    "user = s.execute(select(User)).scalar_one()",
    "user = s.exec(select(User)).first()",
    "user = s.merge(given)",
    "query = s.query(User)\nquery = query.limit(1)\nuser = query.first()",
    "asked = select(User)\nasked = asked.limit(1)\nuser = s.scalars(asked).first()",
    "found = s.query(User).all()\nuser = found[0]",
    "user = None\nif given:\n    user = s.get(User, 1)",
    "user = User('a')\ns.add(user)",
    "user = User('a')\ns.add_all([user])",
    "first = s.get(User, 1)\nuser = first",
    "user = given\ns.add(user)",
]

READING = [
    "return user.name",
    "return {'name': user.name}",
    "print(f'made {user.id}')",
    "return given(user)",
    "return user.to_dict()",
    "return user.team.name",
    "for one in s.new: print(user.id)",
]


def told(loading: str, ending: str, opened: str = "Session(engine)") -> tuple[bool, Severity]:
    """Whether the only finding says that a commit gives the connection back, and how bad it is."""
    lines = f"s = {opened}\n{loading}\ns.commit()\n{ending}\n"
    text = f"{HEAD}def f(engine, given, rows):\n{indent(lines, '    ')}"
    [finding] = findings(text)
    return "gives the connection back" in finding.message, finding.severity


@pytest.mark.parametrize("loading", LOADING)
def test_what_was_loaded_is_read_again(loading):
    assert told(loading, "return user.name") == (False, Severity.LEAK)


@pytest.mark.parametrize("loading", LOADING)
def test_what_was_loaded_is_left_alone(loading):
    assert told(loading, "return given") == (True, Severity.RISK)


@pytest.mark.parametrize("reading", READING)
def test_every_way_to_read_takes_the_connection(reading):
    assert told("user = s.get(User, 1)", reading) == (False, Severity.LEAK)


@pytest.mark.parametrize(
    ("loading", "reading"),
    [
        ("users = s.query(User).all()", "return [user.name for user in users]"),
        ("users = s.query(User)\nusers = users.all()", "for user in users:\n    print(user.name)"),
        ("users = list(s.scalars(select(User)))", "return users[0].name"),
        ("users = [User(1)]\ns.add_all(users)", "return [user.name for user in users]"),
        ("users = s.query(User).all()", "return given(users)"),
    ],
)
def test_each_of_several_is_read_again(loading, reading):
    assert told(loading, reading) == (False, Severity.LEAK)


@pytest.mark.parametrize(
    ("loading", "reading"),
    [
        ("user = s.get(User, 1)\nname = user.name", "return name"),
        ("user = s.get(User, 1)", "return user"),
        ("user = s.get(User, 1)", "user.name = given"),
        ("user = s.get(User, 1)", "rows.append(user)"),
        ("user = s.get(User, 1)", "return user.__tablename__"),
        ("user = s.get(User, 1)", "return user is None"),
        ("user = s.get(User, 1)", "return given.name"),
        ("user = s.get(User, 1)\ns.delete(user)", "return user.name"),
        ("user = s.get(User, 1)\ns.expunge(user)", "return user.name"),
        ("user = s.get(User, 1)\ns.expunge_all()", "return user.name"),
        ("user = s.query(User.id, User.name).first()", "return user.name"),
        ("user = s.execute(select(User.id)).first()", "return user.id"),
        ("user = s.scalar(select(func.now()))", "return user.year"),
        ("user = given(s)", "return user.name"),
        ("user = s.get(User, 1) or given\nuser = given", "return user.name"),
        ("users = s.query(User).all()", "return len(users)"),
        ("users = s.query(User).all()", "users.sort()"),
        ("count = s.query(User).count()", "return count.real"),
        ("user = User(1)\ns.add(User(2))", "return user.name"),
    ],
)
def test_what_reads_no_object_takes_nothing(loading, reading):
    assert told(loading, reading) == (True, Severity.RISK)


@pytest.mark.parametrize(
    ("opened", "is_given_back"),
    [
        ("Session(engine)", False),
        ("Session(engine, expire_on_commit=True)", False),
        ("Session(engine, expire_on_commit=False)", True),
        ("sessionmaker(engine, expire_on_commit=False)()", True),
        ("sessionmaker(engine)(expire_on_commit=False)", True),
        ("sessionmaker(engine)()", False),
    ],
)
def test_nothing_is_read_again_where_the_session_is_told_so(opened, is_given_back):
    assert told("user = s.get(User, 1)", "return user.name", opened)[0] is is_given_back


def test_an_asynchronous_session_reads_nothing_by_itself():
    text = f"""{HEAD}
async def f(engine):
    s = AsyncSession(engine)
    user = await s.get(User, 1)
    await s.commit()
    return user.name
"""
    [finding] = findings(text)
    assert finding.message.endswith("its last commit or rollback gives the connection back")


def test_a_commit_behind_the_reading_gives_it_back_again():
    is_told = told("user = s.get(User, 1)\ns.commit()\nprint(user.name)", "return given")
    assert is_told == (True, Severity.RISK)
