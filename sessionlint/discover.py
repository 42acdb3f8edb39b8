"""The Python files that the paths of a command line stand for."""

import os
import stat
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from sessionlint.config import Configuration
from sessionlint.errors import UsageError
from sessionlint.facts.files import NOT_ENTERED

__all__ = ["python_files"]

_SUFFIXES = (".py", ".pyi")


def python_files(paths: Iterable[Path], configuration: Configuration) -> list[Path]:
    """Every file to check, as absolute paths in path order, none twice.

    A file that is given is always there; a folder gives what is below it except what git ignores,
    the configuration excludes, or `NOT_ENTERED` names. A folder that cannot be listed stands in the
    result itself, so that whoever reads it sees why.

    Raises:
        UsageError: a path does not exist.
        ConfigError: a pyproject.toml above one of the files is wrong.
    """
    found: set[Path] = set()
    for path in paths:
        start = Path(os.path.abspath(path))
        try:
            mode = os.stat(start).st_mode
        except OSError as error:
            raise UsageError(f"cannot find `{path}`: {error.strerror}") from error
        if stat.S_ISDIR(mode):
            found.update(_checked(start, configuration))
        else:
            found.add(start)
    return sorted(found)


def _checked(start: Path, configuration: Configuration) -> Iterator[Path]:
    seen: dict[Path, bool] = {start: False}
    for path in _below(start):
        if not _is_skipped(path, seen, configuration):
            yield path


def _is_skipped(path: Path, seen: dict[Path, bool], configuration: Configuration) -> bool:
    """Whether the path, or a folder between it and where the search began, is to be left out.

    `seen` remembers the answers and holds the beginning.
    """
    if path not in seen:
        seen[path] = (
            _is_skipped(path.parent, seen, configuration)
            or path.name in NOT_ENTERED
            or _is_excluded(path, configuration)
        )
    return seen[path]


def _is_excluded(path: Path, configuration: Configuration) -> bool:
    settings = configuration.of(path.parent)
    while settings.path is not None:
        if settings.excludes(path):
            return True
        settings = configuration.above(settings)
    return False


def _below(folder: Path) -> Iterator[Path]:
    """The Python files below a folder that git does not ignore, in no order."""
    listed = _git_files(folder)
    if listed is None:
        yield from _walked(folder)
        return
    for path in listed:
        mode = _mode(path)
        if stat.S_ISDIR(mode) and not path.is_symlink():
            # Have: a repository inside the repository, which git does not look into.
            yield from _below(path)
        elif stat.S_ISREG(mode) and path.name.endswith(_SUFFIXES):
            yield path


def _walked(folder: Path) -> Iterator[Path]:
    """The same without git; a repository further down is asked all the same."""
    try:
        with os.scandir(folder) as entries:
            inside = list(entries)
    except OSError:
        yield folder
        return
    for entry in inside:
        path = Path(entry.path)
        if entry.is_dir(follow_symlinks=False):
            if entry.name not in NOT_ENTERED:
                yield from _below(path) if (path / ".git").exists() else _walked(path)
        elif entry.name.endswith(_SUFFIXES) and stat.S_ISREG(_mode(path)):
            # Have: no FIFO, no socket, and a link that leads to a file.
            yield path


def _git_files(folder: Path) -> list[Path] | None:
    """What git tracks or would track below a folder, None when it is not for git to say.

    A folder that git ignores as a whole was asked for by name, so that git does not count.
    """
    output = _git(folder, "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    if output is None:
        return None
    if not output and _git(folder, "check-ignore", "--quiet", ".") is not None:
        return None
    names = {os.fsdecode(name) for name in output.split(b"\0")}
    return [folder / name for name in names - {"", "./"}]


def _git(folder: Path, *arguments: str) -> bytes | None:
    """What git answers about a folder, None when it fails or there is no git."""
    # Inside a hook, git's own variables point at another folder than ours.
    environment = {key: text for key, text in os.environ.items() if not key.startswith("GIT_")}
    try:
        done = subprocess.run(
            # A repository's own configuration must not make looking at it run a program.
            ["git", "-c", "core.fsmonitor=false", *arguments],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


def _mode(path: Path) -> int:
    try:
        return os.stat(path).st_mode
    except OSError:
        return 0
