"""How shielded clean-ups end: failures, time limits, several steps, sessions, decorators."""

import asyncio
import inspect

import pytest
from shields import HAS_COUNTS, LOOPS, Cleanup, cancelling, new_loop, raised, run, turns

from sessionlint.shield import (
    shielded,
    shielded_all,
    shielded_closing,
    shielded_session,
    uncancellable,
)


@pytest.mark.parametrize("name", LOOPS)
def test_a_failure_behind_a_cancellation_is_told(name):
    loop = new_loop(name)
    told = []
    loop.set_exception_handler(lambda _loop, context: told.append(context["exception"]))

    async def main():
        failure = ValueError("lost")
        cleanup = Cleanup(failure=failure)
        task = asyncio.ensure_future(shielded(cleanup()))
        await cleanup.began.wait()
        task.cancel()
        cleanup.open()
        try:
            await task
        except asyncio.CancelledError as error:
            contexts = []
            while error is not None:
                contexts.append(error)
                error = error.__context__
            assert failure in contexts
        return failure

    failure = loop.run_until_complete(main())
    loop.close()
    assert told == [failure]


@pytest.mark.parametrize("loop", LOOPS)
def test_after_its_time_the_awaitable_is_cancelled(loop):
    async def main():
        cleanup = Cleanup()
        with pytest.raises(TimeoutError, match=r"had not ended after 0\.01 seconds"):
            await shielded(cleanup(), timeout=0.01)
        return cleanup.done, cancelling()

    assert run(main(), loop) == (["cancelled"], 0)


@pytest.mark.parametrize("loop", LOOPS)
def test_in_time_there_is_no_trace_of_the_limit(loop):
    async def main():
        cleanup = Cleanup()
        cleanup.open()
        return await shielded(cleanup(), timeout=0.01), await asyncio.sleep(0.02, "on")

    assert run(main(), loop) == ("clean", "on")


def test_who_ignores_the_first_cancel_gets_another():
    async def main():
        refused = []

        async def stubborn():
            never = asyncio.get_running_loop().create_future()
            for _ in range(2):
                try:
                    await asyncio.shield(never)
                except asyncio.CancelledError:  # noqa: PERF203 - that is the point
                    refused.append(1)
            await asyncio.shield(never)

        with pytest.raises(TimeoutError):
            await shielded(stubborn(), timeout=0.01)
        return len(refused), cancelling()

    assert run(main()) == (2, 0)


def test_a_pending_cancellation_wins_over_the_time_limit():
    loop = new_loop("asyncio")
    told = []
    loop.set_exception_handler(lambda _loop, context: told.append(type(context["exception"])))

    async def main():
        cleanup = Cleanup()
        task = asyncio.ensure_future(shielded(cleanup(), timeout=0.01))
        await cleanup.began.wait()
        task.cancel("mine")
        return await raised(task), cancelling(task)

    error, count = loop.run_until_complete(main())
    loop.close()
    assert (type(error), count) == (asyncio.CancelledError, 1 if HAS_COUNTS else 0)
    assert told == [TimeoutError]


def test_an_outer_limit_waits_for_an_inner_shield():
    async def main():
        cleanup = Cleanup()
        asyncio.get_running_loop().call_later(0.03, cleanup.open)

        async def outer():
            await shielded(cleanup())

        with pytest.raises(TimeoutError):
            await shielded(outer(), timeout=0.01)
        return cleanup.is_whole, cancelling()

    assert run(main()) == (True, 0)


@pytest.mark.parametrize("loop", LOOPS)
def test_every_step_runs_although_one_fails(loop):
    async def main():
        done = []

        async def fail(name):
            done.append(name)
            raise ValueError(name)

        with pytest.raises(ValueError, match="last") as caught:
            await shielded_all(
                lambda: fail("first"), lambda: done.append("plain"), lambda: fail("last")
            )
        assert repr(caught.value.__context__) == "ValueError('first')"
        return done

    assert run(main(), loop) == ["first", "plain", "last"]


