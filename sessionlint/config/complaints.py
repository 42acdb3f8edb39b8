"""What is wrong with a table, and on which line of its file."""

import re
from collections.abc import Iterator
from pathlib import Path

from sessionlint.errors import ConfigError

__all__ = ["wrong_key", "wrong_value"]

# Compiled by `re` when first asked for: without a mistake, they are not.
_HEADER = r"\s*\[+\s*[\w\"'-]"
_OURS = r"\s*(?:\[+\s*)?\"?tool\"?\s*\.\s*\"?sessionlint\b"
_KEY = r"\s*\[*\s*(?:[\w\"'-]+\s*\.\s*)*([\"']?){0}\1\s*[=.\]]|.*[{{,]\s*([\"']?){0}\2\s*="
_VALUE = r".*([\"']){0}\1"

_PER_FILE = "per-file-ignores."


def wrong_key(path: Path, complaint: str) -> ConfigError:
    """An error about the key that a complaint quotes first, with its line if it is found.

    Source: tomllib does not tell where the values it read were, so the text is searched.
    """
    return _mistake(path, complaint, _KEY)


def wrong_value(path: Path, complaint: str) -> ConfigError:
    """An error about the string that a complaint quotes first, with its line if it is found."""
    return _mistake(path, complaint, _VALUE)


def _mistake(path: Path, complaint: str, form: str) -> ConfigError:
    quoted = complaint.split("`")[1].removeprefix(_PER_FILE)
    line = _line(path, form.format(re.escape(quoted))) if quoted else None
    return ConfigError(f"{path}:{line}: {complaint}" if line else f"{path}: {complaint}")


def _line(path: Path, pattern: str) -> int | None:
    """The first line of the table that a pattern matches and that is no comment."""
    try:
        rows = path.read_bytes().decode(errors="replace").split("\n")
    except OSError:
        # Gone since it was read.
        return None
    said = re.compile(pattern, re.IGNORECASE)
    return next((number for number, row in _own(rows) if said.match(row)), None)


def _own(rows: list[str]) -> Iterator[tuple[int, str]]:
    """The lines of the table and of those in it, each with its number."""
    is_own = False
    for number, row in enumerate(rows, 1):
        if re.match(_OURS, row):
            is_own = True
        elif re.match(_HEADER, row):
            is_own = False
        if is_own and not row.lstrip().startswith("#"):
            yield number, row
