"""What a file puts in the place of something else, as tests do."""

import re
from collections.abc import Iterator
from typing import Final

from sessionlint.source.text import line_start

__all__ = ["replacements"]

_PUTTING: Final = (b"patch", b"setattr")
# Compiled by `re` when first asked for: few runs are about a large project. What begins with a
# literal is searched for several times faster than what begins a line.
_ASSIGNING: Final = rb"\.(?=(\w+))\1[ \t]*=(?!=)[^\n]*\n?"
_TELLING: Final = rb"(?i)session|maker|factory|engine|conn|db|pool"
_OWNER: Final = rb"[ \t]*[\w.]+"

_FAR: Final = 600
"""How much of what follows is of interest: what is replaced, and by what."""


def replacements(data: bytes) -> list[bytes]:
    """What stands in a file behind every `patch` and `setattr`, each from that word on.

    As well the lines that assign to an attribute whose name may be that of a maker or connection.
    """
    put = (data[at : at + _FAR] for word in _PUTTING for at in _places(data, word))
    return [*put, *_assignments(data)]


def _places(data: bytes, word: bytes) -> Iterator[int]:
    """Where a word begins that is not the end of a longer one, such as `dispatch`."""
    at = data.find(word)
    while at >= 0:
        if not data[max(at - 1, 0) : at].replace(b"_", b"a").isalnum():
            yield at
        at = data.find(word, at + 1)


def _assignments(data: bytes) -> Iterator[bytes]:
    """The lines by which a field of a module, most often, gets another value."""
    for match in re.finditer(_ASSIGNING, data):
        if re.search(_TELLING, match[1]):
            start = line_start(data, match.start())
            if re.fullmatch(_OWNER, data[start : match.start()]):
                yield data[start : match.end()]
