"""How deep a text nests its brackets, found without parsing it."""

import re

from sessionlint.source.strings import STRING_OR_REST

__all__ = ["deepest"]

_TOKEN = rf"{STRING_OR_REST}|#[^\n]*|[\[({{]|[\])}}]"


def deepest(text: str, limit: int) -> tuple[int, int]:
    """The deepest nesting of brackets outside strings and comments, and the line it begins on.

    Counting stops one past `limit`. A text with fewer opening brackets than that is not scanned.
    """
    if text.count("(") + text.count("[") + text.count("{") <= limit:
        return 0, 1
    depth = most = where = outermost = 0
    for match in re.finditer(_TOKEN, text):
        token = match.group()
        if token in "([{":
            depth += 1
            if depth == 1:
                outermost = match.start()
            if depth > most:
                most, where = depth, outermost
            if most > limit:
                break
        elif token in ")]}":
            depth -= 1
    return most, text.count("\n", 0, where) + 1
