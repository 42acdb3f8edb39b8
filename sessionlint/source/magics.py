"""The lines of a notebook's cell that IPython reads and Python does not, taken out in place."""

from __future__ import annotations

import re
from typing import Final

from sessionlint.source.strings import STRING_OR_REST

__all__ = ["without_magics"]

_TOKEN: Final = re.compile(rf"{STRING_OR_REST}|#[^\n]*|\\\n|[(\[{{]|[)\]}}]|\n")

# Colab writes the form of a cell in comments above it.
_CELL: Final = re.compile(r"\s*(?:#[^\n]*\n\s*)*%%(\w*)[^\n]*")
_PYTHON: Final = frozenset("capture prun time timeit".split())
"""Magics of a whole cell that run it as Python in the notebook's own namespace."""

# No statement of Python begins or ends so. Source: IPython's documentation, "Python vs IPython".
_AUTOMATIC: Final = (
    r"(?:autoreload|cat|cd|conda|cp|load_ext|ls|matplotlib|mkdir|mv|pip|reload_ext|rm)[ \t]+"
    r"(?!(?:and|for|if|in|is|not|or)\b)[\w.~/$-]"
)
"""Magics that need no sign before them. Source: IPython's documentation, `%automagic`."""

_LINE: Final = re.compile(
    rf"(?P<indent>[ \t]*)(?:[%!?,;/]|{_AUTOMATIC}|[^'\"#\n]*\?[ \t;]*$)", re.MULTILINE
)
_RESULT: Final = re.compile(r"(?P<target>[ \t]*[A-Za-z_][^'\"#\n=]*=)[ \t]*[!%]")
_MEASURED: Final = re.compile(
    r"(?P<indent>[ \t]*)%(?:time|timeit|prun|memit)\b(?:[ \t]+-\w+(?:[ \t]+\d+)?)*[ \t]+"
    r"(?P<code>[^\s-][^\n]*)"
)
_REST: Final = re.compile(r"(?:[^\n]*\\\n)*[^\n]*")


def without_magics(text: str) -> str:
    """The Python of a cell: as many lines as it has, all that is left at its place.

    Magics, shell commands and questions give way to statements that do nothing; what a magic
    measures stays. A cell that is handed to something else as a whole has empty lines only.
    """
    head = _CELL.match(text)
    if head is None:
        return _without_lines(text, 0)
    if head[1] in _PYTHON:
        return "\n" * text.count("\n", 0, head.end()) + _without_lines(text, head.end())
    return "\n" * text.count("\n")


def _without_lines(text: str, start: int) -> str:
    pieces: list[str] = []
    kept, at = start, start
    while at < len(text):
        end = _REST.match(text, at)
        new = _instead(text, at)
        if new is None or end is None:
            at = _next_statement(text, at)
            continue
        pieces += (text[kept:at], new, "\n" * end[0].count("\n"))
        kept = at = end.end()
        at = min(at + 1, len(text))
    return "".join([*pieces, text[kept:]])


def _instead(text: str, start: int) -> str | None:
    """What stands for the line that begins there, None if the line is Python."""
    measured = _MEASURED.match(text, start)
    if measured is not None and _is_simple(measured["code"]):
        # Have: room for a statement that does nothing, so that no column changes.
        before = measured.start("code") - start
        return f"{measured['indent']}0;".ljust(before) + measured["code"]
    line = _LINE.match(text, start)
    if line is not None:
        return f"{line['indent']}pass"
    result = _RESULT.match(text, start)
    return None if result is None else f"{result['target']} get_ipython()"


def _is_simple(code: str) -> bool:
    """Whether a text is one line of statements that may stand behind a semicolon."""
    from sessionlint.source.python import is_python

    return is_python(f"0;{code}")


def _next_statement(text: str, start: int) -> int:
    """Where the first line begins that goes on with nothing."""
    depth = 0
    for match in _TOKEN.finditer(text, start):
        token = match.group()
        if token in "([{":
            depth += 1
        elif token in ")]}":
            depth -= 1
        elif token == "\n" and depth <= 0:
            return match.end()
    return len(text)
