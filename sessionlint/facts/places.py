"""Where the modules of a project lie, by the names they are imported by."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from sessionlint.facts.files import Files
from sessionlint.facts.reads import BELOW, PLACE, Reads

__all__ = ["Places", "is_package", "module_name"]

_PACKAGE = "__init__.py"


class Places:
    """Finds the files of imports.

    `source_roots` are folders that imports start from, looked at before all others.
    """

    def __init__(self, files: Files, source_roots: tuple[Path, ...] = ()) -> None:
        self.reads = Reads()
        self._files = files
        self._source_roots = source_roots
        self._located: dict[tuple[str, Path], Path | None] = {}
        self._tops: dict[tuple[str, Path], bool] = {}

    def locate(self, name: str, importer: Path) -> Path | None:
        """The file that `import name` in `importer` loads, None when the project has none."""
        self.reads.note(PLACE, name, str(importer.parent))
        key = (name, importer.parent)
        if key not in self._located:
            self._located[key] = self._search(name, importer)
        return self._located[key]

    def _search(self, name: str, importer: Path) -> Path | None:
        parts = name.split(".")
        for root in self._candidates(parts[0], importer):
            found = self._file_of(root, parts)
            if found is not None:
                return found
        return None

    def _candidates(self, first: str, importer: Path) -> Iterator[Path]:
        yield from self._source_roots
        for folder in importer.parents:
            # Inside a package, a sibling is reached by a relative import or the full name.
            if folder == importer.parent or not self._files.is_file(folder / _PACKAGE):
                yield folder
                yield folder / "src"
            if folder == self._files.root:
                break
        others = self._files.importable.get(first, [])
        if len(others) == 1:
            yield others[0]
        else:
            yield from sorted(others, key=lambda folder: -_shared(folder, importer))

    def has_top(self, name: str, importer: Path) -> bool:
        """Whether an import whose first name is that may load something of the project."""
        key = (name, importer.parent)
        if key not in self._tops:
            roots = self._candidates(name, importer)
            self._tops[key] = any(self._files.is_there(str(root), name) for root in roots)
        return self._tops[key]

    def package_of(self, importer: Path, dots: int) -> Path:
        """The folder that a relative import with that many dots starts from."""
        folder = importer.parent
        for _ in range(dots - 1):
            folder = folder.parent
        return folder

    def relative(self, folder: Path, name: str) -> Path | None:
        """The file of a module below a package's folder; the package itself for an empty name."""
        self.reads.note(BELOW, str(folder), name)
        return self._file_of(folder, name.split(".") if name else [])

    def imported(self, origin: str, importer: Path) -> Path | None:
        """The file of the module that `from origin import …` names."""
        dots = len(origin) - len(origin.lstrip("."))
        if dots:
            return self.relative(self.package_of(importer, dots), origin[dots:])
        return self.locate(origin, importer)

    def _file_of(self, root: Path, parts: list[str]) -> Path | None:
        target = root.joinpath(*parts)
        module = target.with_name(f"{target.name}.py")
        if parts and self._files.is_file(module):
            return module
        package = target / _PACKAGE
        return package if self._files.is_file(package) else None


def is_package(path: Path) -> bool:
    """Whether a module is the package that its folder makes."""
    return path.name == _PACKAGE


def module_name(path: Path) -> str:
    """The dotted name of a module as far as packages reach above it."""
    parts = [] if is_package(path) else [path.stem]
    folder = path.parent
    while (folder / _PACKAGE).is_file() and folder != folder.parent:
        parts.append(folder.name)
        folder = folder.parent
    return ".".join(reversed(parts))


def _shared(folder: Path, other: Path) -> int:
    return len(os.path.commonpath([folder, other]))
