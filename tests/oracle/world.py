"""What one run decides, what fails in it, and what becomes of each resource."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import Final

__all__ = ["FILE", "Ending", "Fault", "Resource", "StrayError", "World", "kinds"]

FILE: Final = "<drawn>"

Kinds = Sequence[type[BaseException]]


class Fault(Exception):  # noqa: N818 - the name the drawn programs use
    """What a program may name in a handler."""


class FaultyValueError(Fault, ValueError):
    """A fault for those who handle a `ValueError`: a program does not know what `Fault` is."""


class StrayError(Exception):
    """What no handler of a program names."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How one acquired resource ended.

    `how` is `left`, `by hand`, `by manager` or `handed over`. `is_ordinary` says
    that nothing failed since it was acquired; `is_sensible` that the run used no variable without
    a session; `is_spared` that the release of another one failed before this one ended; `is_yielded`
    that a `yield` gave it out, and nothing but that has failed since; `is_reopened` that it was
    used after a close and nothing closed it after that, or that whoever has it got it closed.
    """

    how: str
    is_ordinary: bool
    is_sensible: bool = True
    is_spared: bool = False
    is_yielded: bool = False
    is_reopened: bool = False


@dataclass(slots=True)
class World:
    """The decisions of one run at a time, and its record.

    `ahead` are decisions to repeat; past them the first answer is taken, which is never a
    failure. `trail` holds each decision with the number of answers it had. `is_async`, `quiet` and
    `turns` are the program's, `most` is how many turns one loop takes in a run. `is_nonsense` says
    that a variable without a session was used, `is_hopeless` that it was so before anything failed,
    `is_sparing` that a release failed, which only matters to what it releases.
    """

    is_async: bool
    quiet: frozenset[int]
    turns: Mapping[int, int]
    most: int
    called: Kinds
    awaited: Kinds
    yielded: Kinds
    raised: Kinds
    ahead: Sequence[int] = ()
    trail: list[tuple[int, int]] = field(default_factory=list)
    resources: list[Resource] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    taken: Counter[int] = field(default_factory=Counter)
    faults: int = 0
    is_nonsense: bool = False
    is_hopeless: bool = False
    is_sparing: bool = False

    def begin(self, ahead: Sequence[int]) -> None:
        """Forget the last run."""
        self.ahead, self.trail, self.resources, self.told = ahead, [], [], []
        self.taken, self.faults = Counter(), 0
        self.is_nonsense = self.is_hopeless = self.is_sparing = False

    def pick(self, options: int) -> int:
        """The next decision among so many, and its place in the trail."""
        at = len(self.trail)
        chosen = self.ahead[at] if at < len(self.ahead) else 0
        self.trail.append((chosen, options))
        return chosen

    def tell(self, frame: FrameType | None, what: str) -> None:
        """Note what happens, with the line when it is the program's own."""
        while frame is not None and frame.f_code.co_filename != FILE:
            frame = frame.f_back
        self.told.append(f"line {frame.f_lineno}: {what}" if frame else what)

    def step(self, frame: FrameType | None, kinds: Kinds, answers: int = 1) -> int:
        """What an operation answers, unless it fails.

        Raises:
            BaseException: one of `kinds`, when the run wants it to fail here.
        """
        chosen = self.pick(answers + len(kinds))
        if chosen < answers:
            if answers > 1:
                self.tell(frame, f"answer {chosen}")
            return chosen
        self.faults += 1
        kind = kinds[chosen - answers]
        self.tell(frame, kind.__name__)
        raise kind

    def fail(self, error: BaseException | None) -> None:
        """Note what was raised, when it was by the use of a variable without a session.

        It is an error like others where something failed before, nonsense where nothing did.
        """
        if isinstance(error, NameError | AttributeError | TypeError):
            self.is_hopeless = self.is_hopeless or self.faults == 0
            self.is_nonsense = True
            self.faults += 1

    def fault(self, frame: FrameType) -> type[BaseException]:
        """What `raise Fault` raises: an ordinary way, not a failure."""
        kind = self.raised[self.pick(len(self.raised))]
        self.tell(frame, f"raises {kind.__name__}")
        return kind

    def release(self, released: Resource, frame: FrameType) -> None:
        """Let go of one resource, which may fail; those still open need not care."""
        try:
            self.step(frame, self.called)
        except BaseException:
            self.is_sparing = True
            for other in self.resources:
                other.is_spared |= other is not released and other.how == "left"
            raise

    def turn(self, frame: FrameType, kinds: Kinds) -> bool:
        """Whether a loop takes another turn; the question may fail."""
        if self.taken[frame.f_lineno] == self.most:
            return False
        goes = self.step(frame, kinds, 2) == 1
        self.taken[frame.f_lineno] += goes
        return goes


