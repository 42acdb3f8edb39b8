"""Colours, or their absence, for the words of a report."""

import unicodedata
from collections.abc import Callable
from typing import Literal

import click

__all__ = ["Paint", "Role", "coloured", "plain", "printable"]

Role = Literal["path", "code", "mark", "margin", "heading", "good"]
"""What a word is in a report, which decides how it looks."""

Paint = Callable[[str, Role], str]


def coloured(text: str, role: Role) -> str:
    """The text as a terminal shows it in the style of its role."""
    match role:
        case "path" | "heading":
            return click.style(text, bold=True)
        case "code" | "mark":
            return click.style(text, fg="red", bold=True)
        case "margin":
            return click.style(text, fg="blue", bold=True)
        case "good":
            return click.style(text, fg="green", bold=True)


def plain(text: str, _role: Role) -> str:
    """The text as it is."""
    return text


def printable(text: str) -> str:
    """The text with a visible sign for each character that would steer the terminal."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _sign(char) for char in text)


def _sign(char: str) -> str:
    if ord(char) < 0x20:
        return chr(0x2400 + ord(char))
    # Have: spaces of other kinds are harmless, the rest may turn or hide what follows.
    return " " if unicodedata.category(char) == "Zs" else "\N{REPLACEMENT CHARACTER}"
