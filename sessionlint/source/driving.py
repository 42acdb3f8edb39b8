"""Where a generator that lends a session may be driven by hand, told from text alone."""

import re
from collections.abc import Iterator
from typing import Final

__all__ = ["driving", "is_driving", "is_lender", "is_naming", "is_worth_asking", "may_drive"]

_QUIET: Final = ("_db(", "next(get_")
"""What stands in a file that drives one by hand though no word in it is about sessions."""
_QUIET_BYTES: Final = tuple(word.encode() for word in _QUIET)

# Bounded everywhere: a line may be long.
_TELLING: Final = r"\w{0,60}(?:ession\w{0,60}|_db)"
_GETTER: Final = r"_{0,2}get_\w{1,60}"
"""A name that much has: it is looked at where a function is called, and no method."""
_CALL: Final = rf"(?:(?:[^\n]{{0,200}}?\.)?{_TELLING}|{_GETTER})\("
_ASKED: Final = r"next\((?<!\w\wnext\()\s*"
"""`next(` or `anext(`, and no method with a longer name."""
_NEXT: Final = rf"(?a:{_ASKED}{_CALL})"
_LOOP: Final = rf"(?a:async for \w+ in {_CALL})"
_NAMES: Final = rf"(?:ession\w{{0,60}}|_db|(?<![\w.]){_GETTER})"
_STEP: Final = rf"(?a:{_NAMES}\([^()\n]{{0,200}}\)\s*\.\s*(?:__a?next__\(|a?send\(None\)))"
_ENTER: Final = rf"(?a:{_NAMES}\([^()\n]{{0,200}}\)\s*\.\s*__a?enter__\()"
_LIST: Final = rf"(?a:list\((?<!\wlist\(){_CALL}[^()\n]{{0,200}}\)\)\[0\])"
_SHAPES: Final = {
    "next(": _NEXT,
    "async for": _LOOP,
    "next__(": _STEP,
    "send(None)": _STEP,
    "enter__(": _ENTER,
    "))[0]": _LIST,
}
"""What makes each worth looking for, and how it looks; one pattern for all takes far longer."""

_LENT: Final = rf" = (?:\(\s*)?(?:(?:[\w.]{{0,200}}\.)?{_TELLING}|{_GETTER})\("
_NAMED: Final = rf"(?a:\b(\w{{1,60}}){_LENT})"
"""How a generator gets a name."""

_DRIVEN: Final = {
    "next(": rf"(?a:{_ASKED}(\w{{1,60}})\s*\))",
    "next__(": r"(?a:(\w{1,60})\s*\.\s*__a?next__\()",
    "enter__(": r"(?a:(\w{1,60})\s*\.\s*__a?enter__\()",
    "send(None)": r"(?a:(\w{1,60})\s*\.\s*a?send\(None\))",
}
"""What stands in a text that drives one by its name, and how."""

_SHAPES_OF_BYTES: Final = tuple((word.encode(), _SHAPES[word].encode()) for word in _SHAPES)


def is_lender(name: str, text: str) -> bool:
    """Whether a generator's name says that it may lend a session: `get_async_session`, `new_db`.

    In a text of sessions, `get_client` may lend what is made of one. What the others lend is not
    asked: to follow every generator costs more than it finds.
    """
    if re.fullmatch(rf"(?a:{_TELLING})", name) is not None:
        return True
    # The gate goes by the text, and what it does not see is not to be seen by anybody.
    is_like_one = re.fullmatch(rf"(?a:{_GETTER})", name) is not None
    return is_like_one and any(word in text for word in ("ession", *_QUIET))


def is_worth_asking(data: bytes) -> bool:
    """Whether a file in which no word is about sessions may drive one by hand all the same."""
    return any(word in data for word in _QUIET_BYTES)


def may_drive(data: bytes) -> bool:
    """Whether a file, of sessions or worth asking, may take one out of a generator by hand."""
    if any(word in data and re.search(one, data) for word, one in _SHAPES_OF_BYTES):
        return True
    if not any(word.encode() in data for word in _DRIVEN):
        return False
    # Every byte is a character there, and the names that are looked for are plain.
    return next(_by_name(data.decode("latin-1")), None) is not None


def driving(text: str) -> Iterator[re.Match[str]]:
    """The places where one may be driven, in no order."""
    yield from _at_once(text)
    yield from _by_name(text)


def _at_once(text: str) -> Iterator[re.Match[str]]:
    """The places where one may be driven that has no name."""
    for word, pattern in _SHAPES.items():
        if word in text:
            yield from re.finditer(pattern, text)


def _by_name(text: str) -> Iterator[re.Match[str]]:
    """The places where one may get the name by which it is driven in the same text."""
    for name in sorted(_driven(text)):
        # The name comes first, for what begins with it is found fast.
        yield from re.finditer(rf"(?a:{name}(?<!\w{name}){_LENT})", text)


def _driven(text: str) -> set[str]:
    """The names by which something is driven."""
    return {
        name
        for word, pattern in _DRIVEN.items()
        if word in text
        for name in re.findall(pattern, text)
    }


def is_driving(text: str) -> bool:
    """Whether a call, or the head of a loop, is written in one of the ways that are looked for."""
    return next(_at_once(text), None) is not None


def is_naming(text: str, by: str) -> bool:
    """Whether the same is true of an assignment that names one and of the call that drives it."""
    named = re.match(_NAMED, text)
    return named is not None and named[1] in _driven(by)
