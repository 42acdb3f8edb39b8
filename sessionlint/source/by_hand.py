"""Whether a file has something left to close of what a call gives, by its bytes."""

from __future__ import annotations

import re
from typing import Final

from sessionlint.source.around import functions_around
from sessionlint.source.gate import BUILDING, HALF_MANAGED, passed
from sessionlint.source.logical import Logical, logical
from sessionlint.source.migrations import is_on_lent_connection
from sessionlint.source.passing import call_around
from sessionlint.source.sites import goes_on, sites
from sessionlint.source.text import line_start

__all__ = ["is_by_hand", "is_used"]

_METHODS: Final = re.compile(
    rb"\.(?:query|commit|rollback|scalars?|flush|refresh|merge|expunge|expire|add(?:_all)?|delete|"
    rb"get(?:_one)?|begin(?:_nested)?|connection|stream(?:_scalars)?|run_sync|exec(?:ute)?|cursor)\b"
)
_BEFORE: Final = (
    rb"(?P<with>^[ \t]*(?:async[ \t]+)?with[ \t]+(?:(?:contextlib\.)?a?closing\()?)?"
    rb"(?:await[ \t]+)?(?P<owner>(?:[A-Za-z_]\w*(?:\([^()\n]*\))?\.)*)$"
)
_ENTERING: Final = rb"[ \t]*(?:async[ \t]+)?with\b"
_ASSIGNED: Final = rb"^[ \t]*([A-Za-z_][\w., \t\[\]:|\"']*?)=(?!=)|([A-Za-z_]\w*)[ \t]*:="
_CARRIED: Final = rb"^\s*$|\b(?:else|or|and|if|not)\s*$"
_FAR: Final = 200
"""How much is looked at of each end of a very long statement."""

_SESSION: Final = rb"ession\w*[ \t]*$"
_HALF: Final = HALF_MANAGED.encode()
_CACHING: Final = rb"@[\w.]*cache|cache\w* as "
_WORD: Final = rb"[A-Za-z_]\w*"


def is_by_hand(data: bytes, name: bytes) -> bool:
    """Whether a file calls something of that name so that something may be left to close.

    In `with name(…) as x:` the `with` releases it, and an argument of what is entered belongs to
    that; but a cache around a generator with such a block shares what it lends.
    """
    if name in passed(data):
        return True
    is_shared = b"yield" in data and _is_caching(data)
    text = logical(data)
    return any(
        _is_left(text, name, at, is_shared=is_shared)
        for at in sites(text.data, name)
        if not is_on_lent_connection(text, name, at + len(name))
    )


def _is_left(text: Logical, name: bytes, at: int, *, is_shared: bool) -> bool:
    """Whether nobody has to close what a call gives but the one who calls."""
    if _HALF in text.source or goes_on(text.data, at + len(name)):
        return True
    if not is_shared and _is_managed(text, at):
        return False
    return name in BUILDING or not _is_entered(text, at)


def _is_managed(text: Logical, at: int) -> bool:
    """Whether a call stands directly behind `with`, or in `closing` behind it."""
    before = re.search(_BEFORE, _seen_before(text, at))
    return before is not None and before["with"] is not None


def _seen_before(text: Logical, at: int) -> bytes:
    """What stands in its statement before a call; of a very long one, both ends of that."""
    start = text.statement(line_start(text.data, at), at)
    if at - start <= 2 * _FAR:
        return text.data[start:at]
    return text.data[start : start + _FAR] + text.data[at - _FAR : at]


def _is_entered(text: Logical, at: int) -> bool:
    """Whether a call is an argument of another one, in the line of a `with`.

    Not of one that makes a session: that never closes the connection it is given.
    """
    if re.match(_ENTERING, _seen_before(text, at)) is None:
        return False
    bracket = call_around(text, at)
    return bracket is not None and re.search(_SESSION, text.data[:bracket][-_FAR:]) is None


def is_used(data: bytes, name: bytes) -> bool:
    """Whether what a call of that name gives may be used as a session is, or is given on."""
    return _is_used(logical(data), name, frozenset({name}))


def _is_used(text: Logical, name: bytes, asked: frozenset[bytes]) -> bool:
    data = text.data
    for at in sites(data, name):
        before = re.sub(_BEFORE, b"", _seen_before(text, at))
        if goes_on(data, at + len(name)) or call_around(text, at) is not None:
            return True
        if b"return" in before:
            around = functions_around(text, line_start(data, at))
            givers = {head.name for head in around[:1]} - asked
            if any(_is_used(text, one, asked | givers) for one in givers) or _is_caching(data):
                return True
            continue
        assigned = re.search(_ASSIGNED, before)
        if assigned is None and re.search(_CARRIED, before):
            return True
        targets = re.findall(_WORD, assigned[1] or assigned[2]) if assigned else ()
        if any(_is_used_as_session(data, target) for target in targets):
            return True
    return False


def _is_used_as_session(data: bytes, name: bytes) -> bool:
    """Whether a method of what has that name is called that sessions and connections have."""
    at = data.find(name)
    while at >= 0:
        end = at + len(name)
        before = data[at - 1 : at]
        if _METHODS.match(data, end) and not (before.isalnum() or before == b"_"):
            return True
        at = data.find(name, end)
    return False


def _is_caching(data: bytes) -> bool:
    """Whether a file decorates anything with a cache."""
    return b"cache" in data and re.search(_CACHING, data) is not None
