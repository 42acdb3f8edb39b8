"""One run of a program: what it asks, what it is told, and what it does in which order."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

from tests.oracle.world import Fault, StrayError, told_apart

__all__ = ["Choice", "Failures", "Key", "Run", "Value", "failures"]

Key = tuple[str, int]
"""What is asked, and how often it was asked before."""

Failures = Mapping[str, Sequence[type[BaseException]]]

_TURNS: Final = 2
_OPERATIONS: Final = 500


class Choice(NamedTuple):
    """An answer out of so many."""

    key: Key
    chosen: int
    options: int


class Held(Protocol):
    """What a program opened, and where; whether somebody else has to close it."""

    label: str
    site: int
    is_open: bool
    is_given: bool


@dataclass(frozen=True, eq=False)
class Value:
    """What was loaded through something opened, and may still need it."""

    of: Held
    what: str


@dataclass(slots=True)
class Run:
    """The decisions of one run and its record.

    `ahead` says the first answers in order; past them `plan` says an answer by its key, and what it
    does not say is answered by the first answer, which is never a failure. `failures` are what a
    call, an await or a yield may raise.
    """

    is_async: bool
    failures: Failures
    ahead: Sequence[int] = ()
    plan: Mapping[Key, int] = field(default_factory=dict)
    trail: list[Choice] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    opened: list[Held] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)
    turns: Counter[int] = field(default_factory=Counter)

    def ask(self, what: str, kinds: str, answers: int = 1, state: str = "") -> int:
        """The answer, unless it is one of the failures of `kinds`.

        `state` is added to the record; it is no part of the question.

        Raises:
            BaseException: the run wants a failure here; the exception remembers what failed.
        """
        assert len(self.events) < _OPERATIONS, "a drawn program does not end"
        key = (what, self.asked[what])
        self.asked[what] += 1
        fails = self.failures[kinds]
        chosen = self._chosen(key, answers + len(fails))
        if chosen < answers:
            self.events.append(f"{what}{state}" if answers == 1 else f"{what}{state}: {chosen}")
            return chosen
        kind = fails[chosen - answers]
        self.events.append(f"{what}{state} fails: {kind.__name__}")
        raise kind(key)

    def note(self, what: str) -> None:
        """Put on record what cannot fail."""
        self.events.append(what)

    def turn(self, loop: int, kinds: str) -> bool:
        """Whether a loop takes another turn; the question may fail."""
        if self.turns[loop] == _TURNS:
            return False
        goes = self.ask(f"turn {loop}", kinds, 2) == 1
        self.turns[loop] += goes
        return goes

    def named(self, value: object) -> str:
        """A value in words that are the same in every run."""
        if isinstance(value, Value):
            return f"{value.what} {value.of.label}"
        label = getattr(value, "label", None)
        return repr(value) if label is None else f"opened {label}"

    def state(self, value: object) -> str:
        """Whether a value needs what is closed."""
        return " stale" if isinstance(value, Value) and not value.of.is_open else ""

    def _chosen(self, key: Key, options: int) -> int:
        if options == 1:
            return 0
        at = len(self.trail)
        chosen = self.ahead[at] if at < len(self.ahead) else self.plan.get(key, 0)
        chosen = min(chosen, options - 1)
        self.trail.append(Choice(key, chosen, options))
        return chosen


def failures(heads: Sequence[str], *, is_async: bool) -> Failures:
    """What a call, an await and a yield may raise, as far as handlers with these heads tell apart."""
    plain = [StrayError, Fault, ValueError]
    cancelled = [asyncio.CancelledError] if is_async else []
    return {
        "": (),
        "call": told_apart(plain, heads),
        "await": told_apart([*plain, *cancelled], heads),
        "yield": told_apart([*plain, *cancelled, GeneratorExit], heads),
    }
