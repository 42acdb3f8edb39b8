"""Outcomes: the ways out of a piece of code, each with one path that leads there."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sessionlint.flow.ways import Exit, State, Step, Way

__all__ = ["NEXT", "Outcomes", "Trail", "extend", "flattened", "then"]

Trail = tuple[object, ...] | None
"""A path as a tree of pairs: None, (step,) or (trail, trail). Joining two costs nothing."""

Outcomes = dict[tuple[Exit, State], Trail]
"""For every way out and state found there, the first path that leads to it."""

NEXT = Exit(Way.NEXT)


def joined(first: Trail, second: Trail) -> Trail:
    """One path after the other."""
    if first is None or second is None:
        return second if first is None else first
    return (first, second)


def step(trail: Trail, *steps: Step) -> Trail:
    """A path with steps added at its end."""
    for one in steps:
        trail = joined(trail, (one,))
    return trail


def extend(into: Outcomes, more: Outcomes, before: Trail = None) -> None:
    """Add outcomes reached after a path; the first path to each is kept."""
    for key, trail in more.items():
        if key not in into:
            into[key] = joined(before, trail)


def then(done: Outcomes, run: Callable[[State], Outcomes]) -> Outcomes:
    """What follows outcomes: those that fall through go on with `run`, the others stay."""
    after: Outcomes = {}
    for (exit_, state), trail in done.items():
        if exit_ is NEXT or exit_ == NEXT:
            extend(after, run(state), trail)
        else:
            after.setdefault((exit_, state), trail)
    return after


def only_next(outcomes: Outcomes) -> Iterable[tuple[State, Trail]]:
    """The states in which a piece of code falls through."""
    return [(state, trail) for (exit_, state), trail in outcomes.items() if exit_ == NEXT]


def flattened(trail: Trail) -> tuple[Step, ...]:
    """The steps of a path in the order they are walked."""
    steps: list[Step] = []
    stack: list[object] = [trail]
    while stack:
        item = stack.pop()
        if isinstance(item, Step):
            steps.append(item)
        elif isinstance(item, tuple):
            stack.extend(reversed(item))
    return tuple(steps)
