"""One clean-up of a real connection, cancelled on the way, and what became of the connection."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_scoped_session,
    create_async_engine,
)
from sqlalchemy.orm import sessionmaker
from sqlalchemy.pool import AsyncAdaptedQueuePool
from starlette.responses import StreamingResponse

from sessionlint.shield import shielded

OUTCOMES = ("kept", "late", "destroyed", "lost")

Cleanup = Callable[[], Awaitable[Any]]


@dataclass
class Trial:
    """One connection: where its clean-up stands, and what the pool has said about it."""

    engine: AsyncEngine
    turns: int
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    body: asyncio.Event = field(default_factory=asyncio.Event)
    outcome: str = ""
    is_back: bool = False
    is_closed: bool = False
    task: asyncio.Task[Any] | None = None

    def listen(self) -> None:
        pool = self.engine.sync_engine.pool
        event.listen(pool, "checkin", self._came_back)
        event.listen(pool, "invalidate", self._closed)
        event.listen(pool, "close", self._closed)
        event.listen(pool, "close_detached", self._closed)

    def _came_back(self, connection: object, _record: object) -> None:
        self.is_back = connection is not None

    def _closed(self, *_: object) -> None:
        self.is_closed = True

    def ends(self) -> None:
        """The user's code goes on; now the connection should be back."""
        if self.is_back and not self.is_closed:
            self.outcome = "kept"

    async def settle(self) -> None:
        """Give what goes on by itself a tenth of a second."""
        for _ in range(100):
            if not self.is_out:
                return
            await asyncio.sleep(0.001)

    @property
    def is_out(self) -> bool:
        """Whether its place in the pool is taken, perhaps by a connection that is closed."""
        pool = self.engine.pool
        assert isinstance(pool, AsyncAdaptedQueuePool)
        return pool.checkedout() > 0

    def verdict(self) -> str:
        if self.is_out:
            return "lost"
        if self.is_closed:
            return "destroyed"
        return self.outcome or "late"


def made_by(engine: AsyncEngine) -> Any:
    """What makes sessions, in SQLAlchemy 1.4 as well, which has no `async_sessionmaker`."""
    return sessionmaker(engine, class_=AsyncSession)


async def close(engine: AsyncEngine) -> Cleanup:
    session = AsyncSession(engine)
    await session.execute(text("select 1"))
    return session.close


async def rollback_and_close(engine: AsyncEngine) -> Cleanup:
    session = AsyncSession(engine)
    await session.execute(text("select 1"))

    async def both() -> None:
        await session.rollback()
        await session.close()

    return both


async def remove(engine: AsyncEngine) -> Cleanup:
    registry = async_scoped_session(made_by(engine), scopefunc=asyncio.current_task)
    await registry.execute(text("select 1"))
    return registry.remove


async def connection_close(engine: AsyncEngine) -> Cleanup:
    connection = await engine.connect()
    await connection.execute(text("select 1"))
    return connection.close


async def commit_and_close(engine: AsyncEngine) -> Cleanup:
    """What `engine.begin()` ends with, without the task of its own that it closes in."""
    connection = await engine.connect()
    await connection.execute(text("select 1"))

    async def both() -> None:
        await connection.commit()
        await connection.close()

    return both


async def engine_begin(engine: AsyncEngine) -> Cleanup:
    manager = engine.begin()
    connection = await manager.__aenter__()
    await connection.execute(text("select 1"))
    return lambda: manager.__aexit__(None, None, None)


OPERATIONS = {
    "close": close,
    "rollback+close": rollback_and_close,
    "scoped remove": remove,
    "conn.close": connection_close,
    "commit+close": commit_and_close,
    "engine.begin": engine_begin,
}


