"""What becomes of a connection whose release is cut off, by the release of SQLAlchemy.

Source: measured on PostgreSQL with asyncpg by `tests/bench/sqlalchemy_versions.py --mode "anyio
cancel"`: a scope is cancelled, as when a client of Starlette goes away, while `await s.close()`
gives the connection back. Before and after the releases of the rows the connection is closed and
its place in the pool is free again, so that the next request only has to connect anew.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

__all__ = ["RELEASES", "Releases", "told"]

_FINAL: Final = r"(\d+)\.(\d+)\.(\d+)(?:\.post\d+)?"

_Version = tuple[int, ...]


class Releases(NamedTuple):
    """Consecutive releases, both ends included, that do worse than others."""

    first: _Version
    last: _Version
    fate: str


_LOSES: Final = "loses its place in the pool until the garbage collector finds it"

RELEASES: Final = (
    Releases((2, 0, 24), (2, 0, 25), _LOSES),
    Releases((2, 0, 27), (2, 0, 32), _LOSES),
    Releases((2, 0, 42), (2, 0, 54), _LOSES),
    Releases((2, 1, 0), (2, 1, 4), _LOSES),
)
"""In all others the connection is destroyed; the one kind and the other alternate."""


def told(version: str) -> str | None:
    """What to say of a version; None where it does no worse than others, or was not measured."""
    match = re.fullmatch(_FINAL, version)
    if match is None:
        return None
    number = tuple(map(int, match.groups()))
    fates = (one.fate for one in RELEASES if one.first <= number <= one.last)
    fate = next(fates, None)
    return fate and f"SQLAlchemy {version} {fate}"
