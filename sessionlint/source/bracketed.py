"""What stands in brackets, by the text alone."""

import re
from typing import Final

from sessionlint.source.strings import STRING_OR_REST

__all__ = ["bracketed"]

_TOKEN: Final = rf"[()]|{STRING_OR_REST}|#[^\n]*"
"""What opens or closes a bracket, or may only seem to do so."""


def bracketed(text: str, start: int, longest: int) -> str:
    """What stands in the round brackets that open at `start`, with them.

    So much as is looked at where they do not seem to close.
    """
    whole = text[start : start + longest]
    depth = 0
    for token in re.finditer(_TOKEN, whole):
        if token[0] == "(":
            depth += 1
        elif token[0] == ")":
            depth -= 1
            if not depth:
                return whole[: token.end()]
    return whole
