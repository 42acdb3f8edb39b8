"""Where a command line keeps its cache, and the command `clean`."""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sessionlint.cli.commands import Command
from sessionlint.cli.console import say
from sessionlint.cli.request import settings
from sessionlint.errors import UsageError
from sessionlint.report.paths import shown

if TYPE_CHECKING:
    from sessionlint.cache.store import Cache
    from sessionlint.cli.request import Asked
    from sessionlint.config import Configuration
    from sessionlint.sweep import Means

__all__ = ["clean", "means_of"]


def means_of(asked: Asked, configuration: Configuration) -> Means:
    """What a check may use; standard input has no cache.

    Raises:
        ConfigError: the pyproject.toml above the first path is wrong.
    """
    from sessionlint.sweep import Means

    jobs = asked.jobs or 0
    if asked.no_cache or asked.reads_stdin:
        return Means(jobs)
    if asked.cache_dir is None:
        # A mistake in it is told even if there is nothing to check.
        _ = configuration.of(_first_folder(asked.paths))
    # The run begins here, whenever its cache is opened.
    return Means(jobs, partial(_opened, asked, configuration, time.time()))


def _opened(asked: Asked, configuration: Configuration, began: float) -> Cache | None:
    from sessionlint.cache.digests import identity
    from sessionlint.cache.store import Cache

    path = _place(asked.paths, asked.cache_dir, configuration)
    return None if path is None else Cache(path, identity("sessionlint_rules"), _warn, began)


def _first_folder(paths: tuple[str, ...]) -> str:
    first = os.path.abspath(paths[0] if paths else ".")
    return first if os.path.isdir(first) else os.path.dirname(first)


def _warn(message: str) -> None:
    say([f"warning: {message}; going on without it"], is_error=True)


def _place(paths: tuple[str, ...], chosen: str | None, configuration: Configuration) -> Path | None:
    """The folder for a cache: in the project of the first path, unless another is chosen."""
    from sessionlint.cache.folder import NAME
    from sessionlint.facts.roots import Roots

    if chosen is not None:
        return Path(os.path.abspath(chosen))
    folder = _first_folder(paths)
    if not os.path.isdir(folder):
        return None
    configured = configuration.of(folder).cache_dir
    return configured or Path(Roots(configuration.folders).of(folder), NAME)


@click.command("clean", cls=Command, short_help="Remove the cache of a project.")
@click.argument("paths", nargs=-1)
@click.option("--cache-dir", metavar="PATH", help="The cache to remove, if it lies elsewhere.")
def clean(paths: tuple[str, ...], cache_dir: str | None) -> int:
    """Remove the cache of the projects that PATHS (default: the current folder) belong to."""
    from sessionlint.cache.folder import CacheError, removed

    missing = next((path for path in paths if not os.path.exists(path)), None)
    if missing is not None:
        raise UsageError(f"no such file or folder: {missing}")
    configuration = settings()
    found = [_place((path,), cache_dir, configuration) for path in paths or (".",)]
    places = {place for place in found if place is not None}
    for place in sorted(places):
        try:
            was_there = removed(place)
        except CacheError as error:
            raise CacheError(f"{shown(place)} {error}") from error
        say([f"removed {shown(place)}" if was_there else f"there is no {shown(place)}"])
    return 0
