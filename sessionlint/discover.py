"""The Python files that the paths of a command line stand for."""

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from errno import ELOOP, ENOENT, ENOTDIR
from pathlib import Path

from sessionlint.config import Configuration, Settings
from sessionlint.errors import UsageError
from sessionlint.facts.folders import Folders, is_regular
from sessionlint.facts.roots import Roots
from sessionlint.facts.sources import is_entered
from sessionlint.facts.starts import in_path_order
from sessionlint.source.text import NOTEBOOK

__all__ = ["SUFFIXES", "Exclusions", "distinct", "python_files"]

SUFFIXES = (".py", ".pyi", NOTEBOOK)
"""What the names of files end with that a search for files to check finds."""

_NOT_THERE = frozenset({ENOENT, ENOTDIR, ELOOP})
"""What the system says of a file that was removed, and of a link that leads nowhere."""


def python_files(paths: Iterable[Path], configuration: Configuration) -> list[str]:
    """Every file to check, as absolute paths in path order, none twice.

    A file that is given is always there; a folder gives what is below it except what git ignores,
    the configuration excludes, or is not `is_entered`. A folder that cannot be listed stands in the
    result itself, so that whoever reads it sees why.

    Raises:
        UsageError: a path does not exist.
        ConfigError: a pyproject.toml above one of the files is wrong.
    """
    found: set[str] = set()
    for path in paths:
        start = os.path.abspath(path)
        try:
            mode = os.stat(start).st_mode
        except OSError as error:
            raise UsageError(f"cannot find `{path}`: {error.strerror}") from error
        if stat.S_ISDIR(mode):
            below = _below(start, configuration.folders)
            exclusion = _Exclusion(start, configuration, is_given=True)
            found.update(path for path in below if not exclusion.takes(path))
        else:
            found.add(start)
    return sorted(found, key=in_path_order)


def distinct(paths: Sequence[str]) -> list[str]:
    """The paths, in their order, without those that lead to the file of another one.

    Of several ways to one file the one without links stays, else the first.
    """
    kept: dict[str, str] = {}
    for path in paths:
        place = os.path.realpath(path)
        if path == place or place not in kept:
            kept[place] = path
    stay = frozenset(kept.values())
    return [path for path in paths if path in stay]


class Exclusions:
    """Which files are to be left out although they were given by name.

    They are those that a search from the top of their project would not have found, as long as
    git has no say.
    """

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._roots = Roots(configuration.folders)
        self._below: dict[str, _Exclusion] = {}

    def takes(self, path: str) -> bool:
        """Whether a file, given as an absolute path, is excluded, or a folder that it lies in.

        Raises:
            ConfigError: a pyproject.toml above the file is wrong.
        """
        root = self._roots.of(os.path.dirname(path))
        if root not in self._below:
            self._below[root] = _Exclusion(root, self._configuration, is_given=False)
        return self._below[root].takes(path)


class _Exclusion:
    """Which paths below the one where a search began are to be left out.

    All of them are, if the beginning is excluded itself and was not given by name.
    """

    def __init__(self, start: str, configuration: Configuration, *, is_given: bool) -> None:
        self._configuration = configuration
        self._settings: dict[str, list[Settings]] = {}
        self._answers = {
            start: not is_given and self._takes_any((Path(start), *Path(start).parents))
        }

    def takes(self, path: str) -> bool:
        """Whether the path, or a folder between it and the beginning, is excluded."""
        if path in self._answers:
            return self._answers[path]
        folder, name = os.path.split(path)
        return self._takes_folder(folder) or self._takes_one(folder, name)

    def _takes_any(self, folders: Iterable[Path]) -> bool:
        above = ((one, folder) for folder in folders for one in self._above(str(folder.parent)))
        return any(one.excludes(folder) for one, folder in above)

    def _takes_folder(self, folder: str) -> bool:
        if folder not in self._answers:
            self._answers[folder] = self.takes(folder)
        return self._answers[folder]

    def _takes_one(self, folder: str, name: str) -> bool:
        if not is_entered(self._configuration.folders, folder, name):
            return True
        if folder not in self._settings:
            self._settings[folder] = [*self._above(folder)]
        # A path object for each file is a tenth of the search, so only where a pattern is asked.
        return any(one.excludes(Path(folder, name)) for one in self._settings[folder])

    def _above(self, folder: str) -> Iterator[Settings]:
        """The settings that exclude anything: those above a folder, and of the command line."""
        if self._configuration.excluding.exclude:
            yield self._configuration.excluding
        settings = self._configuration.of(folder)
        while settings.base is not None:
            if settings.exclude:
                yield settings
            settings = self._configuration.above(settings)


def _below(folder: str, folders: Folders) -> Iterator[str]:
    """The Python files below a folder that git does not ignore, in no order."""
    listed = _git_files(folder)
    if listed is None:
        yield from _walked(folder, folders)
        return
    for path in listed:
        if os.path.isdir(path) and not os.path.islink(path):
            # Have: a repository inside the repository, which git does not look into.
            yield from _below(path, folders)
        elif path.endswith(SUFFIXES) and _is_to_read(path):
            yield path


def _is_to_read(path: str) -> bool:
    """Whether there is a regular file, or something that cannot be looked at: reading says why."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError as error:
        return error.errno not in _NOT_THERE


def _walked(folder: str, folders: Folders) -> Iterator[str]:
    """The same without git; a repository further down is asked all the same."""
    inside = folders.inside(folder)
    if inside is None:
        yield folder
        return
    for name in inside.files:
        if name.endswith(SUFFIXES):
            yield os.path.join(folder, name)
    for name in inside.others:
        if name.endswith(SUFFIXES) and is_regular(path := os.path.join(folder, name)):
            # Have: no FIFO, no socket, and a link that leads to a file.
            yield path
    for name in inside.folders:
        if is_entered(folders, folder, name):
            path = os.path.join(folder, name)
            is_repository = folders.inside(path) is not None and folders.has(path, ".git")
            yield from (_below if is_repository else _walked)(path, folders)


def _git_files(folder: str) -> list[str] | None:
    """What git tracks or would track below a folder, None when it is not for git to say.

    A folder that git ignores as a whole was asked for by name, so that git does not count.
    """
    output = _git(folder, "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    if output is None:
        return None
    if not output and _git(folder, "check-ignore", "--quiet", ".") is not None:
        return None
    names = {os.fsdecode(name) for name in output.split(b"\0")}
    return [_joined(folder, name) for name in names - {"", "./"}]


def _joined(folder: str, name: str) -> str:
    """The path of a name of git's: slashes on every system, one at the end of a repository."""
    return os.path.join(folder, name.rstrip("/").replace("/", os.sep))


def _git(folder: str, *arguments: str) -> bytes | None:
    """What git answers about a folder, None when it fails or there is no git."""
    # Importing it takes as long as half a start of Python.
    import subprocess

    # Inside a hook, git's own variables point at another folder than ours.
    environment = {
        key: text
        for key, text in os.environ.items()
        if not key.startswith("GIT_") or key.startswith("GIT_CONFIG")
    }
    try:
        done = subprocess.run(
            # A repository's own configuration must not make looking at it run a program, which is
            # why git refuses that of another user; in containers, a checkout is often another's.
            ["git", "-c", "core.fsmonitor=false", "-c", "safe.directory=*", *arguments],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None
