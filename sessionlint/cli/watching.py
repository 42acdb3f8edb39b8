"""`check --watch`: what was asked for once, answered again after every change."""

from __future__ import annotations

import gc
import os
import select
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sessionlint.cli.console import say
from sessionlint.errors import SessionlintError, UsageError
from sessionlint.report.paths import shown

if TYPE_CHECKING:
    from watchfiles import Change

    from sessionlint.cli.request import Asked

__all__ = ["watched"]

_SETTINGS = frozenset({"pyproject.toml", ".gitignore"})
"""Names of files that decide which files are checked, and how."""

_OTHER_WORK = ("fix", "diff", "add_noqa", "write_baseline", "output_file")
"""Options that write, or show what would be written; what is written might be watched itself."""

_WAIT = 100
"""Milliseconds after which waiting is interrupted, to see whether somebody wants to end it."""

_SETTLED = 5
"""After how many interruptions without a change a new folder holds no file that was not seen."""


def watched(asked: Asked, check: Callable[[Asked], int]) -> int:
    """Check now and after every change that may matter, until Ctrl-C; the exit code is then 0.

    It ends as well when nobody reads the answers any more. A line on standard error stands before
    each new answer.

    Raises:
        SessionlintError: the first check cannot be made, or there is nothing to watch with.
    """
    if any(getattr(asked, name) for name in _OTHER_WORK) or asked.reads_stdin:
        options = ", ".join(f"`--{name.replace('_', '-')}`" for name in _OTHER_WORK)
        raise UsageError(f"`--watch` checks files and prints: it goes with no {options} or `-`")
    given = [Path(os.path.abspath(path)) for path in asked.paths or (".",)]
    # A process that does not end needs the collector that a short run is faster without.
    gc.enable()
    try:
        _answer(asked, check, given)
    except KeyboardInterrupt:
        return 0
    return 0


def _answer(asked: Asked, check: Callable[[Asked], int], given: list[Path]) -> None:
    changes = _changes(given)
    next(changes)
    # Have: whatever changes from here on is seen, though in a new folder only the folder may be.
    around = [Path(one) for one in _projects(given)]
    files = partial(_files, asked.config)
    before, near = files(given), files(around)
    is_heard = _audience()
    check(asked)
    quiet = 0
    for paths in changes:
        if not is_heard():
            return
        quiet = 0 if paths else quiet + 1
        if quiet > _SETTLED:
            continue
        now, nearby = files(given), files(around)
        known, beside = before | now, near | nearby
        news = [path for path in paths if path in known or _is_beside(path, beside)]
        if not news and before == now:
            continue
        before, near = now, nearby
        say([_separator(news or paths)], is_error=True)
        try:
            check(asked)
        except SessionlintError as error:
            say([f"sessionlint: {error}"], is_error=True)


def _audience() -> Callable[[], bool]:
    """Tells, whenever it is called, whether somebody may still read standard output."""
    if sys.platform == "win32" or not sys.stdout:
        return lambda: True
    poll = select.poll()
    # A copy: once writing has failed, standard output itself leads elsewhere.
    poll.register(os.dup(sys.stdout.fileno()), 0)
    gone = select.POLLERR | select.POLLHUP
    return lambda: not any(event & gone for _, event in poll.poll(0))


def _changes(given: list[Path]) -> Iterator[list[str]]:
    """First nothing, once changes are seen; then what changed each time, in path order.

    Raises:
        UsageError: there is no watchfiles, or the system refuses.
    """
    try:
        from watchfiles import watch
    except ImportError as error:
        hint = "pip install 'sessionlint[watch]'"
        raise UsageError(f"`--watch` needs watchfiles, which is not installed: {hint}") from error
    try:
        for changes in watch(
            *_projects(given),
            watch_filter=_may_matter,
            rust_timeout=_WAIT,
            yield_on_timeout=True,
            ignore_permission_denied=True,
        ):
            yield sorted({os.path.realpath(path) for _, path in changes})
    except (OSError, RuntimeError) as error:
        raise UsageError(f"cannot watch: {error}") from error


def _projects(given: Iterable[Path]) -> list[str]:
    """The folders of the projects that the given paths belong to, none below another.

    What is found in a file may change with any other file of its project.
    """
    from sessionlint.facts.folders import Folders
    from sessionlint.facts.roots import Roots

    roots = Roots(Folders())
    found: list[Path] = []
    for path in sorted(
        {Path(roots.of(str(path if path.is_dir() else path.parent))) for path in given}
    ):
        if not any(path.is_relative_to(other) for other in found):
            found.append(path)
    return [str(path) for path in found]


def _may_matter(_change: Change, path: str) -> bool:
    """Whether a path may be a file to check, one that decides how, or a folder of such."""
    from sessionlint.discover import SUFFIXES
    from sessionlint.facts.sources import SKIPPED

    folders, name = os.path.split(path)
    if not SKIPPED.isdisjoint(folders.split(os.sep)):
        return False
    if _decides(path) or name.endswith(SUFFIXES):
        return True
    # Have: no file that matters, but a folder may have come or gone.
    return "." not in name and not os.path.isfile(path)


def _files(config: str | None, given: list[Path]) -> frozenset[str]:
    """The files there are to check by now; none while that cannot be said."""
    from sessionlint.cli.request import settings
    from sessionlint.discover import python_files

    try:
        return frozenset(map(os.path.realpath, python_files(given, settings(config))))
    except SessionlintError:
        return frozenset()


def _is_beside(path: str, beside: frozenset[str]) -> bool:
    """Whether a file is none of those to check and may still change what is found in them."""
    is_module = path.endswith(".py") and path in beside
    return is_module or _decides(path)


def _decides(path: str) -> bool:
    """Whether a file may change what is found in others, and is no module."""
    from sessionlint.facts.locked import may_decide

    return os.path.basename(path) in _SETTINGS or may_decide(path)


def _separator(paths: list[str]) -> str:
    more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return f"--- {shown(Path(paths[0]))}{more} changed ---" if paths else "--- files changed ---"
