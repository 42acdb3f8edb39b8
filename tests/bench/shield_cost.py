"""Print what one shielded call costs beside other ways: `shield_cost.py [CALLS]`.

CPU time per call, the median of several rounds in which the ways take turns, and the ratio to
`asyncio.shield`, which runs the call in a new task.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable

import anyio

from sessionlint.shield import shielded

_ROUNDS = 9


async def _turn() -> None:
    await asyncio.sleep(0)


async def _future() -> None:
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    loop.call_soon(future.set_result, None)
    await future


async def _three() -> None:
    for _ in range(3):
        await _future()


async def _scope(clean_up: Callable[[], Awaitable[None]]) -> None:
    with anyio.CancelScope(shield=True):
        await clean_up()


WAYS: dict[str, Callable[[Callable[[], Awaitable[None]]], Awaitable[None]]] = {
    "plain await": lambda clean_up: clean_up(),
    "asyncio.shield": lambda clean_up: asyncio.shield(clean_up()),
    "anyio scope": _scope,
    "shielded": lambda clean_up: shielded(clean_up()),
    "shielded, timeout": lambda clean_up: shielded(clean_up(), timeout=60),
}


async def _cost(
    way: Callable[..., Awaitable[None]], clean_up: Callable[[], Awaitable[None]], calls: int
) -> float:
    begin = time.process_time()
    for _ in range(calls):
        await way(clean_up)
    return (time.process_time() - begin) / calls


async def _costs(clean_up: Callable[[], Awaitable[None]], calls: int) -> dict[str, float]:
    rounds = [
        {name: await _cost(way, clean_up, calls) for name, way in WAYS.items()}
        for _ in range(_ROUNDS)
    ]
    return {name: statistics.median(one[name] for one in rounds) for name in WAYS}


def main() -> None:
    calls = int(sys.argv[1]) if sys.argv[1:] else 5_000
    for clean_up, words in ((_turn, "one turn"), (_future, "one wait"), (_three, "three waits")):
        found = asyncio.run(_costs(clean_up, calls))
        for name, seconds in found.items():
            ratio = seconds / found["asyncio.shield"]
            print(f"{words:12} {name:18} {seconds * 1e6:7.2f} us {ratio:6.2f}")


if __name__ == "__main__":
    main()
