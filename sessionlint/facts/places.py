"""Where the modules of a project lie, by the names they are imported by."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from sessionlint.facts.files import Files
from sessionlint.facts.reads import BELOW, OTHERS, PLACE, Reads

__all__ = ["Places", "is_package", "module_name"]

_PACKAGE = "__init__.py"


class Places:
    """Finds the files of imports."""

    def __init__(self, files: Files) -> None:
        self.reads = Reads()
        self._files = files
        self._located: dict[tuple[str, Path], Path | None] = {}
        self._tops: dict[tuple[str, Path], bool] = {}

    def locate(self, name: str, importer: Path) -> Path | None:
        """The file that `import name` in `importer` loads, None when the project has none."""
        self.reads.note(PLACE, name, str(importer.parent))
        key = (name, importer.parent)
        if key not in self._located:
            self._located[key] = self._search(name, importer)
        return self._located[key]

    def others(self, origin: str, importer: Path) -> list[Path]:
        """The other files that `from origin import …` may load, should it not be the one located.

        They lie in the folders around the importing one, the nearest first: where that is not on
        `sys.path`, Python does not see what lies beside the file.
        """
        if origin.startswith("."):
            return []
        self.reads.note(OTHERS, origin, str(importer.parent))
        located = self.locate(origin, importer)
        roots = (*self._files.source_roots, *self._folders_above(importer.parent))
        found = dict.fromkeys(self._file_of(root, origin.split(".")) for root in roots)
        return [one for one in found if one is not None and one != located]

    def _search(self, name: str, importer: Path) -> Path | None:
        parts = name.split(".")
        candidates = self._candidates(parts[0], importer)
        further = self._packages(importer) if len(parts) > 1 else ()
        for root in chain(candidates, further):
            found = self._file_of(root, parts)
            if found is not None:
                return found
        return self._in_root(parts) or self._in_namespace(parts)

    def _in_root(self, parts: list[str]) -> Path | None:
        """The file of that name where the project's folder is a package without a file of its own.

        A program is started beside it: `python -m backend.main`.
        """
        root = self._files.root
        is_below = len(parts) > 1 and parts[0] == root.name
        return self._file_of(root, parts[1:]) if is_below else None

    def _in_namespace(self, parts: list[str]) -> Path | None:
        """The one file of that name in a package without a file of its own, wherever it lies."""
        roots = self._files.starts.of_namespaces(parts[0])
        files = {file for root in roots if (file := self._file_of(root, parts)) is not None}
        return files.pop() if len(files) == 1 else None

    def _candidates(self, first: str, importer: Path) -> Iterator[Path]:
        yield from self._files.source_roots
        top = self._top_package(importer)
        if top is not None and top.name == first:
            # `from shop import shop` in shop/views.py asks the package, not shop/shop.py beside it.
            yield top.parent
        yield from self._folders_above(importer.parent)
        if first == self._files.root.name and self._files.is_file(self._files.root / _PACKAGE):
            # All of the project is one package, whatever marks its top.
            yield self._files.root.parent
        others = self._files.starts.of(first)
        if len(others) == 1:
            yield others[0]
        else:
            yield from sorted(others, key=lambda folder: -_shared(folder, importer))

    def _top_package(self, importer: Path) -> Path | None:
        """The outermost package around a module, below the folder that marks its project."""
        top = None
        for around in importer.parents:
            is_last = around == self._files.root or self._files.is_marked(around)
            if is_last or not self._files.is_file(around / _PACKAGE):
                return top
            top = around
        return top

    def _folders_above(self, folder: Path) -> Iterator[Path]:
        """Where what lies in a folder may import from, innermost first."""
        is_inside = True
        for around in (folder, *folder.parents):
            # Inside a package, a sibling is reached by a relative import or the full name, but for
            # one with files of a project in it: a program is started there.
            is_inside = is_inside and self._files.is_file(around / _PACKAGE)
            if around == folder or not is_inside or self._files.is_marked(around):
                yield around
                yield around / "src"
            if around == self._files.root:
                return

    def _packages(self, importer: Path) -> Iterator[Path]:
        """The packages around a module, innermost first.

        A program that is started in one of them imports from there. `import redis` in it is the
        library all the same, whatever it calls a module of its own: more than one name has to fit.
        """
        for folder in importer.parent.parents:
            if not self._files.is_file(folder / _PACKAGE):
                return
            yield folder
            if folder == self._files.root:
                return

    def has_top(self, name: str, importer: Path) -> bool:
        """Whether an import whose first name is that may load something of the project."""
        key = (name, importer.parent)
        if key not in self._tops:
            roots = chain(self._candidates(name, importer), self._packages(importer))
            is_module = any(self._files.is_there(str(root), name) for root in roots)
            is_root = name == self._files.root.name
            self._tops[key] = is_module or is_root or bool(self._files.starts.of_namespaces(name))
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
        package = target / _PACKAGE
        if self._files.is_file(package):
            # Python looks for a package first.
            return package
        module = target.with_name(f"{target.name}.py")
        return module if parts and self._files.is_file(module) else None


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
