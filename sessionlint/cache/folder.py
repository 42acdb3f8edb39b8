"""The folder that holds a cache: safe to share, to lose, and to remove."""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from pathlib import Path

from sessionlint.cache.digests import digest
from sessionlint.errors import SessionlintError

__all__ = ["NAME", "TICK", "CacheError", "Folder", "removed"]

NAME = ".sessionlint_cache"
"""What the folder is called unless somebody chooses another."""

TICK = 0.02
"""Seconds within which two changes of a file may get the same time.

Source: the kernel's clock of Linux goes at least 100 times a second; ext4, XFS, APFS and NTFS
count finer than that.
"""

_TAG = "CACHEDIR.TAG"
_TAG_TEXT = """\
Signature: 8a477f597d28d172789f06886806bc55
# This folder holds what sessionlint found before; it may be removed at any time.
# Source of the first line: https://bford.info/cachedir
"""
_IGNORE = ".gitignore"
_OWN = re.compile(r"(?:run|files|gate)-[0-9a-f]{32}\.json")
_PASSING = re.compile(rf"{_OWN.pattern}\.[0-9a-f]{{12}}\.tmp")
_MOST = 40
"""How many files are kept: one for each set of files and options that is asked about."""


class CacheError(SessionlintError):
    """A cache that cannot be used; nothing is lost but time."""


class Folder:
    """A cache's files, each a JSON value under a checksum and replaced as a whole.

    Raises:
        CacheError: there is something else under this name, or it cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._is_made = False
        try:
            names = set(os.listdir(path))
        except FileNotFoundError:
            return
        except OSError as error:
            raise CacheError(f"cannot be used: {error.strerror}") from error
        if not names <= {_TAG, _IGNORE} and _TAG not in names:
            raise CacheError("is a folder with other things in it")

    def _make(self) -> None:
        """Let there be the folder; not before there is something to write."""
        if self._is_made:
            return
        self._is_made = True
        self.path.mkdir(parents=True, exist_ok=True)
        for name, text in ((_TAG, _TAG_TEXT), (_IGNORE, "*\n")):
            with suppress(FileExistsError), (self.path / name).open("x") as file:
                file.write(text)

    def read(self, name: str) -> object:
        """The value of a file, None when there is none.

        Raises:
            CacheError: it cannot be read, or is not what was written.
        """
        try:
            data = (self.path / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise CacheError(f"cannot be read: {error.strerror}") from error
        head, _, body = data.partition(b"\n")
        if head != digest(body).encode():
            # It may not be written anew for a while, and each run would tell of it.
            with suppress(OSError):
                (self.path / name).unlink()
            raise CacheError("is damaged")
        found: object = json.loads(body)
        return found

    def write(self, name: str, value: object) -> None:
        """Let a file hold a value; whoever reads it meanwhile gets the old or the new one.

        Raises:
            CacheError: it cannot be written.
        """
        body = json.dumps(value, separators=(",", ":")).encode()
        new = self.path / f"{name}.{os.urandom(6).hex()}.tmp"
        try:
            self._make()
            try:
                new.write_bytes(digest(body).encode() + b"\n" + body)
                os.replace(new, self.path / name)
            finally:
                new.unlink(missing_ok=True)
            self._thin_out()
        except OSError as error:
            raise CacheError(f"cannot be written: {error.strerror}") from error

    def _thin_out(self) -> None:
        """Remove what was not written for long, once there is a lot."""
        with os.scandir(self.path) as entries:
            ours = [one for one in entries if _OWN.fullmatch(one.name)]
        if len(ours) <= _MOST:
            return
        oldest = sorted(ours, key=lambda one: one.stat().st_mtime_ns)
        for entry in oldest[: -_MOST // 2]:
            Path(entry.path).unlink(missing_ok=True)


def removed(path: Path) -> bool:
    """Remove a cache; whether there was one.

    Nothing is removed but what a cache consists of.

    Raises:
        CacheError: it is no cache, holds other things as well, or cannot be removed.
    """
    if not os.path.lexists(path):
        return False
    try:
        if path.is_symlink() or not (path / _TAG).is_file():
            raise CacheError("is no cache of sessionlint")
        names = os.listdir(path)
        ours = [name for name in names if _OWN.fullmatch(name) or _PASSING.fullmatch(name)]
        for name in ours:
            (path / name).unlink(missing_ok=True)
        if not {*names} <= {*ours, _TAG, _IGNORE}:
            raise CacheError("holds other things as well, which stay")
        for name in (_IGNORE, _TAG):
            (path / name).unlink(missing_ok=True)
        path.rmdir()
    except OSError as error:
        raise CacheError(f"cannot be removed: {error.strerror}") from error
    return True
