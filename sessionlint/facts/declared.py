"""Which releases of SQLAlchemy a project says it runs on, where it locks none."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["DECLARING", "WHERE", "admits_before"]

DECLARING: Final = (
    *("pyproject.toml", "setup.cfg", "setup.py", "Pipfile"),
    *("requirements*.txt", "requirements*.in", "constraints*.txt", "constraints*.in"),
    *("environment*.yml", "environment*.yaml", "tox.ini", "Dockerfile*"),
)
"""What the files that say it are called, as globs."""

WHERE: Final = "|".join(re.escape(glob).replace(r"\*", r"[\w.-]*") for glob in DECLARING)
"""The same for regular expressions."""

_Release = tuple[int, ...]

# Compiled by `re` when first asked for, with the first lock file or requirements.
_DECLARED: Final = r"""(?xi)
    (?<![\w.-]) sqlalchemy \s{0,9} (?: \[ [^\]\n]{0,99} \] )? ["']?
    (?: \s{0,9} = \s{0,9} (?: \{ [^{}\n]{0,199} \b version \s{0,9} = \s{0,9} )? ["']
      | \s{0,9} \(? (?= [~=!]= | [<>] | =\d ) ) \s{0,9}
    ( (?: [~^=<>!]{0,3} \s{0,9} \d [\w.*]{0,40} \s{0,9} ,? \s{0,9} ){1,9} )"""
"""A requirement. Source: PEP 508, in a string or on a line; Poetry and Pipenv, in a table; conda,
with one `=` and nothing around it.

Bounded everywhere: a line may be long.
"""

_FROM_GIT: Final = r"(?im)^[^#\n]{0,199}\bgit\+[^\s\"']{1,199}[/:]sqlalchemy(?:\.git)?(?![\w./-])"
"""A requirement of whatever a repository holds. Source: pip, "VCS Support"."""

_CONDITION: Final = r"([~^=<>!]*)\s*(\d{1,9}(?:\.\d{1,9})*)[\w.*]*"


def admits_before(text: str, release: _Release) -> bool | None:
    """Whether a file lets releases before one be installed; None where it does not say.

    Without a lower bound nothing is said: what is installed then is new. A repository may hold any.
    """
    said = [
        admitted
        for line in text.splitlines()
        for found in re.finditer(_DECLARED, line.partition("#")[0])
        if (admitted := _admits(found[1], release)) is not None
    ]
    if said:
        return any(said)
    return True if re.search(_FROM_GIT, text) else None


def _admits(conditions: str, release: _Release) -> bool | None:
    """The same of one requirement."""
    least: list[_Release] = []
    is_below = False
    for sign, number in re.findall(_CONDITION, conditions):
        version = tuple(map(int, number.split(".")))
        if sign.startswith("<"):
            is_below = is_below or version <= release
        elif sign != "!=":
            least.append(version)
    if least:
        return max(least) < release
    return True if is_below else None
