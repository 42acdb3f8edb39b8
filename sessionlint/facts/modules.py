"""The modules of a project, found by import name and parsed when somebody asks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from sessionlint.errors import UnreadableFile
from sessionlint.facts.collect import Visit, blocks_of
from sessionlint.facts.files import Files
from sessionlint.facts.scopes import Module
from sessionlint.source.gate import own_names, renamed
from sessionlint.source.parse import Source, read_source
from sessionlint.source.walk import walk

__all__ = ["Tree"]


class Tree:
    """The modules of one project.

    `source_roots` are folders that imports start from, looked at before all others.
    """

    def __init__(
        self, files: Files, source_roots: tuple[Path, ...] = (), visit: Visit = walk
    ) -> None:
        self.files = files
        self._source_roots = source_roots
        self._visit = visit
        self._modules: dict[Path, Module | None] = {}
        self._sources: dict[Path, Source] = {}
        self._located: dict[tuple[str, Path], Path | None] = {}

    @cached_property
    def _roots_by_name(self) -> dict[str, list[Path]]:
        """For each top-level importable name, the folders it can be imported from."""
        found: dict[str, list[Path]] = {}
        packages = {path.parent for path in self.files.paths if path.name == "__init__.py"}
        for path in self.files.paths:
            folder, name = path.parent, path.stem
            if name == "__init__":
                folder, name = folder.parent, folder.name
            if folder not in packages and folder not in found.setdefault(name, []):
                found[name].append(folder)
        return found

    def source(self, path: Path, data: bytes) -> Source:
        """A file with these bytes, parsed at most once.

        Raises:
            UnreadableFile: it cannot be decoded or parsed.
        """
        known = self._sources.get(path)
        if known is not None and known.data == data:
            return known
        source = read_source(data)
        name, is_package = _module_name(path)
        own = own_names(data, frozenset()) | renamed(data)
        module = Module(path, name, is_package, frozenset(word.decode() for word in own))
        module.blocks = blocks_of(source.module, module, self._visit)
        self._modules[path] = module
        self._sources[path] = source
        return source

    def module(self, path: Path) -> Module | None:
        """The parsed module of a file, None when it cannot be read."""
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

    def locate(self, name: str, importer: Path) -> Path | None:
        """The file that `import name` in `importer` loads, None when the project has none."""
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
            if folder == importer.parent or not self.files.is_file(folder / "__init__.py"):
                yield folder
                yield folder / "src"
            if folder == self.files.root:
                break
        others = self._roots_by_name.get(first, [])
        if len(others) == 1:
            yield others[0]
        else:
            yield from sorted(others, key=lambda folder: -_shared(folder, importer))

    def package_of(self, importer: Path, dots: int) -> Path:
        """The folder that a relative import with that many dots starts from."""
        folder = importer.parent
        for _ in range(dots - 1):
            folder = folder.parent
        return folder

    def relative(self, folder: Path, name: str) -> Path | None:
        """The file of a module below a package's folder; the package itself for an empty name."""
        return self._file_of(folder, name.split(".") if name else [])

    def _file_of(self, root: Path, parts: list[str]) -> Path | None:
        target = root.joinpath(*parts)
        module = target.with_name(f"{target.name}.py")
        if parts and self.files.is_file(module):
            return module
        package = target / "__init__.py"
        return package if self.files.is_file(package) else None


def _shared(folder: Path, other: Path) -> int:
    return len(os.path.commonpath([folder, other]))


def _module_name(path: Path) -> tuple[str, bool]:
    is_package = path.name == "__init__.py"
    parts = [] if is_package else [path.stem]
    folder = path.parent
    while (folder / "__init__.py").is_file() and folder != folder.parent:
        parts.append(folder.name)
        folder = folder.parent
    return ".".join(reversed(parts)), is_package
