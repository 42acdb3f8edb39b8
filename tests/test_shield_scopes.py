"""The shield inside anyio's scopes, and on trio."""

import asyncio
import time

import anyio
import anyio.from_thread
import anyio.to_thread
import pytest
import trio
from shields import HAS_COUNTS, Cleanup, cancelling, eventually, raised, run, turns

from sessionlint.shield import shielded, uncancellable


@pytest.mark.parametrize("is_native", [False, True])
def test_a_cancelled_scope_waits_for_the_end(is_native):
    async def main():
        cleanup = Cleanup(2)
        seen = []

        async def work(scope):
            with scope:
                try:
                    await asyncio.Event().wait()
                finally:
                    await shielded(cleanup())
                    seen.append("on")
                    await asyncio.sleep(0)
                    seen.append("not cancelled any more")

        scope = anyio.CancelScope()
        task = asyncio.ensure_future(work(scope))
        await turns()
        scope.cancel()
        await cleanup.began.wait()
        for number in range(2):
            if is_native:
                task.cancel()
            await turns()
            cleanup.open(number)
        error = await raised(task)
        assert cleanup.is_whole
        return seen, type(error), cancelling(task)

    seen, kind, count = run(main())
    if not is_native:
        assert (seen, kind, count) == (["on"], type(None), 0)
    elif HAS_COUNTS:
        assert (seen, kind) == ([], asyncio.CancelledError)
        assert count >= 2
    # Have: else anyio takes a native cancellation for its own, as it does with a plain await.


def test_a_scope_that_is_cancelled_while_shielded_stops_the_next_await():
    async def main():
        cleanup = Cleanup()
        with anyio.CancelScope() as scope:
            asyncio.get_running_loop().call_soon(scope.cancel)
            asyncio.get_running_loop().call_later(0.01, cleanup.open)
            assert await shielded(cleanup()) == "clean"
            await asyncio.Event().wait()
        return scope.cancelled_caught, cleanup.is_whole, cancelling()

    assert run(main()) == (True, True, 0)


def test_a_clean_ups_own_scopes_work():
    async def main():
        seen = []

        async def fail():
            raise ValueError

        async def clean_up():
            with anyio.move_on_after(0.01) as scope:
                await asyncio.Event().wait()
            seen.append(scope.cancelled_caught)
            try:
                async with anyio.create_task_group() as group:
                    group.start_soon(fail)
                    await asyncio.Event().wait()
            except BaseException as error:  # noqa: BLE001 - an ExceptionGroup, also on 3.10
                seen.append([type(one) for one in error.exceptions])
            seen.append(cancelling())

        task = asyncio.ensure_future(shielded(clean_up()))
        await asyncio.sleep(0)
        task.cancel()
        assert isinstance(await raised(task), asyncio.CancelledError)
        return seen

    assert run(main()) == [True, [ValueError], 0]


@pytest.mark.parametrize("is_around", [False, True])
def test_a_clean_ups_own_scope_may_be_cancelled_from_outside(is_around):
    async def main():
        scopes = []

        async def clean_up():
            with anyio.CancelScope() as scope:
                scopes.append(scope)
                await asyncio.Event().wait()
            return scope.cancelled_caught

        async def around():
            with anyio.CancelScope():
                return await shielded(clean_up())

        task = asyncio.ensure_future(around() if is_around else shielded(clean_up()))
        await eventually(lambda: bool(scopes))
        scopes[0].cancel()
        return await asyncio.wait_for(task, 5), cancelling(task)

    assert run(main()) == (True, 0)


def test_a_task_group_ends_after_its_clean_ups():
    async def main():
        cleanups = [Cleanup() for _ in range(3)]

        async def work(cleanup):
            try:
                await asyncio.Event().wait()
            finally:
                await shielded(cleanup())

        async with anyio.create_task_group() as group:
            for cleanup in cleanups:
                group.start_soon(work, cleanup)
                group.start_soon(uncancellable(cleanup.__call__))
            await turns()
            for cleanup in cleanups:
                asyncio.get_running_loop().call_later(0.01, cleanup.open)
            group.cancel_scope.cancel()
        return [0 in cleanup.done and "cancelled" not in cleanup.done for cleanup in cleanups]

    assert run(main()) == [True] * 3


def test_a_shield_may_be_the_task_of_a_group():
    async def main():
        cleanup = Cleanup()
        async with anyio.create_task_group() as group:
            group.start_soon(shielded, cleanup())
            await cleanup.began.wait()
            group.cancel_scope.cancel()
            asyncio.get_running_loop().call_later(0.01, cleanup.open)
        return cleanup.is_whole

    assert run(main())


def test_called_from_a_thread():
    async def main():
        cleanup = Cleanup()

        async def call():
            return await shielded(cleanup())

        async def cancel(scope, cleanup):
            await cleanup.began.wait()
            scope.cancel()
            await turns()
            cleanup.open()

        with anyio.CancelScope() as scope:
            canceller = asyncio.ensure_future(cancel(scope, cleanup))
            await anyio.to_thread.run_sync(anyio.from_thread.run, call)
        await canceller
        return cleanup.is_whole

    assert run(main())


def test_waiting_costs_no_time_of_the_processor():
    async def main():
        cleanup = Cleanup()
        with anyio.CancelScope() as scope:
            scope.cancel()
            asyncio.get_running_loop().call_later(0.3, cleanup.open)
            before = time.process_time()
            await shielded(cleanup())
            return time.process_time() - before

    assert run(main()) < 0.1


def test_on_trio_it_is_trios_own_shield():
    async def main():
        done = []

        async def clean_up():
            await trio.lowlevel.checkpoint()
            done.append("clean")
            return "given"

        with trio.CancelScope() as scope:
            scope.cancel()
            done.append(await shielded(clean_up()))
            await trio.lowlevel.checkpoint()
            done.append("not cancelled")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(shielded, clean_up())
            nursery.cancel_scope.cancel()
        with pytest.raises(TimeoutError):
            await shielded(trio.sleep_forever(), timeout=0.01)
        return done

    assert trio.run(main) == ["clean", "given", "clean"]
