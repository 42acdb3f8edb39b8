"""Cancels a function in its work, and once more at each step of what it does then."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Awaitable, Callable, Generator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from harm.runs import Function, given_to
from harm.world import World

__all__ = ["is_cut_off"]

STEPS = 12
"""How many steps of a clean-up are cancelled, one in each run; none of the examples has more."""

Work = Callable[[], Awaitable[None]]


@dataclass
class _Meter:
    """Where the second cancellation is to come, and how far the clean-up has got."""

    at: int
    is_cleaning: bool = False
    steps: int = 0

    async def work(self) -> None:
        """Work that is cancelled; what the function does from here on is clean-up."""
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None
        loop.call_soon(task.cancel)
        try:
            await loop.create_future()
        finally:
            self.is_cleaning = True

    def is_due(self) -> bool:
        """Whether the step that begins now is the one to cancel."""
        self.steps += self.is_cleaning
        return self.is_cleaning and self.steps == self.at


async def is_cut_off(world: World, function: Function) -> bool:
    """Whether some second cancellation costs the pool its connection.

    That is when it has not come back by the time the function ends, or was thrown away.
    """
    return any([await _is_lost(world, function, _Meter(at)) for at in range(STEPS + 1)])


async def _is_lost(world: World, function: Function, meter: _Meter) -> bool:
    async with given_to(world, function, work=meter.work) as given:
        destroyed = world.destroyed
        task = asyncio.create_task(_counted(function(**given), meter))
        with suppress(asyncio.CancelledError, SQLAlchemyError):
            await task
        is_lost = world.held > 0 or world.destroyed > destroyed
        # What goes on in a task of its own has to end before the next run.
        await asyncio.sleep(0.01)
        await world.recover()
    return is_lost


async def _counted(coro: Any, meter: _Meter) -> object:
    return await _steps(coro, meter)


@types.coroutine
def _steps(coro: Any, meter: _Meter) -> Generator[Any, Any, object]:
    """Drive a coroutine as `await` does, and cancel its task at one step."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None
    thrown: BaseException | None = None
    while True:
        try:
            waited = coro.send(None) if thrown is None else coro.throw(thrown)
        except StopIteration as end:
            return end.value
        thrown = None
        if meter.is_due():
            loop.call_soon(task.cancel)
        try:
            yield waited
        except BaseException as error:  # noqa: BLE001 - it is thrown where it belongs
            thrown = error
