"""Which releases of SQLAlchemy a project says it runs on, where it locks none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

__all__ = ["WHERE", "admits_before"]

WHERE: Final = re.compile(
    r"pyproject\.toml|setup\.(?:cfg|py)|Pipfile|requirements[\w.-]*\.(?:txt|in)"
)
"""The names of the files that say it."""

_Release = tuple[int, ...]

_DECLARED: Final = re.compile(
    r"""(?<![\w.-]) sqlalchemy (?: \[ [^\]\n]* \] )? ["']?
    (?: \s* = \s* (?: \{ [^}\n]* \b version \s* = \s* )? ["'] | \s* \(? (?= [~=<>!]) ) \s*
    ( (?: [~^=<>!]* \s* \d [\w.*]* \s* ,? \s* )+ )""",
    re.VERBOSE | re.IGNORECASE,
)
"""A requirement. Source: PEP 508, in a string or on a line; Poetry and Pipenv, in a table."""

_CONDITION: Final = re.compile(r"([~^=<>!]*)\s*(\d+(?:\.\d+)*)[\w.*]*")


def admits_before(text: str, release: _Release) -> bool | None:
    """Whether a file lets releases before one be installed; None where it does not say.

    Without a lower bound nothing is said: what is installed then is new.
    """
    bounds = list(_bounds(text, release))
    return any(bounds) if bounds else None


def _bounds(text: str, release: _Release) -> Iterator[bool]:
    for line in text.splitlines():
        for found in _DECLARED.finditer(line.partition("#")[0]):
            for sign, number in _CONDITION.findall(found[1]):
                version = tuple(map(int, number.split(".")))[: len(release)]
                if sign == "<":
                    # Have: `<2` says nothing of 1.3, `<1.4` does.
                    yield from (True,) if version <= release and len(version) > 1 else ()
                elif sign == "<=":
                    yield from (True,) if version < release else ()
                elif sign != "!=":
                    yield version < release
