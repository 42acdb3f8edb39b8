"""What Python itself makes of a text, without the warnings that it has about it."""

from __future__ import annotations

import ast
import warnings
from typing import Final

__all__ = ["BEYOND", "is_python", "python_tree", "uncompiled"]

BEYOND: Final = (ValueError, RecursionError, MemoryError)
"""What Python raises for a text that it cannot read whatever the grammar says."""


def python_tree(code: str | bytes) -> ast.Module:
    """The tree of a text.

    Raises:
        SyntaxError: it is no Python, of this version at least.
        ValueError, RecursionError, MemoryError: it is beyond what Python reads.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(code)


def is_python(code: str | bytes) -> bool:
    """Whether Python can read a text."""
    try:
        python_tree(code)
    except (SyntaxError, *BEYOND):
        return False
    return True


def uncompiled(code: bytes) -> str:
    """Why Python would not compile a text that LibCST may have parsed; empty if it would."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(code, "<file>", "exec", dont_inherit=True)
    except SyntaxError as error:
        return error.msg
    except BEYOND:
        return "it cannot be compiled"
    return ""
