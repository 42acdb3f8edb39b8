"""The versions that a project has locked: of SQLAlchemy, which it may only require, and others."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path, PurePath
from typing import Final, TypeGuard

from sessionlint.facts.declared import DECLARING, WHERE, admits_before
from sessionlint.facts.folders import Folders

__all__ = ["DECIDING", "Locks", "may_decide"]

_NAME: Final = "sqlalchemy"
_TABLES: Final = ("uv.lock", "poetry.lock", "pdm.lock")
_PIPFILE: Final = "Pipfile.lock"
_REQUIREMENTS: Final = re.compile(r"(?:requirements|constraints)[\w.-]*\.txt")
_PINNED: Final = r"\s* {} \s* (?:\[ [^\]]* \])? \s* ===? \s* ([\w.!+]+) \s* (?: $ | [;\#\\] | -- )"
"""A line of requirements. Source: PEP 508; `2.0.*` and a second condition pin nothing."""

_PACKAGE: Final = re.compile(r"^\[\[package\]\][ \t]*\r?$", re.MULTILINE)
_NAMED: Final = r'^name = "{}"[ \t]*\r?$'


_BELOW: Final = ("requirements", "docker")
"""Folders whose lists count for the folder that they stand in."""

_LISTS: Final = (".txt", ".in")

DECIDING: Final = (
    *(*_TABLES, _PIPFILE, *DECLARING),
    *(f"{one}/*{end}" for one in _BELOW for end in _LISTS),
)
"""Every file whose change may change what `Locks` says, as globs of the ends of paths."""

_NUMBER: Final = re.compile(r"(\d+)\.(\d+)")
_Release = tuple[int, ...]


def may_decide(path: str) -> bool:
    """Whether a path is one of `DECIDING`."""
    return any(map(PurePath(path).match, DECIDING))


class Locks:
    """What the lock files of a project say; `read` gives a file's bytes, None if there are none."""

    def __init__(
        self, root: Path, read: Callable[[Path], bytes | None], folders: Folders | None = None
    ) -> None:
        self._root = str(root)
        self._read = read
        self._folders = folders or Folders()
        self._known: dict[tuple[str, str], str | None] = {}
        self._older: dict[tuple[str, _Release], bool] = {}

    def version(self, folder: str, package: str = _NAME) -> str | None:
        """The version of a package that is locked for a folder, given by its absolute path.

        The nearest folder with a file that locks one decides, up to the project's own. None when
        there is none, or when more than one version is locked there.
        """
        key = folder, package
        if key not in self._known:
            self._known[key] = self._nearest(folder, package)
        return self._known[key]

    def may_be_before(self, folder: str, release: _Release) -> bool:
        """Whether what stands in a folder may run on an older release than this one.

        What is locked decides, then what is required; where neither says anything it is new.
        """
        key = folder, release
        if key not in self._older:
            version = self.version(folder)
            number = _NUMBER.match(version or "")
            if number is None:
                self._older[key] = self._is_allowed(folder, release)
            else:
                self._older[key] = tuple(map(int, number.groups())) < release
        return self._older[key]

    def paths(self, folder: str) -> Iterator[str]:
        """The files that may decide for a folder."""
        for one in self._up_from(folder):
            yield from map(str, (*self._files(one), *self._declaring(one)))

    def _is_allowed(self, folder: str, release: _Release) -> bool:
        for one in self._up_from(folder):
            texts = (_decoded(self._read(path)) for path in self._declaring(one))
            answers = (admits_before(text, release) for text in texts)
            said = [answer for answer in answers if answer is not None]
            if said:
                return any(said)
        return False

    def _nearest(self, folder: str, package: str) -> str | None:
        said = {version for path in self._files(folder) for version in self._said(path, package)}
        above = os.path.dirname(folder)
        if not said and folder not in (self._root, above):
            return self.version(above, package)
        return said.pop() if len(said) == 1 else None

    def _up_from(self, folder: str) -> Iterator[str]:
        """A folder and those above it, up to the project's own."""
        yield folder
        while folder not in (self._root, above := os.path.dirname(folder)):
            yield (folder := above)

    def _files(self, folder: str) -> Iterator[Path]:
        inside = self._folders.inside(folder)
        for name in inside.files if inside else ():
            if name in _TABLES or name == _PIPFILE or _REQUIREMENTS.fullmatch(name):
                yield Path(folder, name)

    def _declaring(self, folder: str) -> Iterator[Path]:
        """The files that may require a release, of a folder and of those of `_BELOW` in it."""
        inside = self._folders.inside(folder)
        if inside is None:
            return
        yield from (Path(folder, name) for name in inside.files if re.fullmatch(WHERE, name))
        for name in inside.folders:
            below = self._folders.inside(os.path.join(folder, name)) if name in _BELOW else None
            names = below.files if below else ()
            lists = (one for one in names if one.endswith(_LISTS) or re.fullmatch(WHERE, one))
            yield from (Path(folder, name, one) for one in lists)

    def _said(self, path: Path, package: str) -> set[str]:
        """The versions of a package that a file locks: none when it is malformed."""
        data = self._read(path) or b""
        if package.encode() not in data.lower():
            return set()
        try:
            text = data.decode("utf-8-sig")
            return set(_reader(path.name)(text, package))
        except (ValueError, RecursionError):
            return set()  # Neither UTF-8 nor TOML nor JSON: `ValueError` is above all three.


def _decoded(data: bytes | None) -> str:
    return (data or b"").decode("utf-8-sig", "replace")


def _reader(name: str) -> Callable[[str, str], Iterator[str]]:
    """What finds the versions of a package in a file of that name."""
    if name == _PIPFILE:
        return _of_pipfile
    return _of_tables if name in _TABLES else _of_requirements


def _of_requirements(text: str, package: str) -> Iterator[str]:
    pinned = re.compile(_PINNED.format(package), re.VERBOSE | re.IGNORECASE)
    lines = map(pinned.match, text.splitlines())
    return (line[1] for line in lines if line)


def _of_tables(text: str, package: str) -> Iterator[str]:
    """Source: uv, Poetry and PDM lock each package as `[[package]]` with `name` and `version`.

    Only the tables of that name are parsed: all of a file of a megabyte takes ten times as long.
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    named = re.compile(_NAMED.format(package), re.MULTILINE | re.IGNORECASE)
    for piece in _PACKAGE.split(text)[1:]:
        if named.search(piece):
            yield from _versions(tomllib.loads(piece))


def _of_pipfile(text: str, package: str) -> Iterator[str]:
    """Source: Pipenv locks under `default`, `develop` and groups: `{"version": "==2.0.45"}`."""
    lock: object = json.loads(text)
    groups = filter(_is_table, lock.values() if _is_table(lock) else ())
    for name, entry in (one for group in groups for one in group.items()):
        if name.lower() == package and _is_table(entry):
            yield from _versions(entry)


def _versions(package: dict[str, object]) -> Iterator[str]:
    version = package.get("version")
    if isinstance(version, str):
        yield version.removeprefix("==")


def _is_table(value: object) -> TypeGuard[dict[str, object]]:
    """Whether it is a table of TOML or an object of JSON, whose keys are always strings."""
    return isinstance(value, dict)
