"""Whether a file can get anything to acquire from the modules it imports, by bytes alone.

It answers for one file by reading a few others, where the names of a whole project
(`producers`) need all of them. Its No is certain: what cannot be told is Yes.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

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
_BUILTIN: Final = frozenset(name.encode() for name in dir(builtins))


class Neighbours:
    """Answers for single files of a project."""

    def __init__(self, files: Files, places: Places) -> None:
        self._files = files
        self._places = places
        self._answers: dict[tuple[Path, bytes, int], bool] = {}

    def anew(self) -> Neighbours:
        """The same with nothing answered yet."""
        return Neighbours(self._files, self._places)

    def may_give(self, data: bytes, path: Path, hops: int = _HOPS) -> bool:
        """Whether what a file calls may come from a module that gives something to acquire."""
        return any(True for _ in self._given(data, called(data), path, hops))

    def may_leave(self, data: bytes, path: Path) -> bool:
        """Whether a file calls any of that by hand, so that something may be left to close."""
        # What is not called by its name may be called by another one, as a base class is.
        calls = called(data)
        own = calls.difference(base for _, base in derived(data))
        for name in self._given(data, calls, path, _HOPS):
            # Its patterns are not worth compiling for a file that is given nothing.
            from sessionlint.source.by_hand import is_by_hand

            if name not in own or is_by_hand(data, name):
                return True
        return False

    def _given(
        self, data: bytes, calls: frozenset[bytes], path: Path, hops: int
    ) -> Iterator[bytes]:
        """The names by which a file knows what a module may give it to acquire through."""
        yield from strangers(data, calls)
        if not calls and b"=" not in data:
            return
        # These are not worth loading for a file that calls nothing.
        from sessionlint.source.imports import imports
        from sessionlint.source.sites import owners

        known = imports(data)
        if any(self._is_inside(star, path) for star in known.stars):
            yield from calls
        if b"sessionmaker" in data:
            from sessionlint.source.naming import annotated

            yield from (name for name, _ in annotated(data))
        for name in filter(_is_notable, calls - _BUILTIN):
            for owner in owners(data, name):
                is_own = not owner and (name in known.items or _is_bound(data, name))
                if not is_own and self._is_doubtful(owner, known, path):
                    yield name
        for name in calls & known.items.keys():
            if self._is_any_given(known.items[name], path, hops):
                yield name
        yield from self._given_otherwise(data, known, path, hops)

    def _given_otherwise(
        self, data: bytes, known: Imports, path: Path, hops: int
    ) -> Iterator[bytes]:
        """The names that a file itself gives to what it imports, step by step."""
        if b"=" not in data:
            return
        from sessionlint.source.naming import defaults, named

        others: set[bytes] = set()
        for one in (*named(data), *defaults(data)):
            if one.value in others or self._is_naming_given(one, data, known, path, hops):
                others.add(one.new)
                yield one.new

    def _is_naming_given(
        self, one: Naming, data: bytes, known: Imports, path: Path, hops: int
    ) -> bool:
        """Whether what gets another name may acquire: the catalogue's, or a module's."""
        if one.old in CATALOGUE and is_at_source(data):
            return True
        first, *rest = one.value.split(b".")
        if not rest:
            return self._is_any_given(known.items.get(first, ()), path, hops)
        if _is_notable(one.old) and one.new + b"(" in data:
            return self._is_doubtful(first, known, path)
        origin = _origin(first, rest, known)
        return origin is not None and self._is_given(origin, one.old, path, hops)

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

    def _is_any_given(self, items: Iterable[tuple[str, bytes]], importer: Path, hops: int) -> bool:
        """The same of a name that is taken from the first module that is there."""
        return any(self._is_given(origin, item, importer, hops) for origin, item in items)

    def _is_given(self, origin: str, item: bytes, importer: Path, hops: int) -> bool:
        """Whether a name of a module may give something to acquire."""
        if not hops or not self._is_inside(origin, importer):
            return False
        module = self._places.imported(origin, importer)
        if module is None:
            return False
        key = (module, item, hops)
        if key not in self._answers:
            self._answers[key] = self._gives(module, item, hops - 1)
        return self._answers[key]

    def _gives(self, module: Path, item: bytes, hops: int) -> bool:
        data = self._files.read(module)
        if data is None:
            return False
        from sessionlint.source.imports import imports

        known = imports(data)
        if item in known.items:
            return self._is_any_given(known.items[item], module, hops)
        if any(self._is_given(star, item, module, hops) for star in known.stars):
            return True
        if item not in data or not may_speak(data):
            return False
        is_source = is_at_source(data) and not CATALOGUE.isdisjoint(called(data))
        return is_source or self.may_give(data, module, hops)


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
