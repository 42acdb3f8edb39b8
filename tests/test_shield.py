"""The shield on asyncio: results, cancellations, failures and time limits."""

import asyncio
import traceback
import types

import pytest
from shields import HAS_COUNTS, LOOPS, Cleanup, cancelling, raised, run, turns

from sessionlint.shield import shielded

pytestmark = pytest.mark.parametrize("loop", LOOPS)

needs_counts = pytest.mark.skipif(not HAS_COUNTS, reason="Task.cancelling() is new in 3.11")


class Answer:
    def __await__(self):
        yield from asyncio.sleep(0).__await__()
        return "object"


@types.coroutine
def old_style():
    yield
    return "generator"


async def plain():
    await asyncio.sleep(0)
    return "coroutine"


GENERATORS = []


async def letters():
    yield "asend"


def asend():
    # Kept, for the loop ends those that nobody holds in a task of its own.
    GENERATORS.append(letters())
    return GENERATORS[-1].asend(None)


def future():
    return asyncio.ensure_future(asyncio.sleep(0, "future"))


AWAITABLES = {
    "coroutine": plain,
    "object": Answer,
    "generator": old_style,
    "future": future,
    "asend": asend,
    "shield": lambda: shielded(plain()),
}


@pytest.mark.parametrize("kind", AWAITABLES)
def test_gives_what_a_plain_await_gives(kind, loop):
    async def main():
        return await AWAITABLES[kind](), await shielded(AWAITABLES[kind]())

    expected, actual = run(main(), loop)
    assert expected == actual


def test_raises_what_a_plain_await_raises(loop):
    async def fail():
        await asyncio.sleep(0)
        raise ValueError("no") from KeyError("why")

    async def main():
        return [await raised(asyncio.ensure_future(one)) for one in (fail(), shielded(fail()))]

    expected, actual = run(main(), loop)
    assert [type(actual), actual.args, actual.__context__] == [ValueError, ("no",), None]
    assert repr(actual.__cause__) == "KeyError('why')"
    ends = [traceback.extract_tb(error.__traceback__)[-1] for error in (expected, actual)]
    assert ends[0] == ends[1]


@pytest.mark.parametrize("thing", [plain, None, 3])
def test_refuses_what_cannot_be_awaited(thing, loop):
    hint = r"; call it: shielded\(plain\(\)\)" if thing is plain else ""
    with pytest.raises(TypeError, match="cannot be awaited" + hint + "$"):
        shielded(thing)


def test_one_cancel_waits_for_the_end(loop):
    async def main():
        cleanup = Cleanup()
        task = asyncio.ensure_future(shielded(cleanup()))
        await cleanup.began.wait()
        task.cancel("stop")
        await turns()
        assert not task.done()
        cleanup.open()
        error = await raised(task)
        assert isinstance(error, asyncio.CancelledError)
        assert cleanup.is_whole
        return task.cancelled()

    assert run(main(), loop)


@pytest.mark.parametrize("moments", [[0], [1], [2], [0, 1], [0, 0], [0, 1, 2], [2, 2]])
def test_several_cancels_are_raised_once_and_counted(moments, loop):
    async def main():
        cleanup = Cleanup(3)
        seen = []

        async def outer():
            try:
                await shielded(cleanup())
            except asyncio.CancelledError as error:
                seen.append((error.args, cancelling()))
            await asyncio.sleep(0)
            seen.append("on")

        task = asyncio.ensure_future(outer())
        await cleanup.began.wait()
        for number in range(3):
            for moment in moments:
                if moment == number:
                    task.cancel("first" if not seen and moment == moments[0] else "later")
            await turns()
            cleanup.open(number)
            await turns()
        await task
        assert cleanup.is_whole
        return seen

    assert run(main(), loop) == [(("first",), len(moments) if HAS_COUNTS else 0), "on"]


def test_a_cancel_with_the_last_wake_up_is_not_lost(loop):
    async def main():
        cleanup = Cleanup()
        task = asyncio.ensure_future(shielded(cleanup()))
        await cleanup.began.wait()
        cleanup.open()
        task.cancel()
        assert isinstance(await raised(task), asyncio.CancelledError)
        return cleanup.is_whole

    assert run(main(), loop)


