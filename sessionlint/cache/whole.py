"""All findings of a run, for the next one about the same files in which nothing has changed.

Nothing is read then but times and sizes. The run of a file that is not settled is not kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sessionlint.cache.digests import digest
from sessionlint.stored import findings_of, rows_of

if TYPE_CHECKING:
    from sessionlint.cache.stamps import Stamps
    from sessionlint.model import Finding

__all__ = ["recalled", "recorded"]


def recalled(
    stored: Any,  # Any: JSON
    files: Sequence[str],
    stamps: Stamps,
) -> dict[str, list[Finding]] | None:
    """What the stored run found in each file with findings, None if anything has changed.

    Raises:
        ValueError, TypeError, KeyError: what is stored makes no sense.
    """
    if stored is None:
        return None
    watched = stored["watched"].split("\n")
    if stored["stats"] != digest("\n".join(map(stamps.of, (*files, *watched)))):
        return None
    return {str(path): findings_of(rows) for path, rows in stored["found"].items()}


def recorded(
    files: Sequence[str],
    others: Iterable[str],
    found: Mapping[str, Sequence[Finding]],
    stamps: Stamps,
) -> dict[str, Any] | None:  # Any: JSON
    """What to store of a run, None if it cannot be trusted.

    `others` are the files and folders besides those checked that findings may rest on. The cache
    must not have been written yet, for that would look like a change of the folder it is in.
    """
    watched = sorted({*others}.difference(files))
    paths = (*files, *watched)
    if any("\n" in path for path in watched) or not all(map(stamps.is_settled, paths)):
        return None
    return {
        "watched": "\n".join(watched),
        "stats": digest("\n".join(map(stamps.of, paths))),
        "found": {path: rows_of(one) for path, one in found.items() if one},
    }
