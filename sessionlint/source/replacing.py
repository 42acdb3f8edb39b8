"""What a file puts in the place of something else, as tests do."""

from collections.abc import Iterator
from typing import Final

__all__ = ["replacements"]

_PUTTING: Final = (b"patch", b"setattr")
_FAR: Final = 600
"""How much of what follows is of interest: what is replaced, and by what."""


def replacements(data: bytes) -> bytes:
    """What stands in a file behind every `patch` and `setattr`, each from that word on."""
    return b"\0".join(data[at : at + _FAR] for word in _PUTTING for at in _places(data, word))


def _places(data: bytes, word: bytes) -> Iterator[int]:
    """Where a word begins that is not the end of a longer one, such as `dispatch`."""
    at = data.find(word)
    while at >= 0:
        if not data[max(at - 1, 0) : at].replace(b"_", b"a").isalnum():
            yield at
        at = data.find(word, at + 1)
