"""Methods that hand a call on to the library's class they replace one of, by bytes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice
from typing import Final

from sessionlint.source.around import enclosing
from sessionlint.source.custom import is_customary
from sessionlint.source.imports import imports
from sessionlint.source.logical import Logical
from sessionlint.source.text import line_start

__all__ = ["LISTED", "is_handed_up"]

LISTED: Final = frozenset(
    b"Engine AsyncEngine Connection AsyncConnection Session AsyncSession sessionmaker "
    b"async_sessionmaker scoped_session async_scoped_session".split()
)
"""The classes of SQLAlchemy whose methods and instances are followed."""

_LIBRARY: Final = "sqlalchemy"
_OWNER: Final = re.compile(rb"(?<![\w.)\]])(?:super\(\)|([A-Za-z_]\w*))\.\Z")
_CLASS: Final = re.compile(rb"[ \t]*class[ \t]+\w+[ \t]*\(([\w, \t]+)\)[ \t]*:")
_PROMISE: Final = re.compile(rb"->(?:[ \t]*(\w+)[ \t]*:)?")
_FAR: Final = 100


def is_handed_up(text: Logical, name: bytes, at: int) -> bool:
    """Whether a method calls the one of its own name above it, in a class of SQLAlchemy's.

    What `super().connect()` gives in the `connect` of a pool is not followed, unless the tables
    have the class or what the method promises, or custom tells it by the name.
    """
    line = line_start(text.data, at)
    owner = _OWNER.search(text.data, max(line, at - _FAR), at)
    if owner is None or is_customary(name.decode()):
        return False
    around = list(islice(enclosing(text, line), 2))
    if [one.kind for one in around] != [b"def", b"class"]:
        return False
    method, home = around
    head = _CLASS.match(text.data, home.start)
    if method.name != name or head is None:
        return False
    bases = {base.strip() for base in head[1].split(b",")}
    if owner[1] is not None and owner[1] not in bases:
        return False
    stop = text.data.find(b"\n", method.start)
    promise = _PROMISE.search(text.data, method.start, stop if stop >= 0 else len(text.data))
    told = bases if promise is None else bases | {promise[1] or b""}
    known = imports(text.source).items
    return all(_is_unlisted(one, known, text.data) for one in told)


def _is_unlisted(name: bytes, known: Mapping[bytes, list[tuple[str, bytes]]], data: bytes) -> bool:
    """Whether a name is that of a class of SQLAlchemy's which the tables do not have."""
    origins = known.get(name, [])
    is_theirs = bool(origins) and all(
        origin.partition(".")[0] == _LIBRARY and item not in LISTED for origin, item in origins
    )
    # By its name, whatever is called an engine may connect.
    if not is_theirs or b"engine" in name.lower():
        return False
    word = re.escape(name)
    bound = rb"\b(?:class|def)[ \t]+" + word + rb"\b|\b" + word + rb"[ \t]*:?=(?!=)"
    return re.search(bound, data) is None
