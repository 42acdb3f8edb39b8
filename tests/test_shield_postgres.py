"""The shield over real connections, and a server that stops answering."""

import asyncio
import logging
import socket
import sys
import time
from pathlib import Path

import pytest
from harm.loopback import Line
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from sessionlint.shield import shielded

sys.path.append(str(Path(__file__).parent / "bench"))
from cancellation import MODES, OPERATIONS, OUTCOMES, cell

TRIALS = 10

ALL_KEPT = dict.fromkeys(OUTCOMES, 0) | {"kept": TRIALS}


# `AsyncConnection.__aexit__` closes in a task of its own, which `asyncio.run` cancels at its end
# before a shield around the other task could see that.
OUT_OF_REACH = ("engine.begin", "shutdown")

CELLS = [(one, mode) for one in OPERATIONS for mode in MODES if (one, mode) != OUT_OF_REACH]


@pytest.mark.parametrize(("operation", "mode"), CELLS)
@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
def test_a_shielded_clean_up_keeps_its_connection(driver, operation, mode, postgres, caplog):
    url = postgres.replace("postgresql:", f"postgresql+{driver}:", 1)
    with caplog.at_level(logging.ERROR, "sqlalchemy.pool"):
        assert cell(url, operation, "ours", mode, TRIALS) == ALL_KEPT
    assert [record for record in caplog.records if record.name.startswith("sqlalchemy")] == []


@pytest.fixture
def mute():
    """The address of a server that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_a_mute_server_holds_up_nothing(is_cancelled, mute):
    ends = []

    async def clean_up():
        reader, writer = await asyncio.open_connection(*mute)
        try:
            writer.write(b"close, please\n")
            await reader.readexactly(1)
        finally:
            writer.close()

    async def work():
        try:
            await shielded(clean_up(), timeout=1)
        except BaseException as error:
            ends.append(type(error))
            raise

    async def main():
        asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
        task = asyncio.ensure_future(work())
        if not is_cancelled:
            await asyncio.wait([task])
            task.exception()
        else:
            await asyncio.sleep(0)
        # Have: else the end of the loop cancels the task, and waits for it.

    before = time.monotonic()
    asyncio.run(main())
    assert ends == [asyncio.CancelledError if is_cancelled else TimeoutError]
    assert 0.9 < time.monotonic() - before < 3


def test_a_close_that_the_database_does_not_answer_gives_up(postgres):
    line = Line(postgres)
    line.is_open.set()

    async def main():
        async with line.listening() as dsn:
            url = dsn.replace("postgresql:", "postgresql+asyncpg:", 1)
            engine = create_async_engine(url, pool_size=1, max_overflow=0)
            session = AsyncSession(engine)  # sessionlint: ignore[SES104] its close is tested
            await session.execute(text("select 1"))
            line.is_open.clear()
            with pytest.raises(TimeoutError):
                await shielded(session.close(), timeout=1)
            return engine.pool.checkedout()

    before = time.monotonic()
    assert asyncio.run(main()) == 0
    assert 0.9 < time.monotonic() - before < 6
