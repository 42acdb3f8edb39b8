"""The names that a project itself gives to what acquires."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from sessionlint.source.gate import GIVERS, MAKERS

__all__ = ["Known", "Memory", "Own", "is_giving"]


class Own(NamedTuple):
    """All of them, and those that other files can call.

    Of these, `makers` and `givers` are called as the catalogue's are, which are among them.
    """

    shared: frozenset[bytes]
    all: frozenset[bytes]
    makers: frozenset[bytes] = MAKERS
    givers: frozenset[bytes] = GIVERS

    def is_news(self, new: bytes, old: bytes) -> bool:
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
