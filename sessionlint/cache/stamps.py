"""When files and folders were changed last."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from sessionlint.cache.folder import TICK

__all__ = ["Stamps"]

_COARSE: Final = 2.0
"""Seconds that count instead where a time has no fraction: FAT has every second second only."""


class Stamps:
    """What the system says of paths, asked once for each.

    `began` is when the run began, in seconds. A file that was changed so shortly before that a
    later change may have the same time is not settled. `cache` is the folder of the cache itself,
    whose coming and going changes nothing.
    """

    def __init__(self, began: float, cache: Path) -> None:
        self._limit = int((began - TICK) * 1e9)
        self._coarse_limit = int((began - _COARSE) * 1e9)
        self._home, self._own = str(cache.parent), cache.name
        self._known: dict[str, tuple[str, bool]] = {}

    def of(self, path: str) -> str:
        """A text that changes whenever what is there does, empty if nothing is."""
        return self._asked(path)[0]

    def is_settled(self, path: str) -> bool:
        """Whether a change from the beginning of the run on is certain to show."""
        return self._asked(path)[1]

    def _asked(self, path: str) -> tuple[str, bool]:
        known = self._known.get(path)
        if known is None:
            known = self._known[path] = self._ask(path)
        return known

    def _ask(self, path: str) -> tuple[str, bool]:
        try:
            status = os.stat(path)
        except OSError:
            return "", True
        # The time of the last change of anything (ctime) cannot be set back as `mtime` can.
        changed, written = status.st_ctime_ns, status.st_mtime_ns
        limit = self._limit if written % 1_000_000_000 else self._coarse_limit
        is_settled = max(changed, written) < limit
        if path == self._home:
            # The cache itself is made there after its first run.
            return " ".join(sorted({*os.listdir(path)} - {self._own})), is_settled
        # Files that came with one checkout have the same times, and names can be exchanged.
        file = f"{status.st_dev} {status.st_ino}"
        return f"{status.st_size} {written} {changed} {file}", is_settled