@dataclass(slots=True)
class Resource:
    """One acquired session: its line, the failures before it, and how it ended so far.

    `lent_at` is how many failures there had been when a `yield` that gave it out was over,
    `is_used_closed` says that it holds a connection again after its close, `is_given` that somebody
    else has it, who may hold it closed.
    """

    world: World
    line: int
    faults: int
    how: str = "left"
    is_spared: bool = False
    lent_at: int | None = None
    is_closed: bool = False
    is_used_closed: bool = False
    is_given: bool = False

    def ending(self) -> Ending:
        """How it stands now."""
        is_ordinary = self.faults == self.world.faults
        is_sensible = not self.world.is_nonsense
        is_yielded = self.lent_at == self.world.faults
        is_reopened = self.is_used_closed or (self.is_closed and self.is_given)
        told = (self.how, is_ordinary, is_sensible, self.is_spared, is_yielded, is_reopened)
        return Ending(*told)

    def use(self) -> None:
        """Take a connection, if there was a close before."""
        self.is_used_closed = self.is_closed

    def give_back(self) -> None:
        """Hold no connection, but for the next use."""
        self.is_used_closed = False

    def roll_back(self, frame: FrameType, kinds: Kinds) -> None:
        """Give the connection back, which may fail.

        Behind a failure it does not count as failing: with the connection lost, none is held.
        """
        self.give_back()
        if frame.f_lineno not in self.world.quiet and self.faults == self.world.faults:
            self.world.step(frame, kinds)

    def close(self) -> None:
        """Hold no connection, and need no close."""
        self.is_closed, self.is_used_closed = True, False

    def end(self, how: str, frame: FrameType | None) -> None:
        """Its first ending counts; a `with` ends it when it is entered."""
        self.is_given = self.is_given or how == "handed over"
        if self.how == "left":
            self.how = how
            self.world.tell(frame, how)


def told_apart(kinds: Kinds, heads: Sequence[str]) -> list[type[BaseException]]:
    """One of each group of exceptions that the handlers with these heads treat alike."""
    groups: dict[tuple[bool, ...], type[BaseException]] = {}
    for kind in kinds:
        groups.setdefault(tuple(_is_caught(kind, head) for head in heads), kind)
    return list(groups.values())


def _is_caught(kind: type[BaseException], head: str) -> bool:
    if head == "except:":
        return True
    return any(base.__name__ in head for base in kind.__mro__[:-1])


def kinds(heads: Sequence[str], *, is_async: bool) -> tuple[Kinds, Kinds, Kinds, Kinds]:
    """What a call, an await, a yield and `raise Fault` may raise, as far as handlers tell apart."""
    plain = [StrayError, Fault, ValueError]
    cancelled = [asyncio.CancelledError] if is_async else []
    return (
        told_apart(plain, heads),
        told_apart([*plain, *cancelled], heads),
        told_apart([*plain, *cancelled, GeneratorExit], heads),
        told_apart([Fault, FaultyValueError], heads),
    )
