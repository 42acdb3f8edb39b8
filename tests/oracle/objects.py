"""What a program meets when it runs: sessions and strangers that ask the world what to do."""

from __future__ import annotations

from collections.abc import Mapping
from sys import _getframe as caller
from sys import exc_info
from typing import Any, final

from tests.oracle.world import Resource, World

__all__ = ["given", "namespace"]


@final
class _Session:
    def __init__(self, world: World, resource: Resource) -> None:
        self.world = world
        self.resource = resource

    def execute(self, _: str) -> None:
        self.resource.use()
        self.world.step(caller(1), self.world.called)

    def commit(self) -> None:
        self.resource.give_back()
        self.world.step(caller(1), self.world.called)

    def rollback(self) -> None:
        self.resource.roll_back(caller(1), self.world.called)

    def close(self) -> None:
        self.resource.close()
        self.resource.end("by hand", caller(1))
        self.world.release(self.resource, caller(1))

    def __enter__(self) -> _Session:
        self.resource.end("by manager", caller(1))
        return self

    def __exit__(self, *_: object) -> None:
        self.resource.close()
        self.world.release(self.resource, caller(1))


@final
class _AsyncSession:
    def __init__(self, world: World, resource: Resource) -> None:
        self.world = world
        self.resource = resource

    async def execute(self, _: str) -> None:
        self.resource.use()
        self.world.step(caller(1), self.world.awaited)

    async def commit(self) -> None:
        self.resource.give_back()
        self.world.step(caller(1), self.world.awaited)

    async def rollback(self) -> None:
        self.resource.roll_back(caller(1), self.world.awaited)

    async def close(self) -> None:
        self.resource.close()
        self.resource.end("by hand", caller(1))
        self.world.step(caller(1), self.world.awaited)

    async def __aenter__(self) -> _AsyncSession:
        self.resource.end("by manager", caller(1))
        self.world.step(caller(1), self.world.awaited)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.resource.close()
        self.world.step(caller(1), self.world.awaited)


class _Closing:
    """`closing` and `aclosing`: whoever asks for one has handed the session to it."""

    def __init__(self, session: _Session | _AsyncSession) -> None:
        self.session = session
        session.resource.end("by manager", caller(1))
        session.world.step(caller(1), session.world.called)

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        self.session.close()

    async def __aenter__(self) -> None:
        self.session.world.step(caller(1), self.session.world.awaited)

    async def __aexit__(self, *_: object) -> None:
        assert isinstance(self.session, _AsyncSession)
        await self.session.close()


class _Guard:
    def __init__(self, world: World) -> None:
        self.world = world

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        self.world.step(caller(1), self.world.called)

    async def __aenter__(self) -> None:
        self.world.step(caller(1), self.world.awaited)

    async def __aexit__(self, *_: object) -> None:
        self.world.step(caller(1), self.world.awaited)


class _Items:
    """Iterable both ways; each turn may fail to come."""

    def __init__(self, world: World) -> None:
        self.world = world

    def __iter__(self) -> _Items:
        return self

    def __next__(self) -> None:
        if not self.world.turn(caller(1), self.world.called):
            raise StopIteration

    def __aiter__(self) -> _Items:
        return self

    async def __anext__(self) -> None:
        if not self.world.turn(caller(1), self.world.awaited):
            raise StopAsyncIteration


class _Holder:
    def __setattr__(self, _: str, session: _Session | _AsyncSession | None) -> None:
        if session is not None:
            session.resource.end("handed over", caller(1))


class _Answer:
    """A value nobody knows before it is looked at; it is looked at in one place only."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.value: int | None = None

    def __bool__(self) -> bool:
        return self._seen(2) == 1

    def __eq__(self, other: object) -> bool:
        return self._seen(3) == other

    def __hash__(self) -> int:
        return id(self)

    def _seen(self, options: int) -> int:
        if self.value is None:
            self.value = self.world.pick(options)
            self.world.tell(caller(2), f"answer {self.value}")
        return self.value


def namespace(world: World) -> dict[str, Any]:
    """The names a program uses, as objects of this world."""

    def acquire(kind: type[_Session | _AsyncSession]) -> _Session | _AsyncSession:
        frame = caller(2)
        world.step(frame, world.called)
        resource = Resource(world, frame.f_lineno, world.faults, is_spared=world.is_sparing)
        world.resources.append(resource)
        return kind(world, resource)

    def choose(options: int) -> int:
        goes_on = world.turns.get(caller(1).f_lineno)
        if goes_on is None:
            return world.step(caller(1), world.called, options)
        return goes_on if world.turn(caller(1), world.called) else 1 - goes_on

    async def pause() -> None:
        world.step(caller(1), world.awaited)

    def work() -> None:
        world.step(caller(1), world.called)

    def guard() -> _Guard:
        world.step(caller(1), world.called)
        return _Guard(world)

    def handed_over(session: _Session | _AsyncSession | None) -> object:
        if session is not None:
            session.resource.end("handed over", caller(1))
        return session

    def seen(kinds: type[BaseException] | tuple[type[BaseException], ...]) -> object:
        world.fail(exc_info()[1])
        return kinds

    return {
        "Session": lambda _: acquire(_Session),
        "AsyncSession": lambda _: acquire(_AsyncSession),
        "aclosing": _Closing,
        "choose": choose,
        "closing": _Closing,
        "fault": lambda: world.fault(caller(1)),
        "guard": guard,
        "handed_over": handed_over,
        "holder": _Holder(),
        "items": _Items(world),
        "pause": pause,
        "seen": seen,
        "stream": _Items(world),
        "work": work,
    }


def given(world: World, optional: Mapping[str, bool]) -> dict[str, object]:
    """What to call a function with: its parameters, each with whether it may be left out.

    An optional parameter is a session that somebody else releases.
    """
    chosen: dict[str, object] = {}
    for name, is_optional in optional.items():
        if not is_optional:
            chosen[name] = _Answer(world)
        elif world.pick(2):
            world.tell(None, f"`{name}` is given")
            kind = _AsyncSession if world.is_async else _Session
            chosen[name] = kind(world, Resource(world, 0, 0))
    return chosen
