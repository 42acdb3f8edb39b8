"""What the file patterns of `exclude` and `per-file-ignores` mean."""

import re
from functools import lru_cache

__all__ = ["expression_of", "nonsense"]

_GLOB = r"\*\*/|\*+|\?|\[!?[^]]+\]"


@lru_cache(maxsize=1024)
def expression_of(pattern: str) -> re.Pattern[str]:
    """The paths that a pattern stands for: `*` crosses folders, `**/` may also stand for none.

    Source: ruff's patterns, which its users know, do the same.
    """
    text = pattern.removeprefix("./").rstrip("/")
    parts: list[str] = []
    at = 0
    for match in re.finditer(_GLOB, text):
        parts += (re.escape(text[at : match.start()]), _wildcard(match.group()))
        at = match.end()
    return re.compile("".join([*parts, re.escape(text[at:])]), re.DOTALL)


def nonsense(pattern: str) -> str | None:
    """Why a pattern stands for nothing, as `[z-a]` does, None where it is good."""
    try:
        expression_of(pattern)
    except re.error as error:
        return error.msg
    return None


def _wildcard(piece: str) -> str:
    if piece == "**/":
        return "(?:.*/)?"
    if piece.startswith("*"):
        return ".*"
    if piece == "?":
        return "."
    negation, letters = ("^", piece[2:-1]) if piece[1] == "!" else ("", piece[1:-1])
    # Have: `-` stays, for `[0-9]` is a range; what else means something to `re` is escaped.
    return f"[{negation}{re.sub(r'([^-])', lambda match: re.escape(match[1]), letters)}]"
