"""Runs a program under every answer, fault and cancellation, and says how each site ends.

The meaning is the one DESIGN.md gives: a call, an await or a turn of an iteration may fail; names,
constants and assignments may not; a release that fails has released; the hand-over of a `return`
happens when the `return` is reached.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tests.oracle.objects import given, namespace
from tests.oracle.syntax import Program
from tests.oracle.world import FILE, Ending, Fault, StrayError, World, kinds

__all__ = ["Behaviour", "Nonsense", "behaviours", "story"]

RUNS: Final = 1500
_FAILURES: Final = (
    Fault,
    StrayError,
    ValueError,
    StopIteration,
    StopAsyncIteration,
    GeneratorExit,
    asyncio.CancelledError,
)


class Nonsense(Exception):  # noqa: N818 - a verdict on the program, not on us
    """The program fails by itself, whatever it is told."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """All endings of what one line acquires, each with the decisions of one run that shows it.

    `is_doubtful` sites may be passed over in silence. `is_owned` sites cannot become a `with`,
    `is_helped` sites may not want to.
    `is_complete` is False when there are more runs than we wait for: then an ending may be missing.
    """

    line: int
    is_looped: bool
    is_doubtful: bool
    is_owned: bool
    is_helped: bool
    is_complete: bool
    endings: Mapping[Ending, Sequence[int]] = field(default_factory=dict)


def behaviours(program: Program, turns: int = 2, runs: int = RUNS) -> list[Behaviour]:
    """What each site does over all runs in which a loop takes at most `turns` turns.

    Raises:
        Nonsense: the program uses a variable without a session though nothing failed.
    """
    endings: dict[int, dict[Ending, Sequence[int]]] = {line: {} for line in program.sites}
    stage = _stage(program, turns)
    world = stage.world
    decisions: Sequence[int] | None = ()
    count = 0
    while decisions is not None and count < runs:
        _run(stage, decisions)
        taken = tuple(chosen for chosen, _ in world.trail)
        for resource in world.resources:
            endings[resource.line].setdefault(resource.ending(), taken)
        decisions = _next(world.trail)
        count += 1
    return [
        Behaviour(
            line,
            line in program.looped,
            line in program.doubtful,
            line in program.owned,
            line in program.helped,
            decisions is None,
            endings[line],
        )
        for line in program.sites
    ]


def story(program: Program, decisions: Sequence[int], turns: int = 2) -> list[str]:
    """One run in words, a line for each thing that happens."""
    stage = _stage(program, turns)
    _run(stage, decisions)
    return stage.world.told


def _next(trail: Sequence[tuple[int, int]]) -> Sequence[int] | None:
    """The decisions of the next run in lexical order, or None after the last."""
    for at in range(len(trail) - 1, -1, -1):
        chosen, options = trail[at]
        if chosen + 1 < options:
            return [past for past, _ in trail[:at]] + [chosen + 1]
    return None


@dataclass(frozen=True, slots=True)
class _Stage:
    """A world, the program's function living in it, and which of its parameters are optional."""

    world: World
    subject: Callable[..., Any]
    optional: Mapping[str, bool]


def _stage(program: Program, turns: int) -> _Stage:
    heads = [head for head in map(str.strip, program.text.splitlines()) if "except" in head]
    raised = kinds(heads, is_async=program.is_async)
    world = World(program.is_async, program.quiet, program.turns, turns, *raised)
    names = {
        **namespace(world),
        "Fault": Fault,
        "asyncio": asyncio,
        "asynccontextmanager": lambda function: function,
        "contextmanager": lambda function: function,
    }
    exec(compile(program.executed, FILE, "exec"), names)
    subject = names["subject"]
    parameters = inspect.signature(subject).parameters.items()
    return _Stage(world, subject, {name: it.default is None for name, it in parameters})


def _run(stage: _Stage, decisions: Sequence[int]) -> None:
    """One call of the function, to its very end."""
    world = stage.world
    world.begin(decisions)
    try:
        _drive(world, stage.subject(**given(world, stage.optional)))
    except (NameError, AttributeError, TypeError) as error:
        world.fail(error)
    except _FAILURES:
        pass
    if world.is_hopeless:
        raise Nonsense("a variable without a session is used though nothing failed")


def _drive(world: World, started: Any) -> None:  # whatever calling a drawn function gives
    if inspect.iscoroutine(started):
        _ended(started)
    elif inspect.isgenerator(started):
        _generator(world, started)
    elif inspect.isasyncgen(started):
        _async_generator(world, started)


def _ended(started: Awaitable[Any]) -> Any:  # what the coroutine returns
    """The result of something that never waits."""
    waiting = started.__await__()
    try:
        next(waiting)
    except StopIteration as end:
        return end.value
    raise AssertionError("a drawn program waited")


def _resumed(world: World, given_out: Any) -> type[BaseException] | None:
    """What is raised at the yield of a session, None when it goes well."""
    chosen = world.pick(1 + len(world.yielded))
    world.faults += chosen > 0
    given_out.resource.lent_at = world.faults
    if chosen == 0:
        return None
    kind = world.yielded[chosen - 1]
    world.told.append(f"at the yield: {kind.__name__}")
    return kind


def _generator(world: World, started: Generator[Any, Any, Any]) -> None:
    given_out = next(started, None)
    if given_out is None:
        return
    kind = _resumed(world, given_out)
    if kind is None:
        next(started, None)
    elif kind is GeneratorExit:
        started.close()
    else:
        started.throw(kind)


def _async_generator(world: World, started: AsyncGenerator[Any, Any]) -> None:
    kind = _resumed(world, _ended(anext(started)))
    if kind is None:
        _ended(anext(started))
    elif kind is GeneratorExit:
        _ended(started.aclose())
    else:
        _ended(started.athrow(kind))
