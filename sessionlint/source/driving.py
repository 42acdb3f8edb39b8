"""Where a generator that lends a session may be driven by hand, told from text alone."""

import re
from collections.abc import Iterator
from typing import Final

__all__ = ["QUIET", "driving", "is_driving", "is_lender", "may_drive"]

QUIET: Final = b"_db("
"""What stands in a file that drives one by hand though no word in it is about sessions."""

# Bounded everywhere: a line may be long.
_LENDER: Final = r"\w{0,60}(?:ession\w{0,60}|_db)"
_CALL: Final = rf"(?:[^\n]{{0,200}}?\.)?{_LENDER}\("
_NEXT: Final = rf"(?a:next\(\s*{_CALL})"
_LOOP: Final = rf"(?a:async for \w+ in {_CALL})"
_STEP: Final = (
    r"(?a:(?:ession\w{0,60}|_db)\([^()\n]{0,200}\)\s*\.\s*(?:__a?next__\(|a?send\(None\)))"
)
_SHAPES: Final = {"next(": _NEXT, "async for": _LOOP, "next__(": _STEP, "send(None)": _STEP}
"""What makes each worth looking for, and how it looks; one pattern for all takes far longer."""

_SHAPES_OF_BYTES: Final = tuple((word.encode(), _SHAPES[word].encode()) for word in _SHAPES)


def is_lender(name: str) -> bool:
    """Whether a generator's name says that it lends a session: `get_db`, `get_async_session`.

    What the others lend is not asked: to follow every generator costs more than it finds.
    """
    return re.fullmatch(rf"(?a:{_LENDER})", name) is not None


def may_drive(data: bytes) -> bool:
    """Whether a file may take a session out of a generator by hand."""
    # Few files have either, so that most are searched for two words.
    if QUIET not in data and b"ession" not in data:
        return False
    return any(word in data and re.search(one, data) for word, one in _SHAPES_OF_BYTES)


def driving(text: str) -> Iterator[re.Match[str]]:
    """The places where one may be driven, in no order."""
    for word, pattern in _SHAPES.items():
        if word in text:
            yield from re.finditer(pattern, text)


def is_driving(text: str) -> bool:
    """Whether a call, or the head of a loop, is written in one of the ways that are looked for."""
    return next(driving(text), None) is not None