def test_an_earlier_failure_is_raised_when_the_last_step_succeeds():
    async def main():
        async def fail():
            raise ValueError

        with pytest.raises(ValueError):
            await shielded_all(fail, Cleanup(0))
        await shielded_all()

    run(main())


def test_every_step_has_its_own_time():
    async def main():
        slow, quick = Cleanup(), Cleanup()
        quick.open()
        with pytest.raises(TimeoutError):
            await shielded_all(slow, quick, timeout=0.01)
        return slow.done, quick.is_whole

    assert run(main()) == (["cancelled"], True)


class Session:
    def __init__(self):
        self.done = []
        self.began = asyncio.Event()
        self.gate = asyncio.Event()
        self.failure = None

    async def _did(self, name):
        self.began.set()
        await self.gate.wait()
        self.done.append(name)
        if self.failure == name:
            raise ValueError(name)

    async def commit(self):
        await self._did("commit")

    async def close(self):
        await self._did("close")


@pytest.mark.parametrize(
    ("commit", "body", "failure", "expected"),
    [
        (False, None, None, ["close"]),
        (True, None, None, ["commit", "close"]),
        (True, ValueError, None, ["close"]),
        (True, None, "commit", ["commit", "close"]),
    ],
)
@pytest.mark.parametrize("cancels", [0, 1, 2])
def test_a_session_is_closed_come_what_may(commit, body, failure, expected, cancels):
    async def main():
        session = Session()
        session.failure = failure

        async def use():
            async with shielded_session(lambda: session, commit=commit) as given:
                assert given is session
                if body is not None:
                    raise body

        task = asyncio.ensure_future(use())
        await session.began.wait()
        for _ in range(cancels):
            task.cancel()
            await turns()
        session.gate.set()
        error = await raised(task)
        if cancels:
            assert isinstance(error, asyncio.CancelledError)
        else:
            assert (error is None) == (body is None and failure is None)
        return session.done

    loop = new_loop("asyncio")
    loop.set_exception_handler(lambda _loop, _context: None)
    assert loop.run_until_complete(main()) == expected
    loop.close()


class Thing:
    def __init__(self):
        self.done = []

    async def close(self):
        self.done.append("close")

    async def give_back(self):
        self.done.append("give back")


def test_a_thing_is_closed_or_released():
    async def main():
        thing = Thing()
        async with shielded_closing(thing) as given:
            assert given is thing
        async with shielded_closing(thing, Thing.give_back):
            pass
        with pytest.raises(TypeError, match="say how to release it"):
            async with shielded_closing(3):
                pass
        return thing.done

    assert run(main()) == ["close", "give back"]


class Service:
    @uncancellable
    async def end(self, gate: "asyncio.Future[None]", *, word: str = "ended") -> str:
        """End it."""
        await gate
        return word

    @uncancellable(timeout=0.01)
    async def hang(self):
        await asyncio.get_running_loop().create_future()


def test_a_decorated_function_looks_like_itself():
    for function in (Service.end, Service().end):
        assert inspect.iscoroutinefunction(function)
        assert asyncio.iscoroutinefunction(function)
        assert function.__name__ == "end"
        assert function.__doc__ == "End it."
    assert list(inspect.signature(Service.end).parameters) == ["self", "gate", "word"]
    with pytest.raises(TypeError, match="no coroutine function"):
        uncancellable(print)


@pytest.mark.parametrize("is_early", [True, False])
def test_every_call_of_a_decorated_function_is_shielded(is_early):
    async def main():
        gate = asyncio.get_running_loop().create_future()
        task = asyncio.ensure_future(Service().end(gate))
        if not is_early:
            await turns()
        task.cancel()
        await turns()
        assert not task.done()
        gate.set_result(None)
        assert isinstance(await raised(task), asyncio.CancelledError)
        assert await Service().end(gate, word="x") == "x"
        with pytest.raises(TimeoutError):
            await Service().hang()

    run(main())
