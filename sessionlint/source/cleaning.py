"""Whether a text may hold clean-up that a cancellation cuts off, decided without a parse."""

import re
from typing import Final

__all__ = ["CLOSING", "may_be_cut_off", "may_cut_off", "may_use_threads", "may_wait"]

CLOSING: Final = (
    r"close|releas|dispos|tear_?down|shut_?down|put_?conn|give_?back|^_*(?:clean_?up|finish|free)$|"
    r"(?:clean_?up|finish|free|return|end|remove|destroy|kill|drop)_(?:db|conn|session)"
)
"""Names of callees that may end what they are given, in whatever case."""

_ENDING: Final = (
    r"(?i)close|releas|dispos|tear_?down|shut_?down|put_?conn|give_?back|clean_?up|finish|free|"
    r"\.\s*(?:remove|invalidate|terminate)\b|"
    r"(?:return|end|remove|destroy|kill|drop)_(?:db|conn|session)"
)
_PLACES: Final = ("finally", "__aexit__", "ancelled", "BaseException")
_BARE: Final = r"\bexcept\s*:"
_BEGINS: Final = r"\.\s*begin\s*\("
_WAITS: Final = r"\bawait\b|\basync[ \t]+(?:with|for)\b"

_PLACES_OF_BYTES: Final = tuple(place.encode() for place in _PLACES)
_WORDS: Final = tuple(
    b"close releas dispos teardown tear_down shutdown shut_down putconn put_conn giveback "
    b"give_back cleanup clean_up finish free remove invalidate terminate _db _conn _session".split()
)
"""One of these stands in whatever `_ENDING` matches, in small letters: ten times as fast."""


def may_wait(data: bytes) -> bool:
    """Whether a file may wait for anything."""
    # Where something is awaited, the word of its function comes first.
    return b"async" in data or b"await" in data


def may_use_threads(data: bytes) -> bool:
    """Whether a file may have something done in a thread, and wait for that."""
    return b"thread" in data or b"run_sync" in data


def may_cut_off(data: bytes) -> bool:
    """Whether a file may await clean-up in a place where a cancellation reaches it."""
    if not may_wait(data):
        return False
    if b"shield" in data or (b"begin" in data and re.search(_BEGINS.encode(), data) is not None):
        return True
    is_place = any(place in data for place in _PLACES_OF_BYTES)
    if not is_place and (b"except" not in data or not re.search(_BARE.encode(), data)):
        return False
    small = data.lower()
    return any(word in small for word in _WORDS)


def may_be_cut_off(text: str) -> bool:
    """The same for one function, by its text."""
    if "await" not in text and "async" not in text:
        return False
    if "shield" in text or ("begin" in text and re.search(_BEGINS, text) is not None):
        return True
    places = [at for place in _PLACES if (at := text.find(place)) >= 0]
    bare = re.search(_BARE, text)
    if bare is not None:
        places.append(bare.start())
    rest = text[min(places) :] if places else ""
    return re.search(_WAITS, rest) is not None and re.search(_ENDING, rest) is not None
