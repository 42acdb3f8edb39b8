"""The source files of a project, without looking into them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path

from sessionlint.source.gate import may_speak

__all__ = ["MARKERS", "NOT_ENTERED", "SKIPPED", "Files", "project_root"]

MARKERS = (
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "requirements.txt",
    "Pipfile",
    "alembic.ini",
    "manage.py",
)
"""Files that stand at the top of a project."""

NOT_ENTERED = frozenset(
    ".git .venv venv node_modules build dist __pycache__ .tox .nox site-packages".split()
)
"""Folders that are not checked unless they are given by name."""

SKIPPED = NOT_ENTERED | frozenset(
    ".hg .svn env .eggs .mypy_cache .ruff_cache .pytest_cache".split()
)
"""Folders that hold no source of the project."""


def project_root(path: Path) -> Path:
    """The folder that holds the project of a file.

    The nearest folder above with a repository in it; else the farthest with a project file; else
    the folder above the file's outermost package.
    """
    above = list(path.parents)
    for folder in above:
        if (folder / ".git").exists() or (folder / ".hg").exists():
            return folder
    marked = [folder for folder in above if any((folder / name).is_file() for name in MARKERS)]
    if marked:
        return marked[-1]
    top = path.parent
    while (top / "__init__.py").is_file() and top != top.parent:
        top = top.parent
    return top


class Files:
    """The Python files below a folder; `read` gives one's bytes, None when it cannot be read."""

    def __init__(self, root: Path, read: Callable[[Path], bytes | None]) -> None:
        self.root = root
        self.read = read

    @cached_property
    def paths(self) -> list[Path]:
        """Every Python file, in path order."""
        return sorted(_python_files(self.root))

    @cached_property
    def _known(self) -> frozenset[Path]:
        return frozenset(self.paths)

    def is_file(self, path: Path) -> bool:
        """Whether there is such a file; inside the folder without asking the system again."""
        return path in self._known or (self.root not in path.parents and path.is_file())

    @cached_property
    def speaking(self) -> list[tuple[Path, bytes]]:
        """The files that speak of sessions, engines or connections at all, with their bytes."""
        read = ((path, self.read(path)) for path in self.paths)
        return [(path, data) for path, data in read if data is not None and may_speak(data)]


def _python_files(root: Path) -> Iterator[Path]:
    for folder, below, files in os.walk(root):
        below[:] = [name for name in below if name not in SKIPPED]
        for name in files:
            if name.endswith(".py"):
                yield Path(folder, name)
