"""Sessions on the connection that Alembic lends a migration, known by bytes.

Such a session takes no connection of its own. Most files of some projects are migrations, and most
of those that open a session do it in this way, so that they need no parse.
Source: Alembic, "Operation Reference", `Operations.get_bind`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from sessionlint.source.logical import Logical
from sessionlint.source.passing import call_around
from sessionlint.source.text import line_start

__all__ = ["is_on_lent_connection"]

_NEAR: Final = 80
"""How much is looked at of what stands behind a name."""

_SESSIONS: Final = frozenset({b"Session", b"AsyncSession"})
_LENT: Final = b"op.get_bind()"
_BOUND: Final = rb"\(\s*(?:bind\s*=\s*)?(?:op\.get_bind\(\)|([A-Za-z_]\w*))\s*[,)]"
_GIVEN: Final = rb"[ \t]*=[ \t]*op\.get_bind\(\)[ \t]*(?:$|\n)"
_BINDING: Final = rb"\b(?:for|lambda)\b|:="


def is_on_lent_connection(text: Logical, name: bytes, end: int) -> bool:
    """Whether the call of a name that ends at `end` makes a session on a migration's connection."""
    if name not in _SESSIONS or _LENT not in text.data or b"from alembic import" not in text.data:
        return False
    bound = re.match(_BOUND, text.data[end : end + _NEAR])
    return bound is not None and (bound[1] is None or _is_lent(text, bound[1]))


@lru_cache(maxsize=8)
def _is_lent(text: Logical, name: bytes) -> bool:
    """Whether a name stands for the lent connection wherever it stands in a file."""
    places = re.finditer(rb"(?<![\w.])" + name + rb"(?!\w)", text.data)
    return all(_is_given(text, *place.span()) or _is_used(text, *place.span()) for place in places)


def _is_given(text: Logical, at: int, end: int) -> bool:
    """Whether a statement binds a name, and to the lent connection."""
    is_first = not text.data[line_start(text.data, at) : at].strip()
    return is_first and re.match(_GIVEN, text.data[end : end + _NEAR]) is not None


def _is_used(text: Logical, at: int, end: int) -> bool:
    """Whether a name is an argument or the owner of an attribute, and is not bound there."""
    if text.data[end : end + 1] == b".":
        return True
    bracket = call_around(text, at)
    return bracket is not None and re.search(_BINDING, text.data[bracket : end + 3]) is None
