"""Cancellations at every point of made-up clean-ups, against what a plain await does."""

import asyncio
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shields import HAS_COUNTS, LOOPS, cancelling, new_loop

from sessionlint.shield import shielded

STEPS = ["turn", "future", "task", "shield", "limit", "catch"]


@dataclass
class Course:
    """One run: what the clean-up did, how its task ended, and how often it was cancelled."""

    done: list
    end: object
    count: int
    asked: int
    told: list


class Tide:
    """Runs one task beside a driver that cancels it in chosen turns of the loop."""

    def __init__(self, steps, failure, moments):
        self.steps = steps
        self.failure = failure
        self.moments = moments
        self.done = []
        self.asked = 0

    async def clean_up(self):
        for step in self.steps:
            self.done.append((step, await getattr(self, f"_{step}")(), cancelling()))
        if self.failure:
            raise ValueError("failed")
        return "clean"

    async def _turn(self):
        await asyncio.sleep(0)

    async def _future(self):
        future = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(future.set_result, 1)
        return await future

    async def _task(self):
        return await asyncio.ensure_future(self._future())

    async def _shield(self):
        return await shielded(self._future())

    async def _limit(self):
        if not HAS_COUNTS:
            return "late"
        try:
            async with asyncio.timeout(0):
                await asyncio.get_running_loop().create_future()
        except TimeoutError:
            return "late"

    async def _catch(self):
        future = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(future.cancel)
        try:
            await future
        except asyncio.CancelledError:
            return "caught"

    async def main(self, awaitable):
        task = asyncio.get_running_loop().create_task(awaitable)
        for turn in range(60):
            for _ in range(self.moments.count(turn)):
                self.asked += task.cancel(f"in turn {turn}")
            await asyncio.sleep(0)
        assert task.done()
        end = "cancelled" if task.cancelled() else task.exception() or task.result()
        return end, cancelling(task)


def course(loop_name, steps, failure, moments, wrap):
    """What becomes of one run."""
    loop = new_loop(loop_name)
    told = []
    loop.set_exception_handler(lambda _loop, context: told.append(str(context["exception"])))
    tide = Tide(steps, failure, moments)
    try:
        end, count = loop.run_until_complete(tide.main(wrap(tide)))
    finally:
        loop.close()
    return Course(tide.done, str(end), count, tide.asked, told)


def bare(tide):
    return tide.clean_up()


def direct(tide):
    return shielded(tide.clean_up())


async def in_function(tide):
    return await shielded(tide.clean_up())


async def in_shield(tide):
    return await shielded(in_function(tide))


async def with_time_limit(tide):
    return await shielded(tide.clean_up(), timeout=60)


WRAPS = [direct, in_function, in_shield, with_time_limit]


def is_as_promised(loop, steps, failure, moments, wrap):
    plain = course(loop, steps, failure, [], bare)
    ours = course(loop, steps, failure, moments, wrap)
    # Before its first step only the shield itself is a task that begins.
    is_early = 0 in moments and wrap is not direct
    if is_early:
        return (ours.done, ours.end) == ([], "cancelled")
    assert ours.done == plain.done
    assert ours.count == (ours.asked if HAS_COUNTS else 0)
    assert ours.end == ("cancelled" if ours.asked else plain.end)
    assert ours.told in ([], ["failed"] if failure and ours.asked else [])
    return True


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("wrap", WRAPS)
def test_one_cancel_in_every_turn(loop, wrap):
    for failure in (False, True):
        for moment in range(20):
            assert is_as_promised(loop, STEPS, failure, [moment], wrap)


@settings(max_examples=150, deadline=None)
@given(
    steps=st.lists(st.sampled_from(STEPS), max_size=6),
    failure=st.booleans(),
    moments=st.lists(st.integers(0, 20), max_size=3),
    wrap=st.sampled_from(WRAPS),
    loop=st.sampled_from(LOOPS),
)
def test_up_to_three_cancels_in_any_turns(steps, failure, moments, wrap, loop):
    assert is_as_promised(loop, steps, failure, moments, wrap)
