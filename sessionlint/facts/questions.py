"""Questions that lead to further questions, each answered once, circles included."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Final, TypeVar

from sessionlint.facts.reads import Reads
from sessionlint.facts.values import UNKNOWN, Value

__all__ = ["Questions"]

_Answer = TypeVar("_Answer")

_Key = tuple[int, int]

_DEEPEST: Final = 60
"""How many questions are open at once; real chains are shorter than twenty."""


class Questions:
    """Keeps the answers about nodes, and cuts circles such as `query = query.filter(…)`.

    An answer that rests on a question still open is kept only until the outermost one is
    answered, so that no answer depends on what was asked before. What an answer was read from
    counts as read again by everybody who gets it.
    """

    def __init__(self, reads: Reads) -> None:
        self._reads = reads
        # The subject is kept beside its answer: an id is unique only while its object lives.
        self._answers: dict[_Key, tuple[object, object, Value, int]] = {}
        self._resting: dict[_Key, tuple[Value, int, int]] = {}
        self._open: dict[_Key, int] = {}
        self._lowest = _DEEPEST
        self._done: dict[Hashable, tuple[Any, int]] = {}

    def once(self, key: Hashable, work_out: Callable[[], _Answer]) -> _Answer:
        """What some work gives, done once for each key, unless a question is still open."""
        return work_out() if self._open else self._reads.once(self._done, key, work_out)

    def answer(self, subject: object, work_out: Callable[[], Value], block: object = None) -> Value:
        """The answer about a subject, worked out if nobody has asked before.

        In another `block` the same expression may mean something else.
        """
        key = id(subject), id(block)
        if key in self._answers:
            _, _, value, seen = self._answers[key]
            self._reads.seen |= seen
            return value
        if key in self._resting:
            value, rests_on, seen = self._resting[key]
            self._reads.seen |= seen
            self._lowest = min(self._lowest, rests_on)
            return value
        if key in self._open or len(self._open) >= _DEEPEST:
            self._lowest = min(self._lowest, self._open.get(key, 0))
            return UNKNOWN
        return self._ask(key, (subject, block), work_out)

    def _ask(self, key: _Key, about: tuple[object, object], work_out: Callable[[], Value]) -> Value:
        depth = len(self._open)
        before, self._lowest = self._lowest, _DEEPEST
        self._open[key] = depth
        try:
            value, seen = self._reads.noting(work_out)
        finally:
            del self._open[key]
        if self._lowest < depth:
            self._resting[key] = (value, self._lowest, seen)
            self._lowest = min(before, self._lowest)
        else:
            self._answers[key] = (*about, value, seen)
            self._lowest = before
        if depth == 0:
            self._resting.clear()
        return value
