"""What a shield leaves in memory: no cycle, no growth."""

import asyncio
import gc
import tracemalloc
import weakref

import pytest
from shields import Cleanup, new_loop, run, turns

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
    async def main():
        async def clean_up():
            await asyncio.sleep(0)

        async def many(count):
            for _ in range(count):
                await shielded(clean_up())

        await many(100)
        gc.collect()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        gc.disable()
        await many(2_000)
        after = tracemalloc.get_traced_memory()[0]
        gc.enable()
        tracemalloc.stop()
        return after - before

    assert run(main()) < 20_000
