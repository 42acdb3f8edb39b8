"""Where a shield may stand: context, nesting, generators, the end of the loop, Ctrl-C."""

import asyncio
import contextvars
import os
import signal
import sys

import pytest
from shields import HAS_COUNTS, LOOPS, Cleanup, cancelling, new_loop, raised, run, turns

from sessionlint.shield import shielded, uncancellable

VARIABLE = contextvars.ContextVar("VARIABLE", default="before")

on_every_loop = pytest.mark.parametrize("loop", LOOPS)


@on_every_loop
def test_runs_in_the_same_task_and_context(loop):
    async def main():
        async def cleanup():
            await asyncio.sleep(0)
            VARIABLE.set("inside")
            await asyncio.sleep(0)
            return asyncio.current_task(), len(asyncio.all_tasks())

        assert await shielded(cleanup()) == (asyncio.current_task(), 1)
        return VARIABLE.get()

    assert run(main(), loop) == "inside"


@on_every_loop
def test_a_shield_in_a_shield_keeps_every_request(loop):
    async def main():
        first, second, third = Cleanup(), Cleanup(), Cleanup()

        async def outer():
            await first()
            await shielded(second())
            await third()
            return cancelling()

        task = asyncio.ensure_future(shielded(outer()))
        for cleanup in (first, second, third):
            await cleanup.began.wait()
            task.cancel()
            await turns()
            cleanup.open()
        assert isinstance(await raised(task), asyncio.CancelledError)
        assert all(one.is_whole for one in (first, second, third))
        return cancelling(task)

    assert run(main(), loop) == (3 if HAS_COUNTS else 0)


@pytest.mark.skipif(not HAS_COUNTS, reason="asyncio.timeout() is new in 3.11")
def test_a_time_limit_between_two_shields_is_the_outer_clean_ups_own():
    async def main():
        inner = Cleanup()
        asyncio.get_running_loop().call_later(0.03, inner.open)

        async def outer():
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await shielded(inner())
            return cancelling()

        return await shielded(outer()), inner.is_whole, cancelling()

    assert run(main()) == (0, True, 0)


@on_every_loop
def test_in_a_generator_that_is_closed_and_cancelled(loop):
    async def main():
        cleanup = Cleanup(2)

        async def rows():
            try:
                yield 1
            finally:
                await shielded(cleanup())

        async def read():
            generator = rows()
            await generator.asend(None)
            await generator.aclose()

        task = asyncio.ensure_future(read())
        await cleanup.began.wait()
        for number in range(2):
            task.cancel()
            await turns()
            cleanup.open(number)
        assert isinstance(await raised(task), asyncio.CancelledError)
        return cleanup.is_whole

    assert run(main(), loop)


@on_every_loop
def test_in_an_aexit_that_is_cancelled(loop):
    class Thing:
        def __init__(self):
            self.cleanup = Cleanup()

        async def __aenter__(self):
            return self

        async def __aexit__(self, *_):
            await shielded(self.cleanup())

    async def main():
        thing = Thing()

        async def use():
            async with thing:
                raise ValueError

        task = asyncio.ensure_future(use())
        await thing.cleanup.began.wait()
        task.cancel()
        await turns()
        thing.cleanup.open()
        error = await raised(task)
        assert isinstance(error, asyncio.CancelledError)
        return thing.cleanup.is_whole

    assert run(main(), loop)


def test_a_coroutine_that_is_closed_closes_the_clean_up():
    closed = []

    async def cleanup():
        try:
            await asyncio.Event().wait()
        finally:
            closed.append(True)

    async def main():
        coroutine = shielded(cleanup())
        coroutine.send(None)
        coroutine.close()
        shielded(cleanup()).close()

    run(main())
    assert closed == [True]


@on_every_loop
def test_what_no_task_can_wait_for_is_an_error_in_the_clean_up(loop):
    class Strange:
        def __await__(self):
            yield 3

    async def main():
        with pytest.raises(RuntimeError, match="Task got bad yield: 3"):
            await shielded(Strange())

    run(main(), loop)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks are new in 3.12")
def test_in_an_eager_task():
    async def main():
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
        cleanup = Cleanup()
        task = asyncio.create_task(shielded(cleanup()))
        assert cleanup.began.is_set()
        task.cancel()
        cleanup.open()
        assert isinstance(await raised(task), asyncio.CancelledError)
        assert await asyncio.create_task(shielded(Cleanup(0)())) == "clean"
        return cleanup.is_whole

    assert run(main())


@on_every_loop
def test_nothing_is_lost_at_the_end_of_the_loop(loop):
    done = []
    tasks = []

    async def clean_up():
        for _ in range(5):
            await asyncio.sleep(0)
        done.append("clean")

    async def work():
        try:
            await asyncio.Event().wait()
        finally:
            await shielded(clean_up())

    async def main():
        tasks.extend(asyncio.ensure_future(work()) for _ in range(10))
        await turns()
        for task in tasks[:5]:
            task.cancel()

    made = new_loop(loop)
    made.run_until_complete(main())
    left = asyncio.all_tasks(made)
    for task in left:
        task.cancel()
    made.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    made.close()
    assert done == ["clean"] * 10


@pytest.fixture
def hearing():
    """Ctrl-C raises as usual, also where this process was started to ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(not HAS_COUNTS, reason="Runner and its Ctrl-C are new in 3.11")
@pytest.mark.parametrize("where", ["callback", "running"])
@pytest.mark.usefixtures("hearing")
def test_ctrl_c_waits_for_the_end(where):
    done = []

    async def clean_up():
        if where == "callback":
            asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGINT)
        else:
            os.kill(os.getpid(), signal.SIGINT)
        for _ in range(5):
            await asyncio.sleep(0)
        done.append("clean")

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(shielded(clean_up()))
    assert done == ["clean"]


def test_outside_of_any_loop_it_is_a_plain_await():
    @uncancellable
    async def answer():
        return 42

    with pytest.raises(StopIteration) as end:
        answer().send(None)
    assert end.value.value == 42


@on_every_loop
def test_another_tasks_clean_up_may_cancel_this_one(loop):
    async def main():
        mine, theirs = Cleanup(), Cleanup(0)
        task = asyncio.ensure_future(shielded(mine()))
        await mine.began.wait()

        async def cancel():
            await theirs()
            task.cancel()

        await shielded(cancel())
        await turns()
        mine.open()
        assert isinstance(await raised(task), asyncio.CancelledError)
        return mine.is_whole

    assert run(main(), loop)
