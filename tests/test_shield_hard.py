"""Shields in hard weather: storms of cancels, no time left, fatal errors, uses that are mistakes."""

import asyncio
import contextvars
import functools
import gc
import inspect
import weakref

import anyio
import pytest
from fastapi.testclient import TestClient
from shields import HAS_COUNTS, LOOPS, Cleanup, cancelling, raised, run
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from sessionlint.shield import shielded, uncancellable

needs_counts = pytest.mark.skipif(not HAS_COUNTS, reason="asyncio counts no requests")
on_every_loop = pytest.mark.parametrize("loop", LOOPS)


@on_every_loop
def test_a_cancel_in_every_turn_is_outlived(loop):
    async def main():
        cleanup = Cleanup()
        task = asyncio.ensure_future(shielded(cleanup()))
        await cleanup.began.wait()
        for turn in range(20):
            task.cancel()
            if turn == 5:
                cleanup.open()
            await asyncio.sleep(0)
        assert task.cancelled()
        return cleanup.is_whole

    assert run(main(), loop)


@on_every_loop
@pytest.mark.parametrize("timeout", [0, -1])
def test_no_time_left_is_no_end_for_a_shield_inside(timeout, loop):
    async def main():
        cleanup = Cleanup()
        task = asyncio.ensure_future(shielded(_later(cleanup), timeout=timeout))
        await cleanup.began.wait()
        for _ in range(20):
            await asyncio.sleep(0)
        assert not task.done()
        cleanup.open()
        assert isinstance(await raised(task), TimeoutError)
        return cleanup.is_whole, cancelling()

    assert run(main(), loop) == (True, 0)


async def _later(cleanup):
    await shielded(cleanup())


@needs_counts
@on_every_loop
def test_a_group_inside_that_repeats_its_request_asks_for_nothing_outside(loop):
    """From 3.13 on a TaskGroup whose child fails while it is cancelled cancels its parent anew."""

    async def main():
        async def fails_when_stopped():
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                raise ValueError

        async def cleanup(told):
            try:
                async with asyncio.timeout(0):
                    try:
                        async with asyncio.TaskGroup() as group:
                            group.create_task(fails_when_stopped())
                            await asyncio.sleep(0)
                    except ExceptionGroup:  # noqa: F821 - from 3.11 on
                        told.append("group")
                    await asyncio.sleep(0)
            except TimeoutError:
                told.append("timeout")

        plain, guarded = [], []
        await cleanup(plain)
        await shielded(cleanup(guarded))
        return plain == guarded, cancelling()

    assert run(main(), loop) == (True, 0)


class Fatal(BaseException):
    """As what ends a test run, or a group of such."""


@on_every_loop
def test_a_fatal_error_does_not_forget_the_cancellation(loop):
    async def main():
        told = []
        cleanup = Cleanup(failure=Fatal())

        async def work():
            try:
                await shielded(cleanup())
            except Fatal:
                told.append(cancelling())
            await asyncio.sleep(0)

        task = asyncio.ensure_future(work())
        await cleanup.began.wait()
        task.cancel()
        cleanup.open()
        assert isinstance(await raised(task), asyncio.CancelledError)
        return told

    assert run(main(), loop) == [int(HAS_COUNTS)]


@on_every_loop
def test_a_task_that_waits_for_itself_is_an_error(loop):
    async def main():
        with pytest.raises(RuntimeError, match="await on itself"):
            await shielded(asyncio.current_task())

    run(main(), loop)


def test_awaited_twice_is_an_error():
    async def main():
        call = shielded(asyncio.sleep(0, 42))
        first = await call
        with pytest.raises(RuntimeError, match="already awaited"):
            await call
        return first

    assert run(main()) == 42


def test_a_forgotten_await_is_told_at_once():
    gc.disable()
    try:
        with pytest.warns(RuntimeWarning, match="never awaited"):
            shielded(asyncio.sleep(0))
    finally:
        gc.enable()


class Request:
    """What a context variable holds while it is answered."""


REQUEST = contextvars.ContextVar("REQUEST")


@pytest.mark.parametrize("timeout", [None, 0.01])
def test_keeps_no_context_behind_its_time(timeout):
    async def main():
        async def answer(request):
            REQUEST.set(request)
            await shielded(asyncio.sleep(0), timeout=timeout)

        requests = [Request() for _ in range(10)]
        kept = [weakref.ref(one) for one in requests]
        await asyncio.gather(*map(answer, requests))
        requests.clear()
        await asyncio.sleep(0.05)
        return [one() for one in kept]

    gc.disable()
    try:
        assert run(main()) == [None] * 10
    finally:
        gc.enable()


def test_a_time_limit_that_is_none_leaves_no_scope_behind():
    async def main():
        call = asyncio.sleep(0)
        with anyio.CancelScope(), pytest.raises(TypeError):
            await shielded(call, timeout="5")
        call.close()

    anyio.run(main)


def test_a_shield_that_only_yields_a_turn_is_not_blocked():
    async def main():
        done = []

        async def busy():
            for turn in range(20):
                await asyncio.sleep(0)
                done.append(turn)

        async with anyio.create_task_group() as group:
            group.start_soon(lambda: shielded(busy()))
            await asyncio.sleep(0)
            await anyio.wait_all_tasks_blocked()
            return len(done)

    assert anyio.run(main) == 20


class Pages:
    @uncancellable
    async def method(self, request):
        return PlainTextResponse(f"hello {request.path_params['name']}")


async def greeting(word, request):
    return PlainTextResponse(f"{word} {request.path_params['name']}")


@pytest.mark.parametrize(
    "page",
    [
        uncancellable(functools.partial(greeting, "hello")),
        uncancellable(Pages().method),
        uncancellable(timeout=5)(functools.partial(functools.partial(greeting), "hello")),
        Pages().method,
    ],
)
def test_a_decorated_function_is_a_page_of_starlette(page):
    assert inspect.iscoroutinefunction(page)
    assert list(inspect.signature(page).parameters) == ["request"]
    client = TestClient(Starlette(routes=[Route("/{name}", page)]))
    assert client.get("/you").text == "hello you"
