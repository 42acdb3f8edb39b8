"""Folders of the file system, each listed at most once."""

from __future__ import annotations

import os
import stat
from typing import NamedTuple

__all__ = ["Folders", "Inside", "is_regular"]


class Inside(NamedTuple):
    """The names in a folder; `others` are links and what is neither file nor folder."""

    files: frozenset[str]
    folders: tuple[str, ...]
    others: frozenset[str]


class Folders:
    """What stands in folders, asked of the system when somebody first asks."""

    def __init__(self) -> None:
        self._known: dict[str, Inside | None] = {}
        self._expected: set[tuple[str, str]] = set()

    def inside(self, folder: str) -> Inside | None:
        """The names in a folder, None when it cannot be listed."""
        if folder not in self._known:
            self._known[folder] = _listed(folder)
        return self._known[folder]

    def expect(self, *paths: str | os.PathLike[str]) -> None:
        """Take Python files for some that are there, be it that they are not saved yet.

        Not in a folder that is not there either: no search comes by it.
        """
        for path in paths:
            folder, name = os.path.split(path)
            # An editor says so at each key that is pressed.
            inside = None if self.is_expected(folder, name) else self.inside(folder)
            if inside is not None and name not in inside.others:
                self._known[folder] = inside._replace(files=inside.files | {name})
                self._expected.add((folder, name))

    def is_expected(self, folder: str, name: str) -> bool:
        """Whether a file was named as Python that is not saved, be it by no name of a module."""
        return (folder, name) in self._expected

    def has(self, folder: str, name: str) -> bool:
        """Whether something of that name stands in a folder."""
        known = self._known.get(folder)
        if known is None:
            return os.path.exists(os.path.join(folder, name))
        return name in known.files or name in known.folders or name in known.others

    def is_library(self, folder: str, name: str) -> bool:
        """Whether what has that name in a folder is a copy of SQLAlchemy, and no source of ours."""
        if name != "sqlalchemy":
            return False
        path = os.path.join(folder, name)
        return all(self.has(path, part) for part in ("dialects", "engine", "orm", "pool"))

    def has_file(self, folder: str, name: str) -> bool:
        """Whether there is such a regular file, or a link to one.

        A folder nobody has listed is not listed for this: one question is cheaper than all names.
        """
        known = self._known.get(folder)
        if known is not None and name not in known.others:
            return name in known.files
        return is_regular(os.path.join(folder, name))


def is_regular(path: str) -> bool:
    """Whether there is a regular file of that path, or a link to one: no folder, FIFO or socket."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False


def _listed(folder: str) -> Inside | None:
    files: list[str] = []
    folders: list[str] = []
    others: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False):
                    files.append(entry.name)
                elif entry.is_dir(follow_symlinks=False):
                    folders.append(entry.name)
                else:
                    others.append(entry.name)
    except OSError:
        return None
    return Inside(frozenset(files), tuple(folders), frozenset(others))
