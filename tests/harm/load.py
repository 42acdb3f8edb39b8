"""Sends `user_service` many requests: `python -m harm.load REQUESTS AT_ONCE PATIENCE COLLECTOR`.

So many are under way at a time, and each waits so many seconds for its answer. Prints what became
of them as JSON. The database and its pool are those of the environment.

A lost session is a cycle of objects, so only the garbage collector finds it, at times that differ
from run to run. With COLLECTOR `off` it never runs, and what is lost stays lost.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import cycle, islice
from typing import Any, NamedTuple

from sqlalchemy.exc import SQLAlchemyError
from users.api import create_app

from harm.web import answer

__all__ = ["main"]

USERS = 20
"""How many are registered before the load begins."""


class _Request(NamedTuple):
    """What is asked for and what has to be answered; `says` is None where any text will do."""

    method: str
    path: str
    status: int
    body: object = None
    says: object = None


def _requests(count: int) -> Iterator[_Request]:
    """Ten kinds in turn; two of them, and half of an import, ask for what the service refuses."""
    turns = islice(cycle(range(1, USERS + 1)), count)
    for number, user in enumerate(turns):
        known, new = _named(user), _named(USERS + 1 + number)
        yield (
            _Request("GET", f"/users/{user}", 200),
            _Request("GET", "/users/999999", 404),
            _Request("POST", "/users", 201, new),
            _Request("POST", "/users", 409, known),
            _Request("POST", f"/users/{user}/login", 200),
            _Request("GET", f"/users/{user}", 200),
            _Request("GET", "/alive", 200, says={"alive": True}),
            _Request("GET", "/ready", 200, says={"ready": True}),
            _Request("POST", "/notes?message=hello", 201),
            _Request("POST", "/users/import", 200, [new, known], says={"imported": 1}),
        )[number % 10]


def _named(number: int) -> dict[str, str]:
    return {"name": f"user {number}", "email": f"{number}@example.org"}


async def _outcome(app: Any, request: _Request, patience: float) -> str:
    """Whether a request is `served`, finds the pool `exhausted`, has `failed` or goes `wrong`."""
    answering = answer(app, request.method, request.path, request.body)
    try:
        status, text = await asyncio.wait_for(answering, patience)
    except asyncio.TimeoutError:
        return "failed"
    except SQLAlchemyError as error:
        return "exhausted" if "QueuePool limit" in str(error) else "failed"
    is_right = status == request.status and request.says in (None, text)
    return "served" if is_right else "wrong"


async def main(count: int, at_once: int, patience: float) -> dict[str, int]:
    """How many of the requests had which outcome, and what is checked out in the end."""
    app = create_app()
    places = asyncio.Semaphore(at_once)

    async def sent(request: _Request) -> str:
        async with places:
            return await _outcome(app, request, patience)

    async with app.router.lifespan_context(app):
        for number in range(1, USERS + 1):
            await answer(app, "POST", "/users", _named(number))
        outcomes = Counter(await asyncio.gather(*map(sent, _requests(count))))
        _, pool = await answer(app, "GET", "/pool")
    counts = {name: outcomes[name] for name in ("served", "exhausted", "failed", "wrong")}
    return counts | {"checked_out": pool["checked_out"]}


if __name__ == "__main__":
    _, number, width, seconds, collector = sys.argv
    if collector == "off":
        gc.disable()
    print(json.dumps(asyncio.run(main(int(number), int(width), float(seconds)))))
