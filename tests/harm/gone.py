"""Clients of `cancelled_handler` that go away: `python -m harm.gone CLIENTS "METHOD PATH" ...`.

So many ask at once, each for a seat of its own, whose number replaces `N` in the path. When all
their requests wait for the bank they hang up, and the server's work for them is cancelled. Prints
as JSON what became of the connections to the database, for each kind of request, each of which has
a server of its own. The database is that of the environment.

The garbage collector is off: what only it would find is lost, for nobody knows when it runs.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
from collections import Counter
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import asyncpg
from bench.cancellation import OUTCOMES
from sqlalchemy import event

from harm.loopback import Bank, Line, asked, reply, serving

__all__ = ["main"]

HELD = 0.2
"""Seconds for which the database keeps its answers when the clients have gone."""

LATE = 1.0
"""Seconds in which what goes on by itself may still give its connection back."""


@dataclass
class _Visit:
    """What the pool has said about the connection of a request."""

    is_back: bool = False
    is_closed: bool = False
    was_back_at_the_end: bool = False

    def outcome(self) -> str:
        if not self.is_back:
            return "lost"
        if self.is_closed:
            return "destroyed"
        return "kept" if self.was_back_at_the_end else "late"


class _Watched:
    """An application whose visits are noted, each with its connection; `ended` counts them."""

    def __init__(self, app: Any, pool: Any) -> None:
        self.app = app
        self.pool = pool
        self.visits: list[_Visit] = []
        self.ended = asyncio.Semaphore(0)
        self._current: ContextVar[_Visit | None] = ContextVar("visit", default=None)
        self._of: dict[Any, _Visit] = {}
        event.listen(pool, "checkout", self._taken)
        event.listen(pool, "checkin", self._came_back)
        event.listen(pool, "close", self._closed)
        event.listen(pool, "close_detached", self._closed)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        visit = _Visit()
        token = self._current.set(visit)
        try:
            await self.app(scope, receive, send)
        finally:
            self._current.reset(token)
            visit.was_back_at_the_end = visit.is_back
            self.ended.release()

    def counts(self) -> dict[str, int]:
        """How many connections had which outcome, and how many places are taken."""
        outcomes = Counter(visit.outcome() for visit in self.visits)
        return {name: outcomes[name] for name in OUTCOMES} | {"out": self.pool.checkedout()}

    def _taken(self, connection: Any, record: Any, _proxy: object) -> None:
        visit = self._current.get()
        if visit is not None:
            self.visits.append(visit)
            self._of[connection] = self._of[record] = visit

    def _came_back(self, _connection: Any, record: Any) -> None:
        if record in self._of:
            self._of[record].is_back = True

    def _closed(self, connection: Any, *_: object) -> None:
        if connection in self._of:
            self._of[connection].is_closed = True


async def main(clients: int, request: str) -> dict[str, int]:
    """How many connections had which outcome, and how many requests are served afterwards.

    `out` are places in the pool that are taken although no request is left, `backends` the
    server's processes that served the clients and are still there.
    """
    from seats.api import create_app
    from seats.settings import Settings

    dsn = os.environ["SEATS_DSN"]
    method, path = request.split()
    paths = [path.replace("N", str(number + 1)) for number in range(clients)]
    bank, line = Bank(), Line(dsn)
    line.is_open.set()
    async with bank.listening() as address, line.listening() as near:
        app = create_app(Settings(near, address, pool_size=clients, pool_timeout=LATE))
        watched = _Watched(app, app.state.engine.sync_engine.pool)
        strangers = await _backends(dsn)
        async with serving(watched) as port:
            hung_up = [(await asked(port, method, one))[1] for one in paths]
            await _times(bank.questions, clients)
            busy = await _backends(dsn) - strangers
            await _leave(hung_up, watched, line)
            counts = watched.counts()
            counts["backends"] = await _left(dsn, busy, counts["kept"] + counts["late"])
            bank.is_open.set()
            answers = await asyncio.gather(*(reply(port, method, one) for one in paths))
    return counts | {"served": [status for status, _ in answers].count(200)}


async def _leave(clients: list[asyncio.StreamWriter], watched: _Watched, line: Line) -> None:
    """Let clients hang up, and wait until all that follows has happened.

    The database keeps its answers until the handlers have ended. A handler that waits for one,
    as it should, gets it after a while.
    """
    line.is_open.clear()
    for one in clients:
        one.transport.abort()
    ending = asyncio.create_task(_times(watched.ended, len(clients)))
    await asyncio.wait([ending], timeout=HELD)
    line.is_open.set()
    await ending
    end = asyncio.get_running_loop().time() + LATE
    while watched.pool.checkedout() and asyncio.get_running_loop().time() < end:
        await asyncio.sleep(0.01)


async def _times(happened: asyncio.Semaphore, count: int) -> None:
    for _ in range(count):
        await happened.acquire()


async def _left(dsn: str, busy: set[int], most: int) -> int:
    """How many of the processes are left, when the others have had the time to end."""
    end = asyncio.get_running_loop().time() + LATE
    while len(found := await _backends(dsn) & busy) > most:
        if asyncio.get_running_loop().time() > end:
            break
        await asyncio.sleep(0.01)
    return len(found)


async def _backends(dsn: str) -> set[int]:
    """The processes of the database's server that serve somebody else."""
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(
            "select pid from pg_stat_activity where datname = current_database()"
            " and backend_type = 'client backend' and pid <> pg_backend_pid()"
        )
    finally:
        await connection.close()
    return {row["pid"] for row in rows}


if __name__ == "__main__":
    gc.disable()
    number, *requests = sys.argv[1:]
    print(json.dumps({one: asyncio.run(main(int(number), one)) for one in requests}))
