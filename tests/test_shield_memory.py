"""What a shield leaves in memory: no cycle, no growth."""

import asyncio
import gc
import tracemalloc
import weakref

import pytest
from shields import Cleanup, new_loop, run, turns

from sessionlint import shield
from sessionlint.shield import shielded


@pytest.mark.parametrize("cancels", [0, 1])
def test_keeps_no_cycle_of_references(cancels):
    async def main():
        cleanup = Cleanup()

        async def fail(cleanup):
            await cleanup()
            raise ValueError

        task = asyncio.ensure_future(shielded(fail(cleanup)))
        await cleanup.began.wait()
        if cancels:
            task.cancel()
        cleanup.open()
        await asyncio.wait([task])
        error = task.exception() if not cancels else None
        kept = [weakref.ref(one) for one in (cleanup, task)]
        del cleanup, task, error, fail
        await turns()
        return [one() for one in kept]

    loop = new_loop("asyncio")
    loop.set_exception_handler(lambda _loop, _context: None)
    gc.collect()
    gc.disable()
    try:
        assert loop.run_until_complete(main()) == [None, None]
    finally:
        gc.enable()
        loop.close()


def test_memory_is_stable_over_many_calls():
    async def clean_up():
        await asyncio.sleep(0)

    async def many(count):
        for _ in range(count):
            await shielded(clean_up())

    async def main():
        await many(100)
        gc.collect()
        gc.disable()
        tracemalloc.start(10)
        try:
            await many(2_000)
            return tracemalloc.take_snapshot()
        finally:
            tracemalloc.stop()
            gc.enable()

    # Have: what the loop, or another thread of this process, keeps for later comes and goes.
    ours = [tracemalloc.Filter(True, shield.__file__, all_frames=True)]
    ours.append(tracemalloc.Filter(True, __file__))
    kept = run(main()).filter_traces(ours).statistics("filename")
    assert sum(one.size for one in kept) < 20_000
