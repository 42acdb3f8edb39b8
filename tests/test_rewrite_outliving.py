"""What a fix must not close too early: what is asked for more later, or was left open on purpose."""

from textwrap import dedent

import pytest
from small_project import bytes_of, written

from sessionlint import fix_source
from sessionlint.check import Project
from sessionlint.facts.names import Names
from sessionlint_rules import RULES

HEAD = """
from sqlalchemy import create_engine, select, text
from sqlalchemy.orm import Session, sessionmaker

Maker = sessionmaker(create_engine("sqlite://"))


class User:
    def __init__(self, name, items=()):
        self.name, self.items = name, items


class Users:
    def __init__(self, db):
        self.db = db

    def load(self, db):
        self.found = db.scalars(select(User)).all()

    def add(self, user):
        self.db.add(user)
        self.db.commit()
        return user


def fill(db, found):
    for user in db.scalars(select(User)):
        found[user.name] = user


def fill_through(db, found):
    fill(db, found)


def each(db, callback):
    for user in db.scalars(select(User)):
        callback(user)


def make_user(name):
    return User(name)


def save(db, user):
    db.add(user)
    db.commit()


def count(db):
    found = [user.name for user in db.scalars(select(User))]
    found.append("")
    return len(found)


def first(connection, query):
    return connection.execute(query)
"""
KEPT = {
    "in a field of an object that gets the session": """
        users = Users(None)
        db = Maker()
        users.load(db)
        print("loaded")
        return len(users.found[0].items)
        """,
    "in a container that goes along": """
        found = {}
        db = Maker()
        fill(db, found)
        return len(found["a"].items)
        """,
    "two functions below": """
        found = {}
        db = Maker()
        fill_through(db, found)
        return len(found["a"].items)
        """,
    "by what is called for each": """
        found = []
        db = Maker()
        each(db, found.append)
        return len(found[0].items)
        """,
    "by an object around it whose method has the name of the session's": """
        db = Maker()
        users = Users(db)
        user = users.add(User("a"))
        print("added")
        return user.name
        """,
    "as what an added object belongs to": """
        db = Maker()
        user = User("a")
        item = Item(user=user)
        db.add(item)
        db.commit()
        print("saved")
        return user.name
        """,
    "as what is put into a loaded object": """
        db = Maker()
        user = db.get(User, 1)
        item = Item()
        user.items.append(item)
        db.commit()
        print("saved")
        return item.title
        """,
    "as what a function has made": """
        db = Maker()
        user = make_user("a")
        save(db, user)
        print("saved")
        return user.name
        """,
    "as an item of what was added one by one": """
        made = []
        db = Maker()
        for user in made:
            db.add(user)
        db.commit()
        return made[0].name
        """,
    "as an item of what was added at once": """
        made = [User("a")]
        db = Maker()
        db.add_all(user for user in made)
        db.commit()
        return made[0].name
        """,
    "as what an object belongs to that is made to be added": """
        db = Maker()
        user = User("a")
        db.add(Item(user=user))
        db.commit()
        return user.name
        """,
    "as what each of those belongs to": """
        db = Maker()
        user = User("a")
        db.add_all([Item(user=user) for _ in range(2)])
        db.commit()
        return user.name
        """,
    "under its other name": """
        db = Maker()
        user = User("a")
        other = user
        db.add(other)
        db.commit()
        return user.name
        """,
    "as the result of a function that has the name of a result's method": """
        db = create_engine("sqlite://").connect()
        rows = first(db, text("select 1"))
        print("have them")
        return [row for row in rows]
        """,
}

ADOPTING = {
    "one by one": """
        def keep(users):
            db = Maker()
            for number, user in enumerate(users):
                db.add(user)
            return 0
        """,
    "all of some": """
        def keep(users):
            db = Maker()
            db.add_all([user for user in users if user.name])
            return 0
        """,
    "out of a list of its own": """
        def keep(users):
            found = []
            for user in users:
                found.append(user)
            db = Maker()
            db.add_all(found)
            return 0
        """,
    "itself": """
        class Stored(User):
            def keep(self):
                db = Maker()
                db.add(self)
        """,
    "what it has": """
        class Store:
            def keep(self):
                user = self.user or User("a")
                db = Maker()
                db.add(user)
        """,
    "what a module has": """
        ADMIN = User("admin")

        def keep():
            db = Maker()
            db.add(ADMIN)
        """,
    "what a module gets": """
        def keep():
            global admin
            admin = User("admin")
            db = Maker()
            db.add(admin)
        """,
    "by two functions": """
        def save_all(db, users):
            for user in users:
                save(db, user)

        def keep(users):
            db = Maker()
            save_all(db, users)
        """,
    "by an object around it": """
        def keep(user):
            db = Maker()
            users = Users(db)
            users.add(user)
        """,
    "by an object without a name": """
        def keep(user):
            db = Maker()
            Users(db).add(user)
        """,
    "left open early": """
        def keep(user):
            db = Maker()
            db.add(user)
            if not user.name:
                return
            db.commit()
            db.close()
        """,
    "left open early in a loop": """
        def keep(users):
            db = Maker()
            for user in users:
                if not user.name:
                    return
                db.add(user)
            db.commit()
            db.close()
        """,
}
MAKING = {
    "out of what is given": """
        def keep(name, more):
            db = Maker()
            db.add(User(name, **more))
        """,
    "one for each": """
        def keep(names):
            db = Maker()
            users = [User(name) for name in names]
            db.add_all(users)
        """,
    "in a loop": """
        def keep(names):
            made = []
            for name in names:
                made.append(User(name))
            db = Maker()
            db.add_all(made)
        """,
    "by a function": """
        def keep(name):
            user = None
            db = Maker()
            user = make_user(name)
            save(db, user)
        """,
    "by an object around it": """
        def keep(name):
            db = Maker()
            users = Users(db)
            users.add(make_user(name))
        """,
    "by an object that makes it": """
        class Makers(Users):
            def made(self, name):
                self.db.add(User(name))

        def keep(name):
            db = Maker()
            Makers(db).made(name)
        """,
    "a copy": """
        def keep(user):
            db = Maker()
            db.merge(user)
            db.commit()
        """,
    "behind the early way out": """
        def keep(user):
            db = Maker()
            if not user.name:
                return
            db.add(user)
            db.commit()
            db.close()
        """,
    "closed but for errors": """
        def keep(user):
            db = Maker()
            db.add(user)
            db.commit()
            db.close()
        """,
}


