"""The source files of a project, without looking into them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sessionlint.facts.aside import is_test
from sessionlint.facts.folders import Folders
from sessionlint.facts.roots import is_marked
from sessionlint.facts.sources import Sources
from sessionlint.facts.starts import Starts, in_path_order
from sessionlint.source.cleaning import may_use_threads, may_wait
from sessionlint.source.driving import is_worth_asking
from sessionlint.source.gate import SPEAKS, may_speak
from sessionlint.source.remarks import may_name_codes
from sessionlint.source.replacing import replacements
from sessionlint.source.text import is_notebook, is_plain

if TYPE_CHECKING:
    from sessionlint.facts.locked import Locks

__all__ = ["Files"]

_LARGE = 1_000
"""How many files are read and searched in the time in which LibCST is loaded."""


class Files:
    """The Python files below a folder, and below those outside of it that its imports start from.

    `read` gives the bytes of a file by its absolute path, None when it cannot be read.
    `source_roots` are the folders that imports start from, looked at before all others.
    """

    def __init__(
        self,
        root: Path,
        read: Callable[[str], bytes | None],
        folders: Folders | None = None,
        source_roots: tuple[Path, ...] = (),
    ) -> None:
        self.root = root
        self.source_roots = source_roots
        self._read = read
        self._held: dict[str, bytes] = {}
        self._top = str(root)
        # One that holds the project itself would bring all of its neighbours.
        apart = (one for one in source_roots if not one.is_relative_to(root))
        others = (str(one) for one in apart if not root.is_relative_to(one))
        self._tops = (self._top, *dict.fromkeys(others))
        self._folders = folders or Folders()
        self._sources = Sources(self._top, self._folders)
        self._is_source: dict[str, bool] = {self._top: True}
        self._silent: set[str] = set()
        self._waiting: set[str] = set()
        self._quiet: dict[bytes, list[str]] = {}
        self._replaced: dict[str, list[bytes]] = {}
        self._having: dict[bytes, list[tuple[str, bytes]]] = {}

    def read(self, path: Path) -> bytes | None:
        """The Python that a file holds, None when it cannot be read."""
        data = self._bytes(str(path))
        return data if data is None or not is_notebook(path) else _code(data)

    def _bytes(self, name: str) -> bytes | None:
        held = self._held.get(name) if self._held else None
        held = self.known(name) if held is None else held
        return self._read(name) if held is None else held

    def is_held(self, path: Path, data: bytes) -> bool:
        """Whether a file was last replaced by these bytes."""
        return self._held.get(str(path)) == data

    def replace(self, path: Path, data: bytes) -> bytes:
        """Let a file hold these bytes from now on, whatever is on disk.

        What comes back is what it held among the `speaking` ones, if those were asked for.
        """
        name = str(path)
        self._held[name] = data
        self._silent.discard(name)
        self._waiting.discard(name)
        self._quiet.clear()
        self._having.clear()
        self._replaced.clear()
        if "_spoken" not in self.__dict__ or not self.is_file(path):
            return b""
        old = self._spoken.pop(name, b"")
        if may_speak(data):
            self._spoken[name] = data
            self._spoken = _sorted(self._spoken)
        return old

    def is_file(self, path: Path) -> bool:
        """Whether there is such a file; in a folder that holds no source, there is none."""
        folder, name = os.path.split(path)
        return self._holds_source(folder) and self._folders.has_file(folder, name)

    def is_there(self, folder: str, name: str) -> bool:
        """Whether a folder holds a module, or a folder with modules, of that name."""
        return self._folders.has(folder, name) or self._folders.has(folder, f"{name}.py")

    def is_marked(self, folder: Path) -> bool:
        """Whether a file stands in a folder that stands at the top of a project."""
        return is_marked(self._folders, str(folder))

    def _holds_source(self, folder: str) -> bool:
        if folder not in self._is_source:
            above, name = os.path.split(folder)
            is_below = folder.startswith(self._top.rstrip(os.sep) + os.sep)
            # What lies outside the project is not for the project to leave out.
            self._is_source[folder] = not is_below or (
                self._holds_source(above) and self._sources.hold(above, name)
            )
        return self._is_source[folder]

    def _below(self, folder: str) -> Iterator[tuple[str, list[str]]]:
        """Every folder of the project with the Python files in it."""
        inside = self._folders.inside(folder)
        if inside is None:
            return
        links = (name for name in inside.others if not os.path.isdir(os.path.join(folder, name)))
        names = (*inside.files, *links)
        is_expected = self._folders.is_expected
        yield folder, [one for one in names if one.endswith(".py") or is_expected(folder, one)]
        for name in inside.folders:
            if self._sources.hold(folder, name):
                yield from self._below(os.path.join(folder, name))

    def _all(self) -> Iterator[tuple[str, list[str]]]:
        for top in self._tops:
            yield from self._below(top)

    @cached_property
    def _python(self) -> list[tuple[str, list[str]]]:
        return list(self._all())

    @cached_property
    def is_large(self) -> bool:
        """Whether reading all of the project takes longer than looking closely at a file of it."""
        count = 0
        for _, names in self._all():
            count += len(names)
            if count > _LARGE:
                return True
        return False

    @property
    def python_files(self) -> list[str]:
        """The paths of all Python files of the project."""
        return [os.path.join(folder, name) for folder, names in self._python for name in names]

    def listed(self) -> list[str] | None:
        """Every folder of the project and every Python file in it, None if that is not all.

        Nobody may have asked for all files, or a link may lead to a folder with more.
        """
        if "_python" not in self.__dict__:
            return None
        paths: list[str] = []
        for folder, names in self._python:
            paths += (folder, *(os.path.join(folder, name) for name in names))
            inside = self._folders.inside(folder)
            others = () if inside is None else inside.others
            if any(os.path.isdir(os.path.join(folder, name)) for name in others):
                return None
        return paths

    @cached_property
    def starts(self) -> Starts:
        """Where imports may start."""
        return Starts(self._top, self._folders, self._sources)

    @cached_property
    def _spoken(self) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for name in self.python_files:
            # A path object for each file takes as long as reading it.
            if (data := self._bytes(name)) is None:
                continue
            if may_speak(data):
                found[name] = data
            elif is_plain(data) and not may_name_codes(data) and not is_worth_asking(data):
                if not may_wait(data):
                    self._silent.add(name)
                elif not may_use_threads(data):
                    self._waiting.add(name)
        return _sorted(found)

    @cached_property
    def locks(self) -> Locks:
        """What the project's lock files say."""
        from sessionlint.facts.locked import Locks

        return Locks(self.root, self.read, self._folders)

    @property
    def speaking(self) -> list[tuple[str, bytes]]:
        """The files that speak of sessions, engines or connections at all, with their bytes."""
        return list(self._spoken.items())

    def having(self, word: bytes) -> list[tuple[str, bytes]]:
        """Those of them in which a word stands, be it in a longer one."""
        if word not in self._having:
            # Only those may have a word that have a part of it: few speak of what a name speaks of.
            if (spoken := next((one for one in SPEAKS if one in word), word)) != word:
                self.having(spoken)
            known = [found for part, found in self._having.items() if part in word]
            among = min(known, key=len, default=self.speaking)
            self._having[word] = [one for one in among if word in one[1]]
        return self._having[word]

    def quiet(self, word: bytes, pattern: re.Pattern[bytes]) -> Iterator[Path]:
        """Those of the others that have a word and match a pattern; of a large project, none."""
        if word not in self._quiet:
            others = () if self.is_large else self.python_files
            texts = ((name, self._bytes(name)) for name in others if name not in self._spoken)
            self._quiet[word] = [name for name, data in texts if data and word in data]
        for name in self._quiet[word]:
            data = self._bytes(name)
            if data is not None and pattern.search(data):
                yield Path(name)

    def tests(self, word: bytes, pattern: re.Pattern[bytes]) -> Iterator[Path]:
        """The tests in which something that is replaced has a word, and one begins as a pattern."""
        for name in self._tests:
            data = self._bytes(name)
            # Have: few tests have the word, and all that they replace takes long to be found.
            if data is None or word not in data:
                continue
            if name not in self._replaced:
                self._replaced[name] = replacements(data)
            replaced = self._replaced[name]
            if any(word in one for one in replaced) and any(map(pattern.match, replaced)):
                yield Path(name)

    @cached_property
    def _tests(self) -> list[str]:
        return [name for name in self.python_files if is_test(name, self.root)]

    def is_silent(self, path: str) -> bool:
        """Whether all files have been read and this one speaks of nothing, in plain ASCII.

        One that speaks to sessionlint in a comment is not silent.
        """
        return path in self._silent

    def is_waiting(self, path: str) -> bool:
        """Whether the same is known of this one, except that it waits, but not for a thread."""
        return path in self._waiting

    def known(self, path: str) -> bytes | None:
        """The bytes of a file if all have been read and this one speaks."""
        return self._spoken.get(path) if "_spoken" in self.__dict__ else None


def _sorted(files: dict[str, bytes]) -> dict[str, bytes]:
    """Files with their bytes in path order."""
    return dict(sorted(files.items(), key=lambda item: in_path_order(item[0])))


def _code(data: bytes) -> bytes | None:
    """The code of a notebook, None when it cannot be read."""
    from sessionlint.errors import UnreadableFile
    from sessionlint.source.notebook import opened_notebook

    try:
        return opened_notebook(data).code
    except UnreadableFile:
        # Reported where it is checked; here it only says nothing.
        return None
