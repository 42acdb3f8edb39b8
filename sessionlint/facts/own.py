"""The names that a project itself gives to what acquires."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeAlias

from sessionlint.facts.glances import needles
from sessionlint.source.gate import GIVERS, MAKERS, may_speak

__all__ = ["Found", "Known", "Memory", "Own", "is_giving"]


class Own(NamedTuple):
    """Those that other files can call by a telling name, and all of them.

    Of these, `makers` and `givers` are called as the catalogue's are, which are among them.
    """

    shared: frozenset[bytes]
    all: frozenset[bytes]
    makers: frozenset[bytes] = MAKERS
    givers: frozenset[bytes] = GIVERS

    def is_news(self, old: bytes, new: bytes) -> bool:
        """Whether a file of the project that changes gives a name that is none of these.

        A name that goes is no news: one too many only means more to look at.
        """
        from sessionlint.source.bindings import products

        before, after = (products(data, self.makers, self.givers) for data in (old, new))
        is_known = (
            after.shared <= before.shared | self.shared,
            after.makers & after.shared <= before.makers | self.makers,
            after.makers | after.givers <= before.makers | before.givers | self.all,
        )
        return not all(is_known)


def is_giving(data: bytes, own: Own) -> bool:
    """Whether a file gives its project any name to acquire through."""
    from sessionlint.source.bindings import products

    found = products(data, own.makers, own.givers)
    return bool(found.makers or found.givers)


class Found(NamedTuple):
    """The project's names, and as needles those that other files can call.

    A file in which none of the needles occurs calls nothing by any of the names. Of those, a file
    that does not speak may have the `unspoken` ones. The `quiet` files were searched for all but
    those of `rest` as words, and had none.
    """

    own: Own
    needles: tuple[bytes, ...]
    unspoken: tuple[bytes, ...]
    quiet: frozenset[bytes] = frozenset()
    rest: tuple[bytes, ...] = ()

    @classmethod
    def of(
        cls, own: Own, quiet: Iterable[bytes] = (), asked: frozenset[bytes] = frozenset()
    ) -> Found:
        """The same of the names; the `quiet` files were searched for those that were `asked`."""
        parts = needles(own.shared)
        unspoken = tuple(part for part in parts if not may_speak(part))
        return cls(own, parts, unspoken, frozenset(quiet), needles(own.shared - asked))

    def has_any(self, data: bytes) -> bool:
        """Whether one of the needles is in a file."""
        return any(part in data for part in (self.rest if data in self.quiet else self.needles))


class Known(NamedTuple):
    """What a project is asked for as a whole, by the files that say so.

    `givers` are the paths of those that give it any of its names, `waiting` that of one that gets
    something asynchronous from a library, empty if there is none.
    """

    own: Own
    givers: frozenset[str]
    waiting: str


Memory: TypeAlias = Callable[[], "Known | None"]
"""Gives what is still known of a project, None if that is nothing."""