def test_a_cancel_before_is_raised_after(loop):
    async def main():
        cleanup = Cleanup()
        cleanup.open()

        async def outer():
            asyncio.current_task().cancel("before")
            try:
                await shielded(cleanup())
            except asyncio.CancelledError as error:
                return error.args, cancelling()

        assert await asyncio.ensure_future(outer()) == (("before",), 1 if HAS_COUNTS else 0)
        return cleanup.is_whole

    assert run(main(), loop)


def test_in_a_finally_the_count_of_before_is_kept(loop):
    async def main():
        cleanup = Cleanup()
        seen = []

        async def outer():
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                await shielded(cleanup())
                seen.append(cancelling())
                await asyncio.sleep(0)
                seen.append("on")

        task = asyncio.ensure_future(outer())
        await turns()
        task.cancel()
        await cleanup.began.wait()
        cleanup.open()
        assert isinstance(await raised(task), asyncio.CancelledError)
        assert cleanup.is_whole
        return seen

    assert run(main(), loop) == [1 if HAS_COUNTS else 0, "on"]


def test_a_task_cancelled_before_its_first_step_cleans_up(loop):
    async def main():
        cleanup = Cleanup()
        task = asyncio.get_running_loop().create_task(shielded(cleanup()))
        task.cancel("early")
        await cleanup.began.wait()
        cleanup.open()
        error = await raised(task)
        assert isinstance(error, asyncio.CancelledError)
        return cleanup.is_whole

    assert run(main(), loop)


def test_wait_for_outside_raises_its_timeout_after_the_end(loop):
    async def main():
        cleanup = Cleanup()
        task = asyncio.ensure_future(asyncio.wait_for(shielded(cleanup()), 0.01))
        await cleanup.began.wait()
        asyncio.get_running_loop().call_later(0.03, cleanup.open)
        error = await raised(task)
        assert cleanup.is_whole
        return type(error)

    assert run(main(), loop) is asyncio.TimeoutError


@needs_counts
def test_timeout_outside_raises_its_timeout_after_the_end(loop):
    async def main():
        cleanup = Cleanup()
        asyncio.get_running_loop().call_later(0.03, cleanup.open)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await shielded(cleanup())
        return cleanup.is_whole, cancelling()

    assert run(main(), loop) == (True, 0)


@needs_counts
def test_a_task_group_outside_ends_with_its_own_failure(loop):
    async def main():
        cleanup = Cleanup()

        async def fail():
            await cleanup.began.wait()
            asyncio.get_running_loop().call_soon(cleanup.open)
            raise ValueError

        with pytest.raises(ExceptionGroup) as caught:  # noqa: F821, PT012 - 3.11
            async with asyncio.TaskGroup() as group:
                group.create_task(fail())
                await shielded(cleanup())
        assert [type(one) for one in caught.value.exceptions] == [ValueError]
        return cleanup.is_whole, cancelling()

    assert run(main(), loop) == (True, 0)


@needs_counts
@pytest.mark.parametrize("is_cancelled", [False, True])
def test_timeout_and_task_group_inside_work_as_ever(is_cancelled, loop):
    async def main():
        seen = []
        never = asyncio.get_running_loop().create_future()

        async def fail():
            raise ValueError

        async def cleanup():
            try:
                async with asyncio.timeout(0):
                    await never
            except TimeoutError:
                seen.append("timeout")
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(fail())
                    await asyncio.get_running_loop().create_future()
            except ExceptionGroup:  # noqa: F821 - from 3.11 on
                seen.append("group")
            seen.append(cancelling())

        task = asyncio.ensure_future(shielded(cleanup()))
        await asyncio.sleep(0)
        if is_cancelled:
            task.cancel()
        error = await raised(task)
        assert isinstance(error, asyncio.CancelledError) == is_cancelled
        return seen

    assert run(main(), loop) == ["timeout", "group", 0]


def test_a_future_that_somebody_cancels_is_cancelled(loop):
    async def main():
        cleanup = Cleanup()
        task = asyncio.ensure_future(shielded(cleanup()))
        await cleanup.began.wait()
        cleanup.gates[0].cancel()
        assert isinstance(await raised(task), asyncio.CancelledError)
        return cleanup.done

    assert run(main(), loop) == ["cancelled"]
