"""What a call may give, as far as the names tell by which a file knows it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sessionlint.facts.producers import Producers
from sessionlint.facts.reads import Reads

if TYPE_CHECKING:
    from sessionlint.facts.module import Module

__all__ = ["ByName"]

_Key = tuple[Path, str, bool]


class ByName:
    """Says no for calls that are not worth following, yes when in doubt.

    Without `producers` nothing is known, so all are worth it.
    """

    def __init__(self, producers: Producers | None, reads: Reads) -> None:
        self.producers = producers
        self._reads = reads
        self._calling: dict[_Key, tuple[bool, int]] = {}

    def is_giving(
        self, name: str, home: Module, library: frozenset[str], *, is_attribute: bool
    ) -> bool:
        """Whether a module's call of a name may give what a function of `library` gives."""
        if self.producers is None:
            return True
        is_own = partial(self.producers.is_own, home=home.path)
        old = home.other_names.get(name, ())
        return (
            any(one in library or one in home.own_names for one in (name, *old))
            or is_own(name, is_attribute=is_attribute)
            or any(is_own(one, is_attribute=False) for one in old)
        )

    def is_calling(self, name: str, home: Module, *, is_attribute: bool) -> bool:
        """Whether a module that calls something of that name, or `x.name`, may acquire."""
        if self.producers is None or name in home.own_names:
            return True
        key = home.path, name, is_attribute
        ask = partial(self._may_acquire, self.producers, key, home)
        return self._reads.once(self._calling, key, ask)

    def _may_acquire(self, producers: Producers, key: _Key, home: Module) -> bool:
        path, name, is_attribute = key
        return producers.is_calling(name, path, is_attribute=is_attribute) or any(
            one in home.own_names or producers.is_calling(one, path, is_attribute=False)
            for one in home.other_names.get(name, ())
        )
