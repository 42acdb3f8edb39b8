"""How deep a text nests its brackets, found without parsing it."""

import re

__all__ = ["deepest"]

_STRING = r"'''(?:\\.|[^\\])*?'''|\"\"\"(?:\\.|[^\\])*?\"\"\"|'(?:\\.|[^\\'\n])*'|\"(?:\\.|[^\\\"\n])*\""
_TOKEN = re.compile(rf"{_STRING}|#[^\n]*|[\[({{]|[\])}}]", re.DOTALL)


def deepest(text: str, limit: int) -> tuple[int, int]:
    """The deepest nesting of brackets outside strings and comments, and its line.

    Counting stops one past `limit`. A text with fewer opening brackets than that is not scanned.
    """
    if text.count("(") + text.count("[") + text.count("{") <= limit:
        return 0, 1
    depth = most = where = 0
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token in "([{":
            depth += 1
            if depth > most:
                most, where = depth, match.start()
            if most > limit:
                break
        elif token in ")]}":
            depth -= 1
    return most, text.count("\n", 0, where) + 1