def fixed(body, folder):
    """What all fixes make of a module with these lines in the end."""
    path = written(folder, {"example.py": f"{HEAD}\n\n{body}\n"}) / "example.py"
    project = Project.open(folder, bytes_of, Names())
    return fix_source(path.read_bytes(), path, RULES, project, lambda _: True)


@pytest.mark.parametrize("name", KEPT)
def test_no_safe_fix_leaves_behind_what_may_load_more(name, tmp_path):
    body = dedent(KEPT[name]).strip().replace("\n", "\n    ")
    result = fixed(f"def use():\n    {body}", tmp_path)
    (finding,) = result.applied
    needed = (" may still need the session", " may still need the connection")
    assert finding.fix.reason.endswith(needed)


@pytest.mark.parametrize("name", ADOPTING)
def test_an_object_of_somebody_else_may_load_more_when_the_function_is_left(name, tmp_path):
    (finding,) = fixed(dedent(ADOPTING[name]), tmp_path).applied
    assert finding.fix.reason == "what is stored or passed on may still need the session"


@pytest.mark.parametrize("name", MAKING)
def test_an_object_that_nobody_else_has_needs_no_session(name, tmp_path):
    (finding,) = fixed(dedent(MAKING[name]), tmp_path).applied
    assert finding.fix.reason == ""


@pytest.mark.parametrize(
    "pattern", ["User() as user", "[user, *_]", "[_, *user]", "{'a': 1, **user}", "user"]
)
def test_what_a_pattern_gives_a_name_is_covered(pattern, tmp_path):
    lines = f"match db.get(User, 1):\n        case {pattern}:\n            pass"
    result = fixed(f"def use():\n    db = Maker()\n    {lines}\n    return len(user)", tmp_path)
    assert [finding.fix.reason for finding in result.applied] == [""]
    assert result.data.decode().endswith("                pass\n        return len(user)\n")


def test_a_function_that_keeps_nothing_is_trusted(tmp_path):
    result = fixed("def use():\n    db = Maker()\n    count(db)\n    return 0", tmp_path)
    assert [finding.fix.reason for finding in result.applied] == [""]
    assert "    with Maker() as db:\n        count(db)\n" in result.data.decode()


def test_a_class_gets_no_attribute(tmp_path):
    lines = "class Settings:\n    names = Maker().execute(text('select 1')).all()"
    result = fixed(lines, tmp_path)
    assert [finding.code for finding in result.remaining] == ["SES109"]
    assert result.remaining[0].fix is None


@pytest.mark.parametrize(
    "line",
    ["print(bool(engine.connect()))", "assert engine.connect()", "if engine.connect(): pass"],
)
def test_what_asks_for_a_connection_stays(line, tmp_path):
    result = fixed(f"engine = create_engine('sqlite://')\n\n\ndef use():\n    {line}", tmp_path)
    assert [finding.code for finding in result.remaining] == ["SES109"]
    assert line in result.data.decode()


@pytest.mark.parametrize(
    "lines",
    [
        "return Maker().scalars(select(User))",
        "users = Maker().execute(select(User))\n    return users",
        "return 1, Maker().execute(select(User)).scalars().unique()",
        "return map(str, Maker().scalars(select(User)))",
        "return {'users': Maker().scalars(select(User))}",
        "users = Maker().scalars(select(User))\n    return (user.name for user in users)",
    ],
)
def test_a_result_that_the_caller_reads_is_not_shut_in(lines, tmp_path):
    result = fixed(f"def use():\n    {lines}", tmp_path)
    assert [finding.code for finding in result.remaining] == ["SES109"]
    assert lines in result.data.decode()


LEFT_OPEN = {
    "SES303": """
        class Unit:
            def __init__(self, session: AsyncSession):
                self.session, self.depth = session, 1

            async def __aexit__(self, *error):
                self.depth -= 1
                await self.session.flush()
                if self.depth:
                    return
                await self.session.commit()
                await self.session.close()
        """,
    "SES301": """
        async def use(db: AsyncSession, work):
            try:
                await work()
            finally:
                rows = await db.scalar("select 1")
                if rows:
                    await db.close()
        """,
    "SES110": """
        class Unit:
            def __enter__(self):
                self.session = Maker()
                return self

            def __exit__(self, *error):
                if self.session is None:
                    return
                self.session.commit()
                self.session.close()
        """,
}


@pytest.mark.parametrize("code", LEFT_OPEN)
def test_no_close_goes_into_a_finally_that_some_way_out_avoids(code, tmp_path):
    result = fixed(
        f"from sqlalchemy.ext.asyncio import AsyncSession\n{dedent(LEFT_OPEN[code])}", tmp_path
    )
    assert code in {one.code for one in (*result.applied, *result.remaining)}
    after = result.data.decode().rpartition("import AsyncSession")[2]
    assert _guards(after) == _guards(dedent(LEFT_OPEN[code]))


def _guards(text):
    """How many `try` stand before the last early way out."""
    return (text.rpartition("return")[0] or text).count("try:")
