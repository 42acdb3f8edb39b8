"""Where the imports of a project may start, by the first names they have."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from sessionlint.facts.folders import Folders
from sessionlint.facts.sources import Sources

__all__ = ["Starts", "in_path_order"]

_PACKAGE = "__init__.py"


def in_path_order(path: str) -> str:
    """What to sort paths by, so that a folder's files stand together."""
    # No name has it in it, and it comes before all that they have: as if sorted by their parts.
    return path.replace(os.sep, "\0")


class Starts:
    """The folders of a project that lie in no package.

    `of` are, for the first name of an import, those that have a module or package of that name,
    in path order; `of_namespaces` those that have a folder of that name which is no package.
    """

    def __init__(self, top: str, folders: Folders, sources: Sources) -> None:
        self._folders = folders
        self._sources = sources
        modules: dict[str, list[str]] = {}
        namespaces: dict[str, list[str]] = {}
        for folder, names, others in self._outside(top):
            for found, here in ((modules, names), (namespaces, others)):
                for name in here:
                    found.setdefault(name, []).append(folder)
        self._modules = _ordered(modules)
        self._namespaces = _ordered(namespaces)

    def of(self, first: str) -> list[Path]:
        """Where a module or package of that name lies."""
        return self._modules.get(first, [])

    def of_namespaces(self, first: str) -> list[Path]:
        """Where a folder of that name lies that may be one part of a package. Source: PEP 420."""
        return self._namespaces.get(first, [])

    def _outside(self, folder: str) -> Iterator[tuple[str, set[str], list[str]]]:
        """Every folder that lies in no package, with what can be imported from it."""
        inside = self._folders.inside(folder)
        if inside is None:
            return
        names = {name[:-3] for name in (*inside.files, *inside.others) if name.endswith(".py")}
        others: list[str] = []
        for name in inside.folders:
            below = os.path.join(folder, name)
            if not self._sources.hold(folder, name):
                continue
            if self._folders.has_file(below, _PACKAGE):
                names.add(name)
            else:
                others.append(name)
                yield from self._outside(below)
        yield folder, names, others


def _ordered(found: dict[str, list[str]]) -> dict[str, list[Path]]:
    return {
        name: [Path(folder) for folder in sorted(folders, key=in_path_order)]
        for name, folders in found.items()
    }
