"""Whether a file may do more with the catalogue's names than annotate and import."""

from __future__ import annotations

import re
from typing import Final

from sessionlint.source.gate import CATALOGUE

__all__ = ["may_take"]

_PROMISED: Final = b"sessionmaker"
"""What is called for an annotation alone: a parameter of that type is a maker."""

_SHORT: Final = tuple(
    sorted(one for one in CATALOGUE if not any(two in one for two in CATALOGUE - {one}))
)
"""Those names that hold no other; all the others hold one of them."""

_HOLDING: Final = {short: sorted(one for one in CATALOGUE if short in one) for short in _SHORT}

_ANNOTATING: Final = (b": ", b"> ", rb"\| ")
"""What stands before a type in an annotation, and before no base, value or argument of a thread."""


def may_take(data: bytes) -> bool:
    """Whether a file may call something of the catalogue, derive from it, or name it otherwise.

    Most files that speak of a library only say which types their parameters have.
    """
    held = (name for short in _SHORT if short in data for name in _HOLDING[short])
    return any(
        name == _PROMISED or re.search(_pattern(name), data) for name in held if name in data
    )


def _pattern(name: bytes) -> bytes:
    """A name by itself that is called, or is neither a type in an annotation nor just imported."""
    annotated = b"".join(rb"(?<!" + before + name + rb")" for before in _ANNOTATING)
    renamed = rb"(?:(?<!import " + name + rb")|(?=\s+as\b))"
    return name + rb"(?<!\w" + name + rb")(?!\w)(?:\s*[(\[]|" + annotated + renamed + rb")"
