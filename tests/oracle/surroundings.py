"""The names that a program uses, and what is passed to it, in one run."""

from __future__ import annotations

import asyncio
import builtins
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final

from tests.oracle.library import AsyncSession, Engine, Opened, Session, directly, opened
from tests.oracle.run import Run
from tests.oracle.world import Fault

__all__ = ["given", "namespace"]


class _Guard:
    def __init__(self, run: Run) -> None:
        run.ask("guard", "call")
        self.run = run

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        self.run.ask("leave guard", "call")

    async def __aenter__(self) -> None:
        self.run.ask("enter guard", "await")

    async def __aexit__(self, *_: object) -> None:
        self.run.ask("leave guard", "await")


class _Items:
    """Iterable both ways; each turn may fail to come."""

    def __init__(self, run: Run, loop: int) -> None:
        self.run = run
        self.loop = loop

    def __iter__(self) -> _Items:
        return self

    def __next__(self) -> int:
        if not self.run.turn(self.loop, "call"):
            raise StopIteration
        return self.loop

    def __aiter__(self) -> _Items:
        return self

    async def __anext__(self) -> int:
        if not self.run.turn(self.loop, "await"):
            raise StopAsyncIteration
        return self.loop


class _Holder:
    """Whatever is kept here is somebody else's from then on."""

    def __init__(self, run: Run) -> None:
        object.__setattr__(self, "run", run)

    def __setattr__(self, _: str, kept: object) -> None:
        run: Run = object.__getattribute__(self, "run")
        run.note(f"keep {run.named(kept)}{run.state(kept)}")
        if isinstance(kept, Opened):
            kept.is_given = True


@dataclass(frozen=True, eq=False)
class _Answer:
    """A value that may be anything and cannot fail."""

    value: int

    def __bool__(self) -> bool:
        return self.value == 1

    def __eq__(self, other: object) -> bool:
        return self.value == other

    def __hash__(self) -> int:
        return hash(self.value)


def namespace(run: Run) -> dict[str, Any]:
    """The names a program uses, as objects of this run; it may import whatever it likes."""

    def look(value: object) -> None:
        run.ask(f"look at {run.named(value)}", "call", state=run.state(value))

    async def pause() -> None:
        run.ask("pause", "await")

    names: dict[str, Any] = {
        "AsyncSession": lambda _, site: opened(run, AsyncSession, site),
        "Fault": Fault,
        "Session": lambda _, site: opened(run, Session, site),
        "asyncio": asyncio,
        "asyncpg": SimpleNamespace(Pool=None, connect=lambda site: directly(run, site)),
        "aclosing": contextlib.aclosing,
        "choose": lambda options: run.ask("choose", "call", options),
        "closing": contextlib.closing,
        "guard": lambda: _Guard(run),
        "holder": _Holder(run),
        "items": lambda loop: _Items(run, loop),
        "look": look,
        "pause": pause,
        "turn": lambda loop, goes_on: goes_on if run.turn(loop, "call") else 1 - goes_on,
        "work": lambda: run.ask("work", "call"),
    }
    names |= dict.fromkeys(_UNUSED, _same)
    module = SimpleNamespace(**names)

    def imported(name: str, _g: object, _l: object, wanted: object, _level: int = 0) -> object:
        return module if wanted else names[name]

    names["__builtins__"] = {**vars(builtins), "__import__": imported}
    return names


_UNUSED: Final = ("AsyncEngine", "Engine", "asynccontextmanager", "contextmanager", "stream")


def _same(function: object) -> object:
    """A decorator that leaves the generator to be driven by hand."""
    return function


def given(run: Run, optional: Mapping[str, bool]) -> dict[str, object]:
    """What to call a function with: its parameters, each with whether it may be left out.

    An optional parameter is a session that somebody else closes.
    """
    chosen: dict[str, object] = {}
    for name, is_optional in optional.items():
        if name in ("engine", "pool"):
            chosen[name] = Engine(run)
        elif not is_optional:
            chosen[name] = _Answer(run.ask(name, "", 3))
        elif run.ask(f"{name} is given", "", 2):
            kind = AsyncSession if run.is_async else Session
            chosen[name] = kind(run, "given")
    return chosen
