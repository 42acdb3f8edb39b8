"""What is wrong with a table, and on which line of its file."""

import re
from pathlib import Path

from sessionlint.errors import ConfigError

__all__ = ["mistake"]

# Compiled by `re` when first asked for: without a mistake, they are not.
_TABLE = r"\s*\[+\s*tool\s*\.\s*\"?sessionlint\b"
_ALONE = r"(?<![\w-]){}(?![\w-])"

_PER_FILE = "per-file-ignores."


def mistake(path: Path, complaint: str) -> ConfigError:
    """An error about the key or value that a complaint quotes first, with its line if it is found.

    Source: tomllib does not tell where the values it read were, so the text is searched.
    """
    quoted = complaint.split("`")[1].removeprefix(_PER_FILE)
    line = _line(path, quoted) if quoted else None
    return ConfigError(f"{path}:{line}: {complaint}" if line else f"{path}: {complaint}")


def _line(path: Path, word: str) -> int | None:
    """The first line behind the start of the table that says a word and is no comment."""
    try:
        rows = path.read_bytes().decode(errors="replace").split("\n")
    except OSError:
        # Gone since it was read.
        return None
    first = next((number for number, row in enumerate(rows) if re.match(_TABLE, row)), 0)
    alone = re.compile(_ALONE.format(re.escape(word)), re.IGNORECASE)
    for number, row in enumerate(rows[first:], first + 1):
        if alone.search(row) and not row.lstrip().startswith("#"):
            return number
    return None
