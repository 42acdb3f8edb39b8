"""Clean-up that a cancellation cannot cut off.

`await shielded(db.close())` runs to its end although the task is cancelled meanwhile; then the
cancellation is raised: on asyncio with any loop, in anyio's scopes, on trio.

On asyncio the clean-up is stepped by hand inside the current task. Whatever future it waits for,
the task waits for a stand-in of it, and there `task.cancel()` arrives. Requests from outside are
kept until the end. Those that the clean-up causes itself, by a timeout or scope of its own, pass:
what it schedules inherits a mark in its context variables.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import sys
from asyncio import CancelledError
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator, Sequence
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from operator import attrgetter
from types import CoroutineType, MethodType
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, overload

__all__ = ["shielded", "shielded_all", "shielded_closing", "shielded_session", "uncancellable"]

P = ParamSpec("P")
T = TypeVar("T")
S = TypeVar("S", bound="_Session")
_Function = Callable[P, Coroutine[Any, Any, T]]

_inside: ContextVar[tuple[_StandIn, ...]] = ContextVar("shielded", default=())
"""The shields whose clean-up runs here, or has caused what runs here."""

_TOO_SLOW = "the clean-up had not ended after {} seconds"
_FAILED = "a clean-up failed while its task was being cancelled"
_LOOKS = "__code__ __defaults__ __globals__ __kwdefaults__ __func__ __self__ func".split()
_ANYIO = ("Cancelled by cancel scope", "Cancelled via cancel scope")  # Source: anyio 4, CancelScope


def shielded(awaitable: Awaitable[T], *, timeout: float | None = None) -> Coroutine[Any, Any, T]:
    """What the awaitable gives, with every cancellation from outside put off until it has ended.

    It is raised at the end, once, instead of the result. If the clean-up failed as well, that is
    the `__context__` and goes to the loop's exception handler. In a cancelled scope of anyio or
    trio the next `await` raises. Outside of any event loop this is `await`, without a timeout.
    After `timeout` seconds the awaitable is cancelled, and again each time as many have passed.

    Raises:
        TypeError: it cannot be awaited.
        TimeoutError: the awaitable was cancelled because the time was over.
    """
    if inspect.isawaitable(awaitable):
        is_plain = isinstance(awaitable, CoroutineType)
        return _Shielded(awaitable if is_plain else _awaited(awaitable), timeout)
    call = f"; call it: shielded({getattr(awaitable, '__name__', 'it')}())"
    hint = call if callable(awaitable) else ""
    raise TypeError(f"{awaitable!r} cannot be awaited{hint}")


async def shielded_all(*steps: Callable[[], object], timeout: float | None = None) -> None:
    """Call each step and await what it gives, all of them although one fails, in one shield.

    A step may also be an ordinary function. `timeout` is for each step, in seconds.

    Raises:
        Exception: the last failure; the one before is its `__context__`.
    """
    if steps:
        await shielded(_each(steps, timeout))


@overload
def uncancellable(function: _Function[P, T], /) -> _Function[P, T]: ...
@overload
def uncancellable(*, timeout: float | None) -> Callable[[_Function[P, T]], _Function[P, T]]: ...
def uncancellable(function: Any = None, /, **timeout: Any) -> Any:  # Any: the overloads say it
    """A coroutine function whose every call runs in `shielded`.

    Raises:
        TypeError: what is decorated is no coroutine function.
    """
    made: Any = functools.partial(_Uncancellable, **timeout)
    return made if function is None else made(function)


@asynccontextmanager
async def shielded_session(
    factory: Callable[[], S], *, commit: bool = False, timeout: float | None = None
) -> AsyncGenerator[S, None]:
    """A new session that is closed at the end, come what may.

    With `commit`, it is committed first unless the body failed; `timeout` is for each of the two.
    """
    session = factory()
    ends: list[Callable[[], object]] = [session.close]
    try:
        yield session
        if commit:
            ends.insert(0, session.commit)
    finally:
        await shielded_all(*ends, timeout=timeout)


@asynccontextmanager
async def shielded_closing(
    thing: T, release: Callable[[T], object] | None = None, *, timeout: float | None = None
) -> AsyncGenerator[T, None]:
    """The thing, ended by `release(thing)`, else by its `aclose()` or `close()`, come what may.

    What it has entered before, a task group or cancel scope, cannot be left inside of a shield.

    Raises:
        TypeError: there is no way to end it.
    """
    own = getattr(thing, "aclose", None) or getattr(thing, "close", None)
    end = own if release is None else functools.partial(release, thing)
    if end is None:
        raise TypeError(f"{thing!r} has neither `aclose` nor `close`; say how to release it")
    try:
        yield thing
    finally:
        await shielded_all(end, timeout=timeout)


class _Session(Protocol):
    def close(self) -> Awaitable[None]: ...
    def commit(self) -> Awaitable[None]: ...


async def _awaited(awaitable: Awaitable[T]) -> T:
    return await awaitable


async def _each(steps: Sequence[Callable[[], object]], timeout: float | None) -> None:
    try:
        given = steps[0]()
        if inspect.isawaitable(given):
            await (given if timeout is None else shielded(given, timeout=timeout))
    finally:
        if steps[1:]:
            await _each(steps[1:], timeout)


class _Uncancellable(Generic[P, T]):
    """A coroutine function, for so it looks to `inspect`, with a shield around the first step."""

    __class__: Any = property(attrgetter("_call.__class__"))  # Starlette asks for it, too.

    def __init__(self, function: _Function[P, T], timeout: float | None = None) -> None:
        if not inspect.iscoroutinefunction(function):
            raise TypeError(f"{function!r} is no coroutine function")
        functools.update_wrapper(self, function, (*functools.WRAPPER_ASSIGNMENTS, *_LOOKS))
        self._call = function
        self._timeout = timeout

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, T]:
        return shielded(self._call(*args, **kwargs), timeout=self._timeout)

    def __get__(self, owner: object, kind: type | None = None) -> object:
        return self if owner is None else MethodType(self, owner)


class _Shielded(Coroutine[Any, Any, T]):
    """A coroutine that runs even if its task is cancelled before the first step."""

    def __init__(self, coro: Any, timeout: float | None) -> None:  # Any: with send and throw
        self._coro = coro
        self._timeout = timeout
        self._steps = _driven(coro, timeout, None)

    def __await__(self) -> Generator[Any, Any, T]:
        if inspect.getgeneratorstate(self._steps) != inspect.GEN_CREATED:
            raise RuntimeError("cannot reuse already awaited coroutine")
        return self._steps

    def send(self, value: Any, /) -> Any:  # Any: what a task sends, and what it waits for
        return self._steps.send(value)

    def throw(self, kind: Any, value: Any = None, trace: Any = None, /) -> Any:  # Any: as above
        error = kind() if isinstance(kind, type) and value is None else value or kind
        is_new = inspect.getgeneratorstate(self._steps) == inspect.GEN_CREATED
        if not is_new or not isinstance(error, CancelledError):
            return self._steps.throw(error)
        self._steps = _driven(self._coro, self._timeout, error)
        return self._steps.send(None)

    def close(self) -> None:
        self._steps.close()
        self._coro.close()

    def __getattr__(self, name: str) -> object:
        # What anyio and asyncio ask of a coroutine: `cr_frame`, `__qualname__` and the like.
        return getattr(self._coro, name)


def _driven(coro: Any, timeout: float | None, early: Any) -> Generator[Any, Any, Any]:
    """Run the clean-up; `early` was raised in the task before the first step. Any: as above."""
    loop = asyncio._get_running_loop()
    task = asyncio.current_task(loop) if loop else None
    run = _StandIn(task, early).driven if task else _driven_elsewhere
    del task  # Else an error would hold this frame, it the task, and the task the error.
    return (yield from run(coro, timeout))


def _driven_elsewhere(coro: Any, timeout: float | None) -> Generator[Any, Any, Any]:
    """Run the clean-up where there is no task of asyncio; Any: see `_Shielded`."""
    steps: Generator[Any, Any, Any] = coro.__await__()
    trio: Any = sys.modules.get("trio")
    try:
        deadline = trio.current_time() + (float("inf") if timeout is None else timeout)
    except (AttributeError, RuntimeError):
        return (yield from steps)  # No trio, or none that runs.
    with trio.CancelScope(deadline=deadline, shield=True):
        return (yield from steps)
    raise TimeoutError(_TOO_SLOW.format(timeout))


class _StandIn:
    """What a task waits for in place of a future of the clean-up's, and where cancels arrive.

    Any: a future or task of any kind, with asyncio's private names. Source: all that Task asks of
    a future is `_asyncio_future_blocking`, `get_loop`, `add_done_callback`, `cancel`, `result`.
    """

    _asyncio_future_blocking = absorbs = has_ended = is_own = False
    owed = expired = 0
    timer: asyncio.TimerHandle | None = None
    error: Any = None
    future: Any = None

    def __init__(self, task: Any, early: BaseException | None) -> None:
        self.task: Any = task
        self.loop: asyncio.AbstractEventLoop = task.get_loop()
        self.asked = None if early is None else early.args
        self.mark: Any = (self, *[other for other in _inside.get() if other.task is not None])

    def get_loop(self) -> Any:
        return self.loop if self.future is None else self.future.get_loop()

    def add_done_callback(self, wake: Callable[[Any], Any], *, context: Any = None) -> None:
        if self.future is None:
            self.loop.call_soon(wake, self, context=context)
        else:  # The real future wakes the task, no turn of the loop later than without us.
            self.future.add_done_callback(wake, context=context)

    def result(self) -> None:
        """Nothing: it is asked for after a turn of the loop only."""

    def done(self) -> bool:
        return self.future is None or self.future.done()

    def cancel(self, msg: Any = None) -> bool:
        """Keep a request to cancel, or hand it on if it is the clean-up's own."""
        is_own, self.is_own = self.is_own, False
        waited: Any = self
        while waited is not None and not getattr(waited, "absorbs", False):
            waited = getattr(waited, "future", None)
        if waited is not None:  # A shield in this chain takes one request back.
            waited.absorbs = False
            return True
        # Have: if anyio cancels, its scope is one of the clean-up's, for we shield from others.
        is_anyio = isinstance(msg, str) and msg.startswith(_ANYIO)
        if is_anyio and self.future is not None and self.future.done():
            return True  # anyio itself spares a task whose future is done, and asks again.
        # A signal's handler runs in whatever context it interrupts, the clean-up's as well.
        is_ctrl_c = sys._getframe(1).f_code.co_name == "_on_sigint"
        is_ours = is_own or (not self.has_ended and self in _inside.get())
        if is_ctrl_c or not (is_anyio or is_ours):
            self.note(msg)
            self.owed += 0 if self.has_ended else _withdrawn(self.task, 1)
        elif self.future is None or not self.future.cancel(msg=msg):
            self.error = CancelledError() if msg is None else CancelledError(msg)
        return True

    def note(self, message: object) -> None:
        """Remember that a cancellation is to be raised; the first one's message counts."""
        if self.asked is None:
            self.asked = () if message is None else (message,)

    def waiting(self, future: object) -> _StandIn:
        """Itself in place of this future; None stands for a turn of the loop."""
        self.future = future
        self._asyncio_future_blocking = True
        return self

    def driven(self, coro: Any, timeout: float | None) -> Generator[Any, Any, Any]:
        if self.task._must_cancel:
            self.note(self.task._cancel_message)
            self.absorbs = True
            yield self.waiting(None)
        self.owed += _withdrawn(self.task)
        try:
            result: Any = yield from self._in_time(coro, timeout)
        except GeneratorExit:
            raise
        except BaseException as failure:
            yield from self._settled(failure)
            raise
        else:
            if self.owed or self.asked is not None:
                yield from self._settled(None)
            return result
        finally:
            self.task = self.future = self.mark = None

    def _in_time(self, coro: Any, timeout: float | None) -> Generator[Any, Any, Any]:
        if timeout is not None:
            self.timer = self.loop.call_later(timeout, self._expire, timeout)
        scope = _anyio_scope(self.task)
        try:
            return (yield from self._stepped(coro))
        except CancelledError as error:
            if not self.expired:
                raise
            raise TimeoutError(_TOO_SLOW.format(timeout)) from error
        finally:
            if self.timer is not None:
                self.timer.cancel()
                self.timer = None  # Its context holds the mark.
                _withdrawn(self.task, self.expired)
            if scope is not None:
                with suppress(RuntimeError):  # Somebody else closes the coroutine.
                    scope.__exit__(None, None, None)

    def _expire(self, timeout: float) -> None:
        _inside.set(self.mark)
        self.expired += 1
        self.task.cancel()
        self.timer = self.loop.call_later(max(timeout, 0.05), self._expire, timeout)

    def _stepped(self, coro: Any) -> Generator[Any, Any, Any]:
        """Step the clean-up to its end; the task waits for the stand-in meanwhile."""
        while True:
            thrown, self.error = self.error, None
            token = _inside.set(self.mark)
            before = _counted(self.task)
            try:
                waited = coro.send(None) if thrown is None else coro.throw(thrown)
            except StopIteration as end:
                return end.value
            finally:
                _inside.reset(token)
                thrown = None
            if waited is None:
                waited = self.waiting(None)
            elif getattr(waited, "_asyncio_future_blocking", False) and waited is not self.task:
                waited._asyncio_future_blocking = False
                waited = self.waiting(waited)
            # Have: else a task cannot wait for it, and the error that says so goes in below.
            # Who asks from outside adds a request; a TaskGroup that repeats its own does not.
            self.is_own = self.task._must_cancel and before >= _counted(self.task) > 0
            try:
                yield waited
            except GeneratorExit:
                coro.close()
                raise
            except BaseException as error:  # noqa: BLE001 - it goes where it belongs
                self.error = self.error or error

    def _settled(self, failure: BaseException | None) -> Generator[Any, Any, None]:
        """Give the task back the requests that were kept; CancelledError if one is new."""
        if self.task._must_cancel:
            self.note(self.task._cancel_message)  # It came during the last step.
        is_fatal = not isinstance(failure, (Exception, CancelledError, type(None)))
        for _ in range(max(self.owed, is_fatal and self.asked is not None)):
            self.task.cancel(*self.asked or ())
        if self.task._must_cancel and not is_fatal:
            # Have: as many are counted as before, and the task would raise in its next step.
            self.absorbs = self.has_ended = True  # What comes in this turn stays counted.
            yield self.waiting(None)
        if self.asked is None or is_fatal:
            return
        if failure is not None and not isinstance(failure, CancelledError):
            # Not with the task, for then the handler would run in its context, which is in use.
            self.loop.call_exception_handler({"message": _FAILED, "exception": failure})
        raise CancelledError(*self.asked)


def _counted(task: Any) -> Any:  # Any: an int, without the cost of saying so
    return getattr(task, "cancelling", int)()  # Python 3.10 counts no requests.


def _withdrawn(task: Any, most: float = float("inf")) -> int:
    """How many requests to cancel the task has forgotten: all, or so many."""
    count = int(min(_counted(task), most))
    for _ in range(count):
        task.uncancel()
    return count


def _anyio_scope(task: Any) -> Any:  # Any: anyio is not imported, not even for its types
    """A scope, entered, without which anyio would cancel in every turn; None outside of anyio."""
    backend = sys.modules.get("anyio._backends._asyncio")
    states = getattr(backend, "_task_states", None)
    state = None if states is None else states.get(task)
    if backend is None or (states is not None and getattr(state, "cancel_scope", None) is None):
        return None
    return sys.modules["anyio"].CancelScope(shield=True).__enter__()
