"""Colours, or their absence, for the words of a report."""

from collections.abc import Callable
from typing import Literal

import click

from sessionlint.report.visible import printable

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
