"""Whether a file can get anything to acquire from the modules it imports, by bytes alone.

It answers for one file by reading a few others, where the names of a whole project
(`producers`) need all of them. Its No is certain: what cannot be told is Yes.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from sessionlint.facts.files import Files
from sessionlint.facts.places import Places
from sessionlint.source.bases import derived
from sessionlint.source.custom import strangers
from sessionlint.source.gate import (
    CATALOGUE,
    called,
    is_at_source,
    is_telling,
    may_speak,
)

if TYPE_CHECKING:
    from sessionlint.source.imports import Imports
    from sessionlint.source.naming import Naming

__all__ = ["Neighbours"]

_HOPS: Final = 8
"""How many modules are asked one behind the other."""

_BUILTIN: Final = frozenset(name.encode() for name in dir(builtins))

_Place: TypeAlias = tuple[Path, bytes]
"""A module of the project, and a name in it."""

_Places: TypeAlias = tuple[_Place, ...]
"""Where something may come from. In place of them, None: where that is cannot be told."""


class _Lead(NamedTuple):
    """A name by which a file calls something, and where it may get that from."""

    name: bytes
    places: _Places | None


class Neighbours:
    """Answers for single files of a project."""

    def __init__(self, files: Files, places: Places) -> None:
        self._files = files
        self._places = places
        self._imports: dict[Path, Imports] = {}
        self._steps: dict[_Place, _Places | None] = {}
        self._all: dict[Path, _Places | None] = {}

    def anew(self) -> Neighbours:
        """The same with nothing answered yet."""
        return Neighbours(self._files, self._places)

    def may_give(self, data: bytes, path: Path) -> bool:
        """Whether what a file calls may come from a module that gives something to acquire."""
        places = self._all_of(data, path)
        return places is None or self._is_any_giving(places)

    def may_leave(self, data: bytes, path: Path) -> bool:
        """Whether a file calls any of that by hand, so that something may be left to close."""
        # What is not called by its name may be called by another one, as a base class is.
        calls = called(data)
        own = calls.difference(base for _, base in derived(data))
        for name, places in self._leads(data, calls, path):
            if places is not None and not self._is_any_giving(places):
                continue
            # Its patterns are not worth compiling for a file that is given nothing.
            from sessionlint.source.by_hand import is_by_hand

            if name not in own or is_by_hand(data, name):
                return True
        return False

    def _is_any_giving(self, places: _Places) -> bool:
        """Whether one of the places may give something to acquire; the nearest are asked first."""
        seen: set[_Place] = set()
        near: Iterable[_Place] = places
        for _ in range(_HOPS):
            ahead = [place for place in dict.fromkeys(near) if place not in seen]
            seen.update(ahead)
            steps = [self._step(place) for place in ahead]
            if None in steps:
                return True
            near = (place for step in steps if step for place in step)
        return False

    def _step(self, place: _Place) -> _Places | None:
        """Where a module has a name from; None where the module itself may give it."""
        if place not in self._steps:
            self._steps[place] = self._from(*place)
        return self._steps[place]

    def _from(self, module: Path, item: bytes) -> _Places | None:
        data = self._files.read(module)
        if data is None:
            return ()
        known = self._imported(data, module)
        if item in known.items:
            return self._of(known.items[item], module)
        stars = self._of(((star, item) for star in known.stars), module)
        if item not in data or not may_speak(data):
            return stars
        if module not in self._all:
            is_source = is_at_source(data) and not CATALOGUE.isdisjoint(called(data))
            self._all[module] = None if is_source else self._all_of(data, module)
        own = self._all[module]
        return None if own is None else stars + own

    def _imported(self, data: bytes, module: Path) -> Imports:
        from sessionlint.source.imports import imports

        if module not in self._imports:
            self._imports[module] = imports(data)
        return self._imports[module]

    def _all_of(self, data: bytes, path: Path) -> _Places | None:
        """Where all may come from that a file calls."""
        found: dict[_Place, None] = {}
        for lead in self._leads(data, called(data), path):
            if lead.places is None:
                return None
            found.update(dict.fromkeys(lead.places))
        return tuple(found)

    def _leads(self, data: bytes, calls: frozenset[bytes], path: Path) -> Iterator[_Lead]:
        """The names by which a file may know something to acquire through."""
        yield from (_Lead(name, None) for name in strangers(data, calls))
        if not calls and b"=" not in data:
            return
        # These are not worth loading for a file that calls nothing.
        from sessionlint.source.imports import imports
        from sessionlint.source.sites import owners

        known = imports(data)
        if any(self._is_inside(star, path) for star in known.stars):
            yield from (_Lead(name, None) for name in calls)
        if b"sessionmaker" in data:
            from sessionlint.source.naming import annotated

            yield from (_Lead(name, None) for name, _ in annotated(data))
        for name in filter(_is_notable, calls - _BUILTIN):
            for owner in owners(data, name):
                is_own = not owner and (name in known.items or _is_bound(data, name))
                if not is_own and self._is_doubtful(owner, known, path):
                    yield _Lead(name, None)
        for name in calls & known.items.keys():
            yield _Lead(name, self._of(known.items[name], path))
        yield from self._leads_otherwise(data, known, path)

    def _leads_otherwise(self, data: bytes, known: Imports, path: Path) -> Iterator[_Lead]:
        """The names that a file itself gives to what it imports, step by step."""
        if b"=" not in data:
            return
        from sessionlint.source.naming import defaults, named

        others: dict[bytes, _Places | None] = {}
        for one in (*named(data), *defaults(data)):
            more = others.get(one.value, ())
            places = self._named(one, data, known, path) if more == () else more
            if places != ():
                others[one.new] = _joined(others.get(one.new, ()), places)
                yield _Lead(one.new, others[one.new])

    def _named(self, one: Naming, data: bytes, known: Imports, path: Path) -> _Places | None:
        """Where that comes from which gets another name: from the catalogue, or from a module."""
        if one.old in CATALOGUE and is_at_source(data):
            return None
        first, *rest = one.value.split(b".")
        if not rest:
            return self._of(known.items.get(first, ()), path)
        if _is_notable(one.old) and one.new + b"(" in data:
            return None if self._is_doubtful(first, known, path) else ()
        origin = _origin(first, rest, known)
        return () if origin is None else self._of([(origin, one.old)], path)

    def _is_doubtful(self, owner: bytes, known: Imports, path: Path) -> bool:
        """Whether a call cannot be followed: a parameter, or a method of nothing foreign."""
        module = known.modules.get(owner)
        origins = [module] if module else [origin for origin, _ in known.items.get(owner, ())]
        return not origins or any(self._is_inside(origin, path) for origin in origins)

    def _is_inside(self, origin: str, path: Path) -> bool:
        """Whether a module belongs to the project."""
        if origin.startswith("."):
            return True
        return self._places.has_top(origin.partition(".")[0], path)

    def _of(self, items: Iterable[tuple[str, bytes]], importer: Path) -> _Places:
        """Those of the project's modules, with the names, that a file takes something from."""
        return tuple(
            (module, item)
            for origin, item in items
            if self._is_inside(origin, importer)
            for module in self._modules(origin, item, importer)
        )

    def _modules(self, origin: str, item: bytes, importer: Path) -> Iterator[Path]:
        """The module of that name, and others of that name where it hardly has the item."""
        module = self._places.imported(origin, importer)
        if module is None:
            return
        yield module
        data = self._files.read(module) or b""
        if item not in self._imported(data, module).items and not _is_bound(data, item):
            yield from self._places.others(origin, importer)


