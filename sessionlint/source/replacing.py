"""What a file puts in the place of something else, as tests do."""

import re
from collections.abc import Iterator
from typing import Final

__all__ = ["replacements"]

_PUTTING: Final = (b"patch", b"setattr")
# Compiled by `re` when first asked for: few runs are about a large project.
_ASSIGNING: Final = (
    rb"(?m)^[ \t]*[\w.]+\.\w*(?i:session|maker|factory|engine|conn|db|pool)\w*[ \t]*=(?!=)[^\n]*\n?"
)
"""A field of a module, most often, that a test gives another value."""

_FAR: Final = 600
"""How much of what follows is of interest: what is replaced, and by what."""


def replacements(data: bytes) -> bytes:
    """What stands in a file behind every `patch` and `setattr`, each from that word on.

    As well the assignments to an attribute whose name may be that of a maker or connection.
    """
    put = (data[at : at + _FAR] for word in _PUTTING for at in _places(data, word))
    return b"\n\0\n".join((*put, *re.findall(_ASSIGNING, data)))


def _places(data: bytes, word: bytes) -> Iterator[int]:
    """Where a word begins that is not the end of a longer one, such as `dispatch`."""
    at = data.find(word)
    while at >= 0:
        if not data[max(at - 1, 0) : at].replace(b"_", b"a").isalnum():
            yield at
        at = data.find(word, at + 1)
