"""Clean-up that a cancellation cuts off: what protects it, who else ends it, how it is mended."""

from pathlib import Path
from textwrap import dedent

import pytest
from small_project import bytes_of, codes, found_in, written

from sessionlint.check import Project, check_source
from sessionlint.facts.names import Names
from sessionlint.fix import fix_source
from sessionlint_rules import RULES

CLOSING = """
    from sqlalchemy.ext.asyncio import AsyncSession

    async def load(db: AsyncSession):
        try:
            await db.execute("select 1")
        finally:
            await db.close()
"""


def messages(folder, files, name):
    """What is said about one file of a project."""
    root = written(folder, files)
    project = Project.open(root, bytes_of, Names())
    path = root / name
    return [one.message for one in check_source(path.read_bytes(), path, RULES, project)]


def fixed(text, names=None):
    """A text after all its fixes."""
    return fix_source(
        dedent(text).encode(),
        NOWHERE / "example.py",
        RULES,
        Project.open(NOWHERE, lambda _: None, names or Names()),
        lambda _: True,
    ).data.decode()


NOWHERE = Path("nowhere")


def test_names_the_locked_release_that_does_worse_than_others(tmp_path):
    files = {"app.py": CLOSING, "requirements.txt": "sqlalchemy[asyncio]==2.0.45\n"}
    (message,) = messages(tmp_path, files, "app.py")
    assert message.endswith(
        "; SQLAlchemy 2.0.45 loses its place in the pool until the garbage collector finds it"
    )


def test_says_nothing_of_a_release_that_does_as_others_do(tmp_path):
    files = {"app.py": CLOSING, "requirements.txt": "sqlalchemy==2.0.58\n"}
    (message,) = messages(tmp_path, files, "app.py")
    assert "SQLAlchemy" not in message


@pytest.mark.parametrize("place", ["tests/test_load.py", "migrations/env.py", "scripts/load.py"])
def test_is_silent_beside_the_program(tmp_path, place):
    root = written(tmp_path, {place: CLOSING, "pyproject.toml": ""})
    assert found_in(root) == {}


def test_takes_the_configured_shields_at_their_word():
    text = CLOSING.replace("await db.close()", "await guarded(db.close())")
    assert codes(dedent(text), Names(shields=frozenset({"guarded"}))) == []


def test_a_function_that_is_called_in_shields_only_is_left_alone(tmp_path):
    caller = """
        import anyio
        from load import load

        async def handle(session):
            with anyio.CancelScope(shield=True):
                await load(session)
    """
    assert found_in(written(tmp_path, {"load.py": CLOSING, "handle.py": caller})) == {}


def test_a_function_that_is_also_called_without_a_shield_is_told_of(tmp_path):
    caller = """
        import anyio
        from load import load

        async def handle(session):
            with anyio.CancelScope(shield=True):
                await load(session)

        async def hurry(session):
            await load(session)
    """
    root = written(tmp_path, {"load.py": CLOSING, "handle.py": caller})
    assert found_in(root) == {"load.py": [(8, "SES301")]}


@pytest.mark.parametrize(
    "driver",
    [
        "connection: asyncpg.Connection",
        "connection: aiosqlite.Connection",
        "connection: psycopg.AsyncConnection",
    ],
)
def test_drivers_look_after_their_own_connections(driver):
    text = f"""
        import aiosqlite, asyncpg, psycopg

        async def load({driver}):
            try:
                await connection.execute("select 1")
            finally:
                await connection.close()
    """
    assert codes(dedent(text)) == []


def test_what_a_framework_lends_a_framework_ends():
    text = CLOSING.replace("db: AsyncSession", "db: AsyncSession = Depends(get_db)")
    assert codes("from fastapi import Depends\n" + dedent(text)) == []


def test_an_http_session_is_no_session():
    text = """
        import aiohttp

        async def fetch(session: aiohttp.ClientSession):
            try:
                await session.get("/")
            finally:
                await session.close()
    """
    assert codes(dedent(text)) == []


def test_a_lifetime_that_gets_a_with_needs_no_shield():
    text = """
        from sqlalchemy.ext.asyncio import AsyncSession

        async def load(engine):
            db = AsyncSession(engine)
            try:
                return await db.scalar("select 1")
            finally:
                await db.close()
    """
    assert codes(dedent(text)) == ["SES101"]


def test_an_import_with_another_name_is_used_again():
    text = CLOSING.replace(
        "AsyncSession\n", "AsyncSession\nfrom app.guard import shielded as safe\n", 1
    )
    text = dedent(text.replace("\nfrom app", "\n    from app"))
    after = fixed(text, Names(shield_module="app.guard"))
    assert after == text.replace("await db.close()", "await safe(db.close())")


def test_the_shield_is_imported_from_the_projects_copy():
    after = fixed(CLOSING, Names(shield_module="app.guard"))
    assert "\nfrom app.guard import shielded\n" in after


def test_there_is_no_fix_where_the_name_means_something_else():
    text = "shielded = len\n" + dedent(CLOSING)
    assert fixed(text) == text


def test_a_release_that_is_returned_is_not_put_into_a_finally():
    text = """
        from sqlalchemy.ext.asyncio import AsyncSession

        class Unit:
            def __init__(self, db: AsyncSession):
                self.db = db

            async def __aexit__(self, *error):
                await self.db.commit()
                return await self.db.close()
    """
    after = fixed(text)
    assert "finally" not in after
    assert "return await shielded(self.db.close())" in after


def test_a_fix_that_nobody_is_offered_protects_nothing():
    text = """
        from sqlalchemy.ext.asyncio import AsyncSession

        async def load(engine, query):
            db = AsyncSession(engine)
            try:
                return await db.scalar(query)
            finally:
                await db.close()
    """
    data, path = dedent(text).encode(), NOWHERE / "example.py"
    project = Project.open(NOWHERE, lambda _: None, Names())
    by_hand = [rule for rule in RULES if rule.code == "SES101"]
    others = [rule for rule in RULES if rule.code != "SES101"]
    assert [one.code for one in check_source(data, path, RULES, project)] == ["SES101"]
    assert [one.code for one in check_source(data, path, others, project)] == ["SES301"]
    assert [one.code for one in check_source(data, path, by_hand, project)] == ["SES101"]
