"""What single files say by their bytes, each looked at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sessionlint.source.custom import is_customary
from sessionlint.source.gate import (
    CATALOGUE,
    OF_POOLS,
    called,
    catalogued,
    engine_calls,
    is_at_source,
    is_calling_session,
    session_names,
)
from sessionlint.source.taking import may_take

__all__ = ["Glances", "is_any_by_hand", "needles"]


class Glances:
    """Answers by the bytes of a file; what was answered once is kept."""

    def __init__(self) -> None:
        self._sources: dict[bytes, bool] = {}
        self._sessions: dict[bytes, bool] = {}
        self._taking: dict[bytes, bool] = {}
        self._calls: dict[bytes, frozenset[bytes]] = {}
        self._others: dict[bytes, tuple[tuple[bytes, bytes], ...]] = {}

    def is_at_source(self, data: bytes) -> bool:
        """Whether a file may call the libraries themselves, or an engine made from them."""
        if data not in self._sources:
            self._sources[data] = is_at_source(data)
        return self._sources[data]

    def has_sessions(self, data: bytes) -> bool:
        """Whether a file speaks of sessions."""
        if data not in self._sessions:
            self._sessions[data] = b"ession" in data
        return self._sessions[data]

    def may_take(self, data: bytes) -> bool:
        """Whether a file may call something of the catalogue, or give it another name."""
        if data not in self._taking:
            self._taking[data] = may_take(data)
        return self._taking[data]

    def called(self, data: bytes) -> frozenset[bytes]:
        """Every name worth following that a file calls."""
        if data not in self._calls:
            self._calls[data] = called(data)
        return self._calls[data]

    def aliases(self, data: bytes, names: frozenset[bytes]) -> set[bytes]:
        """The names that a file gives to some of `names` without calling them, step by step."""
        from sessionlint.source.naming import annotated, defaults, named, renamings

        if data not in self._others:
            given = ((one.old, one.new) for one in (*named(data), *defaults(data)))
            promised = ((b"sessionmaker", name) for name, _ in annotated(data))
            self._others[data] = (*given, *renamings(data), *promised)
        found: set[bytes] = set()
        news = {new for old, new in self._others[data] if old in names}
        while news:
            found |= news
            news = {new for old, new in self._others[data] if old in news} - found
        return found

    def acquiring(self, data: bytes) -> Iterator[bytes]:
        """The names a file calls by which it may acquire, whatever else there is in its project."""
        is_source = self.is_at_source(data)
        is_calling = self.has_sessions(data) and is_calling_session(data)
        sessions = session_names(data) if is_calling else frozenset[bytes]()
        giving = {one for one in sessions if one in CATALOGUE or is_customary(one.decode())}
        if is_source:
            yield from engine_calls(data)
        is_taking = (is_source or OF_POOLS in data) and self.may_take(data)
        if not giving and not is_taking:
            return
        calls = self.called(data)
        if is_source and is_taking:
            yield from self.aliases(data, CATALOGUE)
        yield from catalogued(data, calls)
        if giving:
            from sessionlint.source.by_hand import is_used

            yield from (name for name in calls & giving if is_used(data, name))

    def forget(self, data: bytes) -> None:
        """Keep no longer what a file says, nor its bytes, once it is judged: few ask again."""
        self._sources.pop(data, None)
        self._sessions.pop(data, None)
        self._taking.pop(data, None)
        self._calls.pop(data, None)
        self._others.pop(data, None)

    def passing_on(self, texts: Iterable[bytes], names: frozenset[bytes]) -> list[bytes]:
        """Those of the texts, all of which hold one of the names, that call it, or rename it."""
        return [
            data
            for data in texts
            if not self.called(data).isdisjoint(names) or self.aliases(data, names)
        ]


def needles(names: Iterable[bytes]) -> tuple[bytes, ...]:
    """Those names that hold no other, so that a text without them is without all."""
    kept: list[bytes] = []
    for name in sorted(names, key=len):
        if not any(shorter in name for shorter in kept):
            kept.append(name)
    return tuple(kept)


def is_any_by_hand(data: bytes, names: Iterable[bytes]) -> bool:
    """Whether a file calls one of the names so that something may be left to close."""
    for name in names:
        # Its patterns are not worth compiling for a file that calls none of them.
        from sessionlint.source.by_hand import is_by_hand

        if is_by_hand(data, name):
            return True
    return False
