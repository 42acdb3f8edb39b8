"""Which folder holds the project of a file."""

from __future__ import annotations

import os
from itertools import islice

from sessionlint.facts.folders import Folders

__all__ = ["Roots", "holds_projects", "is_marked", "is_repository"]

_MARKERS = (
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "requirements.txt",
    "Pipfile",
    "alembic.ini",
    "manage.py",
)
"""Files that stand at the top of a project."""

_PACKAGE = "__init__.py"
_MANY = 4
"""How many folders with project files make what holds them a folder of projects."""


class Roots:
    """The folder that holds the project of what stands in a folder.

    The nearest folder above with a repository in it; else the farthest with a project file; else
    the folder above the outermost package, or that package where other projects lie beside it.
    """

    def __init__(self, folders: Folders) -> None:
        self._folders = folders
        self._repositories: dict[str, str | None] = {}
        self._marked: dict[str, str | None] = {}
        self._packages: dict[str, str] = {}

    def of(self, folder: str) -> str:
        """The project's folder, given the absolute path of a folder in it."""
        return self._repository(folder) or self._farthest(folder) or self._top(folder)

    def _repository(self, folder: str) -> str | None:
        if folder not in self._repositories:
            is_one = is_repository(self._folders, folder)
            above = os.path.dirname(folder)
            further = self._repository(above) if above != folder and not is_one else None
            self._repositories[folder] = folder if is_one else further
        return self._repositories[folder]

    def _farthest(self, folder: str) -> str | None:
        if folder not in self._marked:
            above = os.path.dirname(folder)
            found = self._farthest(above) if above != folder else None
            if found is None and is_marked(self._folders, folder):
                found = folder
            self._marked[folder] = found
        return self._marked[folder]

    def _top(self, folder: str) -> str:
        if folder not in self._packages:
            self._packages[folder] = self._outermost(folder)
        return self._packages[folder]

    def _outermost(self, folder: str) -> str:
        package = None
        while self._folders.has_file(folder, _PACKAGE) and folder != os.path.dirname(folder):
            package, folder = folder, os.path.dirname(folder)
        if package is None or not holds_projects(self._folders, folder):
            return folder
        return package


def holds_projects(folders: Folders, folder: str) -> bool:
    """Whether a folder holds projects, all of the computer for instance, and is none itself."""
    inside = folders.inside(folder)
    below = [os.path.join(folder, name) for name in (inside.folders if inside else ())]
    if folder == os.path.dirname(folder) or any(is_repository(folders, one) for one in below):
        return True
    # Parts of one project may have requirements of their own, its documentation for instance.
    marked = (one for one in below if is_marked(folders, one))
    return len(list(islice(marked, _MANY))) == _MANY


def is_repository(folders: Folders, folder: str) -> bool:
    """Whether a folder is the top of what Git or Mercurial keeps."""
    return folders.has(folder, ".git") or folders.has(folder, ".hg")


def is_marked(folders: Folders, folder: str) -> bool:
    """Whether a file stands in a folder that stands at the top of a project."""
    return any(folders.has_file(folder, name) for name in _MARKERS)
