"""The names through which a project acquires, found on the bytes of its files."""

from __future__ import annotations

import re
from typing import Final

from sessionlint.facts.custom import is_customary
from sessionlint.facts.files import Files
from sessionlint.facts.names import Names
from sessionlint.source.gate import (
    CATALOGUE,
    GIVERS,
    MAKERS,
    Products,
    called,
    is_at_source,
    is_candidate,
    may_pass_on,
    own_names,
    products,
)

__all__ = ["Producers"]

_TELLING: Final = re.compile(r"session|database", re.IGNORECASE)
_HOPS: Final = 4
"""How often a factory is passed on from module to module: three in what was seen, and one more."""


class Producers:
    """Which files of a project may acquire something."""

    def __init__(self, files: Files, names: Names) -> None:
        self._files = files
        configured = names.factories | names.managers
        self._configured = frozenset(name.rpartition(".")[2].encode() for name in configured)
        self._names: frozenset[bytes] | None = None

    def is_candidate(self, data: bytes) -> bool:
        """Whether a file may acquire something; when in doubt, it may."""
        if any(name in data for name in self._configured):
            return True
        return is_candidate(data, self.names | own_names(data, self.names))

    def is_calling(self, name: str) -> bool:
        """Whether calling something of that name may acquire, or give what acquires."""
        word = name.encode()
        is_known = word in self.names or word in CATALOGUE
        return is_known or is_customary(name) or _TELLING.search(name) is not None

    @property
    def names(self) -> frozenset[bytes]:
        """The project's own names that, when called, may give something to release."""
        if self._names is None:
            self._names = self._closed() | self._configured
        return self._names

    def _closed(self) -> frozenset[bytes]:
        """Passed on from file to file, until no new name turns up."""
        texts = [(data, called(data)) for _, data in self._files.speaking]
        makers, givers = MAKERS, GIVERS
        own: set[bytes] = set()
        fresh = makers | givers
        sources = [(data, calls) for data, calls in texts if is_at_source(data)]
        for hop in range(_HOPS):
            found = [
                products(data, makers, givers)
                for data, calls in (texts if hop else sources)
                if may_pass_on(data, calls, fresh)
            ]
            # A project may call its own factory `create_session` or `Session`, as a library does.
            own.update(name for one in found for name in (*one.makers, *one.givers))
            more = Products(
                {name for one in found for name in one.makers} - makers,
                {name for one in found for name in one.givers} - givers,
            )
            makers, givers = makers | more.makers, givers | more.givers
            fresh = frozenset(more.makers | more.givers)
            if not fresh:
                break
        return frozenset(own)
