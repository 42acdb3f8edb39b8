"""What a rewritten program does otherwise than it did before."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from itertools import groupby
from typing import Final

from tests.oracle.replay import Played, played, stage

__all__ = ["REASONS", "differences", "needless", "reasons"]

_EARLIER: Final = "what stood behind a close would run before it"
_LATER: Final = "what stood before a close would run behind it"
_LEAVING: Final = frozenset(
    {
        "the generator may be left waiting inside the `with`",
        "what is loaded is used after the close",
        "what is loaded may be used after the `yield`",
        "what is returned may still need it",
        "what is stored or passed on may still need it",
    }
)
"""Where nothing closed before, what was loaded is stale now; other runs stay as they were."""

_OPENING: Final = frozenset({"an error of the opening itself would be raised as it is"})
"""Runs in which an opening fails, or what stands before it, may go on in any way.

The close of what was never opened fails there: `UnboundLocalError`.
"""

_REST: Final = frozenset(
    {"the rest of the `finally` would also run if the opening or the close failed"}
)
"""What stands in the `finally` also runs where something before it fails there."""

_CLOSING: Final = frozenset(
    {
        "an error of the close itself would reach a handler",
        "an error of the close itself would reach no handler",
        _EARLIER,
        _LATER,
    }
)
"""Runs in which a close fails may go on in any way."""

_ORDER: Final = frozenset({_EARLIER, _LATER})
"""A close may come earlier or later among the other operations, which keep their order.

What is looked at meanwhile is stale then, or not any more.
"""

REASONS: Final = _LEAVING | _OPENING | _REST | _CLOSING

_NEEDED: Final = re.compile(r"still need the .*")
_CLOSE: Final = re.compile(r"close \w+")
_BY_HAND: Final = re.compile(r"(?:await )?(?:(\w+)\.a?close\(\)|pool\.release\((\w+)\))")
_MOST: Final = 300


def reasons(said: Iterable[str]) -> frozenset[str]:
    """The single reasons in what fixes say, whatever it is that they manage."""
    single = (reason for one in said for reason in one.split("; ") if reason)
    return frozenset(_NEEDED.sub("still need it", reason) for reason in single)


def differences(old: str, new: str, allowed: Collection[str], most: int = _MOST) -> Iterator[str]:
    """In words, every run that shows a difference which none of the reasons allows.

    What the fix manages must not be left open in any run. A run in which the old text left nothing
    open has to come out the same; where it did, the close is all that may come on top, as long as
    nothing was used after its close.

    Raises:
        SyntaxError: the new text is no Python.
    """
    before, after = stage(old), stage(new)
    fixed = after.managed - before.managed
    known = {run.trail: run for run in played(after, before.failures, most)}
    for run in known.values():
        if run.left & fixed:
            yield _told("leaves it open", run)
    for run in played(before, before.failures, most):
        then = known.get(run.trail) or after.run(before.failures, (), run.plan)
        if _is_free(run, allowed):
            continue
        # A failing close may have skipped that of another one, which a `with` around closes now.
        if not run.left & fixed and run.left <= then.left:
            yield from _compared(run, then, allowed)
        elif not any(" anew" in event for event in run.events):
            yield from _beyond(run, then, allowed)


def _told(what: str, *runs: Played) -> str:
    return "\n  ".join([what, *(f"{', '.join(it.events)} -> {it.outcome}" for it in runs)])


def _is_free(run: Played, allowed: Collection[str]) -> bool:
    """Whether a reason lets this run go on in any way."""
    fails = [event for event in run.events if " fails: " in event]
    if not _CLOSING.isdisjoint(allowed) and any(map(_CLOSE.match, fails)):
        return True
    is_unopened = "UnboundLocalError" in run.outcome
    is_unopened = is_unopened or any(event.startswith("acquire") for event in fails)
    return is_unopened and not _OPENING.isdisjoint(allowed)


def _compared(run: Played, then: Played, allowed: Collection[str]) -> Iterator[str]:
    if not _REST.isdisjoint(allowed) and _failed(run) is not None:
        if _unordered(run)[: _failed(run)] != _unordered(then)[: _failed(run)]:
            yield _told("does something else before it fails", run, then)
    elif not _ORDER.isdisjoint(allowed):
        if _unordered(run) != _unordered(then) or sorted(_closes(run)) != sorted(_closes(then)):
            yield _told("does something else", run, then)
    elif run.outcome != then.outcome:
        yield _told("ends otherwise", run, then)
    elif _settled(run) != _settled(then):
        yield _told("does something else, or in another order", run, then)
    elif sorted(run.trail) != sorted(then.trail):
        yield _told("asks otherwise", run, then)


def _beyond(run: Played, then: Played, allowed: Collection[str]) -> Iterator[str]:
    same = [_unordered(it) for it in (run, then)]
    if not _REST.isdisjoint(allowed) and _failed(run) is not None:
        same = [it[: _failed(run)] for it in same]
    elif _LEAVING.isdisjoint(allowed) and _ORDER.isdisjoint(allowed):
        same = [[*_others(it.events), it.outcome] for it in (run, then)]
    if same[0] != same[1]:
        yield _told("does more than close what was open", run, then)


def _failed(run: Played) -> int | None:
    """How many operations there are to the last one that fails, None when none does."""
    fails = [at for at, event in enumerate(run.events, 1) if _is_failure(event)]
    return len(_others(run.events[: fails[-1]])) if fails else None


def _is_failure(event: str) -> bool:
    return " fails: " in event or (event.startswith("yield") and not event.endswith(": 0"))


def _unordered(run: Played) -> list[str]:
    """What a run does but closing, whether or not that comes before."""
    return [event.replace(" stale", "") for event in (*_others(run.events), run.outcome)]


def _others(events: Iterable[str]) -> list[str]:
    return [event for event in events if not _CLOSE.match(event)]


def _settled(run: Played) -> list[str]:
    """The operations in order, but for closes that follow each other.

    What they close has nothing to do with each other in what is drawn.
    """
    groups = groupby(run.events, key=lambda event: _CLOSE.match(event) is not None)
    return [event for is_close, some in groups for event in (sorted(some) if is_close else some)]


def _closes(run: Played) -> list[str]:
    return [event for event in run.events if _CLOSE.match(event)]


def needless(old: str, new: str) -> Iterator[str]:
    """The closes by hand that the new text still has of what only a `with` opens there."""
    before, after = stage(old), stage(new)
    names = after.entered - before.entered - after.bound
    for line in new.splitlines():
        found = _BY_HAND.match(line.strip())
        if found and (found[1] or found[2]) in names:
            yield f"a close is left: {line.strip()}"
