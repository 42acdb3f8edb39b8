"""All findings of a run, for the next one about the same files in which nothing has changed.

Nothing is read then but times and sizes. A file that was changed so shortly before it was read
that a later change may have the same time is not trusted; its run is not kept.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sessionlint.cache.digests import digest
from sessionlint.cache.folder import TICK
from sessionlint.stored import findings_of, rows_of

if TYPE_CHECKING:
    from sessionlint.model import Finding

__all__ = ["recalled", "recorded"]

_COARSE = 2.0
"""Seconds that count instead where a time has no fraction: FAT has every second second only."""


def recalled(
    stored: Any,  # Any: JSON
    files: Sequence[Path],
    cache: Path,
) -> dict[Path, list[Finding]] | None:
    """What the stored run found in each file with findings, None if anything has changed.

    `cache` is the folder of the cache itself, whose coming and going changes nothing.

    Raises:
        ValueError, TypeError, KeyError: what is stored makes no sense.
    """
    if stored is None:
        return None
    watched = stored["watched"].split("\n")
    if stored["stats"] != digest("\n".join(_stats((*map(str, files), *watched), cache))):
        return None
    return {Path(path): findings_of(rows) for path, rows in stored["found"].items()}


def recorded(
    files: Sequence[Path],
    others: Iterable[str],
    found: Mapping[Path, Sequence[Finding]],
    cache: Path,
    began: float,
) -> dict[str, Any] | None:  # Any: JSON
    """What to store of a run that began at a time, in seconds; None if it cannot be trusted.

    `others` are the files and folders besides those checked that findings may rest on. The cache
    must not have been written yet, for that would look like a change of the folder it is in.
    """
    own = list(map(str, files))
    watched = sorted({*others}.difference(own))
    if any("\n" in path for path in watched):
        return None
    stats = list(_stats((*own, *watched), cache, began))
    if _RECENT in stats:
        return None
    return {
        "watched": "\n".join(watched),
        "stats": digest("\n".join(stats)),
        "found": {str(path): rows_of(one) for path, one in found.items() if one},
    }


_RECENT = "recent"


def _stats(paths: Iterable[str], cache: Path, began: float | None = None) -> Iterable[str]:
    """When each path was changed last, in order."""
    home = str(cache.parent)
    limits = None if began is None else (int((began - TICK) * 1e9), int((began - _COARSE) * 1e9))
    for path in paths:
        try:
            status = os.stat(path)
        except OSError:
            yield ""
            continue
        # The time of the last change of anything (ctime) cannot be set back as `mtime` can.
        changed, written = status.st_ctime_ns, status.st_mtime_ns
        if limits is not None and max(changed, written) >= limits[not written % 1_000_000_000]:
            yield _RECENT
        if path == home:
            # The cache itself is made there after its first run.
            yield " ".join(sorted({*os.listdir(path)} - {cache.name}))
        else:
            yield f"{status.st_size} {written} {changed}"
