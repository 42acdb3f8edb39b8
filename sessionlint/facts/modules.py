"""The modules of a project, found by import name and parsed when somebody asks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from sessionlint.errors import UnreadableFile
from sessionlint.facts.collect import Visit
from sessionlint.facts.files import Files
from sessionlint.facts.module import Module
from sessionlint.facts.places import Places, is_package, module_name
from sessionlint.facts.reading import Reader
from sessionlint.facts.reads import ELSEWHERE, LOCKED, MODULE, OLDER, SEARCH, TESTED
from sessionlint.source.outline import Part, outlined, whole
from sessionlint.source.parse import Source, opened_source
from sessionlint.source.walk import walk

__all__ = ["Tree"]


class Tree:
    """The modules of one project; `places` says where they lie."""

    def __init__(self, files: Files, places: Places, visit: Visit = walk) -> None:
        self.files = files
        self.places = places
        self.reads = places.reads
        self._visit = visit
        self._is_full = visit is not walk
        self._wholes: set[Path] = set()
        self._modules: dict[Path, Module | None] = {}
        self._sources: dict[Path, Source] = {}

    def source(self, path: Path, data: bytes) -> Source:
        """A file with these bytes, opened at most once and parsed as far as somebody asks.

        Raises:
            UnreadableFile: it cannot be decoded, or cannot be parsed and has to be read whole.
        """
        known = self._sources.get(path)
        if known is not None and known.data == data:
            return known
        source = opened_source(data)
        is_whole = self._is_full or path in self._wholes
        self._read(path, source, [whole(source.text)] if is_whole else outlined(source.text))
        return source

    def read_whole(self, path: Path) -> None:
        """Parse a file as one piece whenever it is asked for from now on."""
        self._wholes.add(path)
        self.forget(path)

    def whole(self, path: Path) -> Module:
        """A module of the project once more, read as one piece: its tree is `source(…).module`.

        Raises:
            UnreadableFile: it cannot be parsed.
        """
        source = Source(self._sources[path].data, self._sources[path].text)
        return self._read(path, source, [whole(source.text)])

    def _read(self, path: Path, source: Source, parts: list[Part]) -> Module:
        if len(parts) == 1:
            _ = source.module
        module = Module(path, module_name(path), is_package(path))
        module.reader = Reader(source, parts, module, self._visit)
        self._modules[path] = module
        self._sources[path] = source
        return module

    def forget(self, path: Path) -> None:
        """Parse a file anew when it is next asked for."""
        self._modules.pop(path, None)
        self._sources.pop(path, None)

    def module(self, path: Path) -> Module | None:
        """The parsed module of a file, None when it cannot be read."""
        self.reads.note(MODULE, str(path))
        if path not in self._modules:
            self._modules[path] = None
            data = self.files.read(path)
            if data is not None:
                try:
                    self.source(path, data)
                except UnreadableFile:
                    # It is reported where it is checked; here it only says nothing.
                    return None
        return self._modules[path]

    def offering(self, module: Module, origin: str, item: str, home: Module) -> Module:
        """The module that `from origin import item` takes it from.

        Another one of that name where the located one surely has no such item, and the other has;
        of what `import *` may bring, nobody knows that it has to be there.
        """
        if self._may_offer(module, item) or origin in home.top.stars:
            return module
        others = filter(None, map(self.module, self.places.others(origin, home.path)))
        return next((one for one in others if self._may_offer(one, item)), module)

    def _may_offer(self, module: Module, item: str) -> bool:
        top = module.top
        if top.bindings(item) or top.stars or top.bindings("__getattr__"):
            return True
        return module.is_package and self.places.relative(module.path.parent, item) is not None

    def searched(self, word: bytes, pattern: re.Pattern[bytes]) -> Iterator[tuple[Path, bytes]]:
        """The speaking files of the project that have a word and match a pattern."""
        self.reads.note(SEARCH, word.decode("latin-1"), pattern.pattern.decode("latin-1"))
        for name, data in self.files.having(word):
            if pattern.search(data):
                self.reads.note(MODULE, name)
                yield Path(name), data

    def has(self, word: bytes, pattern: re.Pattern[bytes]) -> bool:
        """Whether there is one."""
        return any(True for _ in self.searched(word, pattern))

    def has_any(self, word: bytes, pattern: re.Pattern[bytes], besides: Path | None = None) -> bool:
        """Whether there is one, be it one that does not speak, other than a file known already."""
        speaking = (path for path, _ in self.searched(word, pattern))
        return any(path != besides for path in chain(speaking, self.elsewhere(word, pattern)))

    def elsewhere(self, word: bytes, pattern: re.Pattern[bytes]) -> Iterator[Path]:
        """The same of the files that do not speak, of a project that is not large."""
        self.reads.note(ELSEWHERE, word.decode("latin-1"), pattern.pattern.decode("latin-1"))
        for path in self.files.quiet(word, pattern):
            self.reads.note(MODULE, str(path))
            yield path

    def tested(self, word: bytes, pattern: re.Pattern[bytes]) -> Iterator[tuple[Path, bytes]]:
        """The tests that replace something of which a word tells, from where a pattern matches.

        Nothing but tests is read for that.
        """
        self.reads.note(TESTED, word.decode("latin-1"), pattern.pattern.decode("latin-1"))
        for path in self.files.tests(word, pattern):
            data = self.files.read(path)
            if data is not None:
                self.reads.note(MODULE, str(path))
                yield path, data

    def locked(self, folder: Path, package: str = "sqlalchemy") -> str | None:
        """The version of a package that is locked for a folder, None when that is open."""
        self.reads.note(LOCKED, str(folder), package)
        return self.files.locks.version(str(folder), package)

    def may_run_before(self, folder: Path, release: tuple[int, ...]) -> bool:
        """Whether what stands in a folder may run on a SQLAlchemy older than a release."""
        self.reads.note(OLDER, str(folder), *map(str, release))
        return self.files.locks.may_be_before(str(folder), release)

    def data(self, path: Path) -> bytes | None:
        """What a module that was asked for held, None when it could not be read."""
        source = self._sources.get(path)
        return self.files.read(path) if source is None else source.data
