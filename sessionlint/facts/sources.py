"""Which folders of a project hold its source."""

from __future__ import annotations

import os
from functools import cached_property

from sessionlint.facts.folders import Folders
from sessionlint.facts.roots import holds_projects, is_marked, is_repository

__all__ = ["SKIPPED", "Sources", "is_entered"]

_NOT_ENTERED = frozenset(
    (
        ".git .venv venv node_modules build dist __pycache__ .tox .nox site-packages "
        ".ipynb_checkpoints .sessionlint_cache"
    ).split()
)
"""Folders that are not checked unless they are given by name."""

SKIPPED = _NOT_ENTERED | frozenset(
    ".hg .svn env .eggs .mypy_cache .ruff_cache .pytest_cache".split()
)
"""Folders that hold no source of the project."""


def is_entered(folders: Folders, above: str, name: str) -> bool:
    """Whether what lies in a folder is checked without being given by name."""
    return name not in _NOT_ENTERED and not folders.is_library(above, name)


class Sources:
    """The folders below the top of a project that may hold source of it.

    A top that is neither a repository nor has a project file may be a home directory or a folder
    of projects: the repositories below it are projects of their own, and where there is one, what
    has a project file is too.
    """

    def __init__(self, top: str, folders: Folders) -> None:
        self._top = top
        self._folders = folders

    def hold(self, above: str, name: str) -> bool:
        """Whether a folder is one of them, given that the folder above it is."""
        if name in SKIPPED or self._folders.is_library(above, name):
            return False
        return self._is_project or not self._is_apart(os.path.join(above, name))

    @cached_property
    def _is_project(self) -> bool:
        return is_repository(self._folders, self._top) or is_marked(self._folders, self._top)

    @cached_property
    def _holds_projects(self) -> bool:
        return holds_projects(self._folders, self._top)

    def _is_apart(self, folder: str) -> bool:
        # Its names are asked for in any case, and tell without a question for each marker.
        self._folders.inside(folder)
        if is_repository(self._folders, folder):
            return True
        return self._holds_projects and is_marked(self._folders, folder)