def _joined(some: _Places | None, others: _Places | None) -> _Places | None:
    if some is None or others is None:
        return None
    return tuple(dict.fromkeys(some + others))


def _is_notable(name: bytes) -> bool:
    """Whether a method of that name is worth following."""
    return is_telling(b".", name)


def _origin(first: bytes, rest: list[bytes], known: Imports) -> str | None:
    """The module whose member `first.rest` is, None where `first` is not imported."""
    names = rest[:-1]
    if first in known.items:
        module, item = known.items[first][-1]
        names.insert(0, item)
    else:
        module = known.modules.get(first, "")
        if module.partition(".")[0].encode() == first:
            # Have: `import a.b`, which makes `a` known; one that says `as` gives another name.
            module = first.decode()
    if not module:
        return None
    below = b".".join(names).decode()
    return module + below if not below or module.endswith(".") else f"{module}.{below}"


def _is_bound(data: bytes, name: bytes) -> bool:
    """Whether a file itself defines a name or assigns to it."""
    word = re.escape(name)
    pattern = rb"^[ \t]*(?:(?:async[ \t]+)?def[ \t]+|class[ \t]+)" + word + rb"\b"
    return re.search(pattern + rb"|^[ \t]*" + word + rb"[ \t]*=", data, re.MULTILINE) is not None
