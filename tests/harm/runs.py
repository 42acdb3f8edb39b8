"""Calls a function as its users would, every way it can go."""

from __future__ import annotations

import inspect
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import (
    AsyncExitStack,
    aclosing,
    asynccontextmanager,
    closing,
    contextmanager,
    suppress,
)
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import asyncpg
import psycopg
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import IllegalStateChangeError, SQLAlchemyError
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import Session, sessionmaker

from harm.examples import arguments
from harm.world import World

__all__ = ["Run", "called", "given_to", "is_multiplied", "is_shared", "observed", "runs"]

FAULTS = range(6)
"""No fault, then one at the first to the fifth statement."""

EXPECTED = (
    SQLAlchemyError,
    sqlite3.Error,
    asyncpg.PostgresError,
    psycopg.Error,
    LookupError,
    ValueError,
    RuntimeError,
)
"""What an example may raise; anything else is a mistake in it."""

_ENDS = frozenset({"rollback", "checkin"})
"""What a close does to a connection."""

_ONE = text("select 1")

Function = Callable[..., Any]


@dataclass(frozen=True)
class Run:
    """One way to call a function: its arguments, the statement that fails, the caller's own fate.

    `caller_error` is raised by the caller while a generator lends it something.
    """

    arguments: dict[str, Any]
    fault: int = 0
    caller_error: Exception | None = None


def runs(function: Function) -> Iterator[Run]:
    """Every branch under every fault, and with a caller that fails."""
    for given in arguments(function):
        for fault in FAULTS:
            yield Run(given, fault)
        yield Run(given, caller_error=RuntimeError("the caller fails"))


async def called(world: World, function: Function, run: Run) -> bool:
    """Whether the call and the use of its result went through."""
    try:
        await _called(world, function, run)
    except EXPECTED:
        return False
    return True


async def observed(world: World, function: Function, run: Run) -> tuple[str, ...]:
    """What a call does in order, and how it ends: its value, or the exception.

    What closes do one after the other comes sorted: of two connections either may be first.
    """
    world.done.clear()
    try:
        result = await _called(world, function, run)
    except EXPECTED as error:
        return (*_settled(world.done), f"raises {type(error).__name__}")
    is_plain = isinstance(result, (str, int, float, bool, list, dict, type(None)))
    return (*_settled(world.done), repr(result) if is_plain else type(result).__name__)


def _settled(done: list[str]) -> list[str]:
    groups = groupby(done, key=_ENDS.__contains__)
    return [event for is_end, some in groups for event in (sorted(some) if is_end else some)]


@asynccontextmanager
async def given_to(world: World, function: Function, **chosen: object) -> AsyncIterator[dict]:
    """The first of a function's combinations of arguments, some of them chosen by name."""
    values = next(iter(arguments(function))) | chosen
    async with AsyncExitStack() as stack:
        yield {name: await _given(world, stack, it) for name, it in values.items()}


async def _called(world: World, function: Function, run: Run) -> object:
    async with AsyncExitStack() as stack:
        given = {name: await _given(world, stack, it) for name, it in run.arguments.items()}
        world.fault.arm(run.fault)
        world.users.clear()
        result = await _result(function, given)
        await _used(world, result, run)
    return result


async def is_shared(world: World, function: Function, run: Run) -> bool:
    """Whether two calls run their statements with the same session or connection."""
    await called(world, function, run)
    first = list(world.users)
    await called(world, function, run)
    return any(one is other for one in first for other in world.users)


async def is_multiplied(world: World, function: Function, run: Run) -> bool:
    """Whether each call leaves one more connection open, be it idle in a pool."""
    opened = []
    for _ in range(3):
        await called(world, function, run)
        opened.append(world.opened)
    return opened[0] < opened[1] < opened[2]


async def _given(world: World, stack: AsyncExitStack, value: object) -> object:
    """What a parameter is given: a borrowed resource for a type, else the value itself."""
    if value is Session:
        engine = create_engine("sqlite:///shop.db")
        stack.callback(engine.dispose)
        return stack.enter_context(Session(engine))
    if value is AsyncSession:
        engine = create_async_engine("postgresql+asyncpg://")
        stack.push_async_callback(engine.dispose)
        session = AsyncSession(engine)
        stack.push_async_callback(_closed, session)
        return session
    if value is asyncpg.Pool:
        return await world.pool()
    return value


async def _closed(session: AsyncSession) -> None:
    """What the owner of a session does last, unless a close of it was cut off halfway."""
    with suppress(IllegalStateChangeError):
        await session.close()


async def _result(function: Function, given: dict[str, Any]) -> object:
    """What the call gives; a generator comes as the context manager that a framework makes of it."""
    if inspect.isgeneratorfunction(function):
        return contextmanager(function)(**given)
    if inspect.isasyncgenfunction(function):
        return asynccontextmanager(function)(**given)
    result = function(**given)
    return await result if inspect.isawaitable(result) else result


async def _used(world: World, result: object, run: Run) -> None:
    """Use what a call gave, and give it back where the caller has to."""
    if isinstance(result, (Session, Connection, AsyncSession, AsyncConnection)):
        world.users.append(result)
    match result:
        case Session() | Connection():
            with closing(result):
                result.execute(_ONE)
        case AsyncSession() | AsyncConnection():
            async with aclosing(result):
                await result.execute(_ONE)
        case Engine() | sessionmaker():
            with result.connect() if isinstance(result, Engine) else result() as lent:
                lent.execute(_ONE)
        case AsyncEngine() | async_sessionmaker():
            async with result.connect() if isinstance(result, AsyncEngine) else result() as lent:
                await lent.execute(_ONE)
        case _ if hasattr(result, "gen"):
            await _borrowed(result, run)


async def _borrowed(manager: Any, run: Run) -> None:
    """Use what a generator lends, and fail meanwhile if the run says so."""
    async with AsyncExitStack() as stack:
        if hasattr(manager, "__aenter__"):
            done = (await stack.enter_async_context(manager)).execute(_ONE)
        else:
            done = stack.enter_context(manager).execute(_ONE)
        if inspect.isawaitable(done):
            await done
        if run.caller_error is not None:
            raise run.caller_error
