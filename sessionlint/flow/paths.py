"""Outcomes: the ways out of a piece of code, each with one path that leads there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import libcst as cst

from sessionlint.flow.ways import Exit, State, Step, Way
from sessionlint.source.walk import descend

__all__ = [
    "NEXT",
    "Outcomes",
    "Path",
    "ending",
    "extend",
    "flattened",
    "in_order",
    "joined",
    "step",
    "then",
    "within",
]


class Trail(NamedTuple):
    """A path as a tree, so that joining two costs nothing."""

    first: Trail | Step
    second: Trail | Step


Path = Trail | Step | None
"""A path: nothing, one step, or two paths one after the other."""

Outcomes = dict[tuple[Exit, State], Path]
"""For every way out and state found there, the first path that leads to it."""

NEXT = Exit(Way.NEXT)


def joined(first: Path, second: Path) -> Path:
    """One path after the other."""
    if first is None or second is None:
        return second if first is None else first
    return Trail(first, second)


def step(trail: Path, *steps: Step) -> Path:
    """A path with steps added at its end."""
    for one in steps:
        trail = joined(trail, one)
    return trail


def extend(into: Outcomes, more: Outcomes, before: Path = None) -> None:
    """Add outcomes reached after a path; the first path to each is kept."""
    for key, trail in more.items():
        if key not in into:
            into[key] = joined(before, trail)


def then(done: Outcomes, run: Callable[[State], Outcomes]) -> Outcomes:
    """What follows outcomes: those that fall through go on with `run`, the others stay.

    Of two errors in one expression the last is told: the query, and not what it is made of.
    """
    after: Outcomes = {}
    for (exit_, state), trail in done.items():
        if exit_ == NEXT:
            extend(after, run(state), trail)
        else:
            after.setdefault((exit_, state), trail)
    return after


def within(done: Outcomes, run: Callable[[State], Outcomes]) -> Outcomes:
    """The same for what `run` does in statements of its own: of two errors the first is told."""
    after = {key: trail for key, trail in done.items() if key[0] != NEXT}
    for state, trail in _only_next(done):
        extend(after, run(state), trail)
    return after


def _only_next(outcomes: Outcomes) -> Iterable[tuple[State, Path]]:
    """The states in which a piece of code falls through."""
    return [(state, trail) for (exit_, state), trail in outcomes.items() if exit_ == NEXT]


def in_order(outcomes: Outcomes, head: cst.CSTNode) -> Iterable[tuple[tuple[Exit, State], Path]]:
    """The ways out of the head of a statement; where it calls, those that leave come first.

    What fails there fails before anything behind it, and of two such the first is told.
    """
    pairs = outcomes.items()
    if len(pairs) == 1 or not _is_calling(head):
        return pairs
    return sorted(pairs, key=lambda pair: pair[0][0] == NEXT)


def _is_calling(head: cst.CSTNode) -> bool:
    return type(head) is cst.Call or any(type(part) is cst.Call for part in descend(head))


def ending(trail: Path) -> Step | None:
    """The last step of a path."""
    while isinstance(trail, Trail):
        trail = trail.second
    return trail


def flattened(trail: Path) -> tuple[Step, ...]:
    """The steps of a path in the order they are walked."""
    steps: list[Step] = []
    stack = [trail]
    while stack:
        item = stack.pop()
        if isinstance(item, Step):
            steps.append(item)
        elif item is not None:
            stack += [item.second, item.first]
    return tuple(steps)
