"""What the tests of the shield share: ways to run, and a clean-up that is led step by step."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from importlib.util import find_spec
from typing import Any

LOOPS = ["asyncio", "debug", *(["uvloop"] if find_spec("uvloop") else [])]

HAS_COUNTS = sys.version_info >= (3, 11)


def run(main: Coroutine[Any, Any, Any], loop_name: str = "asyncio") -> Any:
    """What a coroutine gives in a loop of its own; what goes to its exception handler fails."""
    loop = new_loop(loop_name)
    told: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _loop, context: told.append(context))
    try:
        result = loop.run_until_complete(main)
        assert asyncio.all_tasks(loop) == set()
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()
    assert told == []
    return result


def new_loop(name: str) -> asyncio.AbstractEventLoop:
    if name == "uvloop":
        import uvloop

        return uvloop.new_event_loop()
    loop = asyncio.new_event_loop()
    loop.set_debug(name == "debug")
    return loop


class Cleanup:
    """A clean-up of several waits, each ended by hand; it notes what happened to it."""

    def __init__(self, waits: int = 1, failure: BaseException | None = None) -> None:
        loop = asyncio.get_running_loop()
        self.gates = [loop.create_future() for _ in range(waits)]
        self.began = asyncio.Event()
        self.failure = failure
        self.done: list[object] = []
        self.counts: list[int] = []

    async def __call__(self) -> str:
        self.began.set()
        for number, gate in enumerate(self.gates):
            self.counts.append(cancelling())
            try:
                await gate
            except asyncio.CancelledError:
                self.done.append("cancelled")
                raise
            self.done.append(number)
        self.counts.append(cancelling())
        if self.failure is not None:
            raise self.failure
        return "clean"

    @property
    def is_whole(self) -> bool:
        """Whether it ran to its end and never saw a cancellation."""
        return self.done == list(range(len(self.gates))) and set(self.counts) == {0}

    def open(self, number: int = 0) -> None:
        self.gates[number].set_result(None)


async def turns(count: int = 3) -> None:
    """Let everything that is ready run."""
    for _ in range(count):
        await asyncio.sleep(0)


def cancelling(task: asyncio.Task[Any] | None = None) -> int:
    """How many cancellations the task has been asked for; 0 where they are not counted."""
    task = task or asyncio.current_task()
    return task.cancelling() if HAS_COUNTS else 0


async def raised(task: asyncio.Future[Any]) -> BaseException | None:
    """The error that a task ends with."""
    try:
        await task
    except BaseException as error:  # noqa: BLE001 - it is what is asked for
        return error
    return None


async def eventually(is_so: Callable[[], bool], most: int = 1000) -> None:
    """Turn the loop until something holds; fail if it never does."""
    for _ in range(most):
        if is_so():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came to pass")