@asynccontextmanager
async def nested_begin(engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    async with made_by(engine)() as session, session.begin():
        yield session


WITH: dict[str, Callable[[AsyncEngine], Any]] = {
    "close": lambda engine: made_by(engine)(),
    "conn.close": AsyncEngine.connect,
    "engine.begin": AsyncEngine.begin,
    "maker.begin": lambda engine: made_by(engine).begin(),
    "nested begin": nested_begin,
}
"""The same with `async with`, and two ends that are written so only."""


async def _plain(cleanup: Cleanup) -> None:
    await cleanup()


async def _shield(cleanup: Cleanup) -> None:
    await asyncio.shield(cleanup())


async def _anyio(cleanup: Cleanup) -> None:
    with anyio.CancelScope(shield=True):
        await cleanup()


async def _ours(cleanup: Cleanup) -> None:
    await shielded(cleanup())


METHODS = {
    "plain await": _plain,
    "asyncio.shield": _shield,
    "anyio scope": _anyio,
    "async with": None,
    "ours": _ours,
}


async def work(trial: Trial, operation: str, method: str) -> None:
    """Take a connection, use it, and clean up in a `finally`."""
    try:
        if method == "async with":
            async with WITH[operation](trial.engine) as it:
                await it.execute(text("select 1"))
                try:
                    await trial.body.wait()
                finally:
                    trial.begun.set()
        else:
            cleanup = await OPERATIONS[operation](trial.engine)
            try:
                await trial.body.wait()
            finally:
                trial.begun.set()
                await METHODS[method](cleanup)
    finally:
        trial.ends()


async def _in_the_middle(trial: Trial) -> None:
    trial.body.set()
    await trial.begun.wait()
    await _turns(trial.turns)


async def _turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def one_cancel(trial: Trial, job: Callable[[], Any]) -> None:
    task = asyncio.create_task(job())
    await _in_the_middle(trial)
    task.cancel()
    await asyncio.wait([task])


async def two_cancels(trial: Trial, job: Callable[[], Any]) -> None:
    """The first ends the body, the second comes during the clean-up."""
    task = asyncio.create_task(job())
    while task._fut_waiter is None or not trial.body._waiters:
        await asyncio.sleep(0)
    task.cancel()
    await trial.begun.wait()
    await _turns(trial.turns)
    task.cancel()
    await asyncio.wait([task])


async def cancel_storm(trial: Trial, job: Callable[[], Any]) -> None:
    task = asyncio.create_task(job())
    await _in_the_middle(trial)
    for _ in range(20):
        task.cancel()
        await asyncio.sleep(0)
    await asyncio.wait([task], timeout=5)


async def anyio_cancel(trial: Trial, job: Callable[[], Any]) -> None:
    scope = anyio.CancelScope()

    async def run() -> None:
        with scope:
            await job()

    task = asyncio.create_task(run())
    await _in_the_middle(trial)
    scope.cancel()
    await asyncio.wait([task])


async def timeout(trial: Trial, job: Callable[[], Any]) -> None:
    limits = []

    async def run() -> None:
        async with asyncio.timeout(None) as limit:
            limits.append(limit)
            await job()

    task = asyncio.create_task(run())
    await _in_the_middle(trial)
    if not task.done():
        limits[0].reschedule(asyncio.get_running_loop().time())
    await asyncio.wait([task])


async def disconnect(trial: Trial, job: Callable[[], Any]) -> None:
    """A client of Starlette goes away while the stream behind its response cleans up."""

    async def rows() -> Any:
        await job()
        yield b"row"

    async def receive() -> dict[str, Any]:
        await _in_the_middle(trial)
        return {"type": "http.disconnect"}

    async def send(_message: object) -> None:
        await asyncio.sleep(0)

    response = StreamingResponse(rows())
    scope = {"type": "http", "method": "GET", "asgi": {"spec_version": "2.3"}}
    await asyncio.wait([asyncio.create_task(response(scope, receive, send))])


async def shutdown(trial: Trial, job: Callable[[], Any]) -> None:
    """The program ends during the clean-up: `asyncio.run` cancels what is left."""
    trial.task = asyncio.create_task(job())
    await _in_the_middle(trial)


MODES = {
    "one cancel": one_cancel,
    "two cancels": two_cancels,
    "cancel storm": cancel_storm,
    "anyio cancel": anyio_cancel,
    **({"timeout": timeout} if sys.version_info >= (3, 11) else {}),
    "disconnect": disconnect,
    "shutdown": shutdown,
}


def cell(url: str, operation: str, method: str, mode: str, trials: int) -> dict[str, int]:
    """How often each outcome came in so many trials, each cancelled in another turn."""
    counts = dict.fromkeys(OUTCOMES, 0)
    for number in range(trials):
        counts[_outcome(url, operation, method, mode, number)] += 1
    return counts


def _outcome(url: str, operation: str, method: str, mode: str, number: int) -> str:
    async def main() -> Trial:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
        engine = create_async_engine(url, pool_size=1, max_overflow=0)
        trial = Trial(engine, number % 5)
        trial.listen()
        await MODES[mode](trial, lambda: work(trial, operation, method))
        if mode != "shutdown":
            await trial.settle()
            trial.outcome = trial.verdict()
            if trial.outcome != "lost":
                await engine.dispose()
        return trial

    trial = asyncio.run(main())
    return trial.outcome if mode != "shutdown" else trial.verdict()
