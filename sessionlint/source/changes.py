"""Where two texts differ, by their lines."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, TypeVar

__all__ = ["Change", "changes"]

_Line = TypeVar("_Line", str, bytes)

_SHORT: Final = 200
"""How many lines are compared at once: what that costs grows with their square."""

_LONG: Final = 2_000
"""From how many lines on those that are frequent are taken for noise."""


class Change(NamedTuple):
    """The old lines from `start` to `stop` give way to the new ones of the other two places."""

    start: int
    stop: int
    new_start: int
    new_stop: int

    def moved(self, by: int, new_by: int) -> Change:
        """The same one, of two texts of which this is a part that begins there."""
        new = self.new_start + new_by, self.new_stop + new_by
        return Change(self.start + by, self.stop + by, *new)


def changes(old: Sequence[_Line], new: Sequence[_Line]) -> Iterator[Change]:
    """What makes the new lines of the old ones, in order; a line that stays is between any two.

    Long texts are first cut at the lines that both have once and that did not change places.
    """
    if max(len(old), len(new)) <= _SHORT:
        yield from _compared(old, new)
        return
    start = new_start = 0
    for stop, new_stop in [*_fixed(old, new), (len(old), len(new))]:
        for one in _trimmed(old[start:stop], new[new_start:new_stop]):
            yield one.moved(start, new_start)
        # Have: the line itself is in both.
        start, new_start = stop + 1, new_stop + 1


def _compared(old: Sequence[_Line], new: Sequence[_Line]) -> Iterator[Change]:
    from difflib import SequenceMatcher

    # It takes every line for noise that is often in 200 lines or more, blank ones for instance, so
    # that two changed lines of a long file were shown as a hundred.
    is_long = max(len(old), len(new)) > _LONG
    for kind, *places in SequenceMatcher(None, old, new, autojunk=is_long).get_opcodes():
        if kind != "equal":
            yield Change(*places)


def _trimmed(old: Sequence[_Line], new: Sequence[_Line]) -> Iterator[Change]:
    """The same without what is alike at both ends, which is most of it."""
    head = _alike(old, new)
    tail = _alike(old[head:][::-1], new[head:][::-1])
    rest, new_rest = old[head : len(old) - tail], new[head : len(new) - tail]
    if rest and new_rest:
        yield from (one.moved(head, head) for one in _compared(rest, new_rest))
    elif rest or new_rest:
        yield Change(head, head + len(rest), head, head + len(new_rest))


def _alike(one: Sequence[_Line], other: Sequence[_Line]) -> int:
    """How many lines are the same from the start."""
    pairs = enumerate(zip(one, other, strict=False))
    shorter = min(len(one), len(other))
    return next((index for index, (left, right) in pairs if left != right), shorter)


def _fixed(old: Sequence[_Line], new: Sequence[_Line]) -> list[tuple[int, int]]:
    """The most places of lines that each text has once, and both in the same order."""
    once, new_once = _once(old), _once(new)
    pairs = [(at, new_once[line]) for line, at in once.items() if line in new_once]
    # The longest row that rises: for each length the pair with which such a row can end earliest.
    ends: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for index, (_, place) in enumerate(pairs):
        length = bisect_left(ends, place)
        before.append(last[length - 1] if length else -1)
        ends[length : length + 1] = [place]
        last[length : length + 1] = [index]
    row: list[tuple[int, int]] = []
    index = last[-1] if last else -1
    while index >= 0:
        row.append(pairs[index])
        index = before[index]
    return row[::-1]


def _once(lines: Sequence[_Line]) -> dict[_Line, int]:
    """Where each line stands that is there once, in order."""
    counts = Counter(lines)
    return {line: at for at, line in enumerate(lines) if counts[line] == 1}
