"""What a file puts in the place of something else, as tests do."""

import re
from collections.abc import Iterator
from typing import Final

from sessionlint.source.text import line_start

__all__ = ["is_by_maker", "is_for_one_test", "replacements"]

_PUTTING: Final = (b"patch", b"setattr")
# Compiled by `re` when first asked for: few runs are about a large project. What begins with a
# literal is searched for several times faster than what begins a line.
_ASSIGNING: Final = rb"\.(?=(\w+))\1[ \t]*=(?!=)[^\n]*\n?"
_TELLING: Final = rb"(?i)session|maker|factory|engine|conn|db|pool"
_OWNER: Final = rb"[ \t]*[\w.]+"

_FAR: Final = 600
"""How much of what follows is of interest: what is replaced, and by what."""

_HEAD: Final = rb"(?m)^([ \t]*)((?:async[ \t]+)?def|class)[ \t]+(\w+)"
_LOADING: Final = (
    rb"(?m)^[ \t]+(?:from|import)\b|\b(?:import_module|exec_module|run_module|run_path|reload"
    rb"|__import__|start)\("
)
"""What loads a module in a test, or leaves a patch in place behind its end."""

_VALUE: Final = rb"\s*(?:,\s*)?(?:new\s*=\s*)?([A-Za-z_]\w*)[ \t]*(?:[,);#\n]|\Z)"
"""The variable that is put in the place of something, behind the name of that."""


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


def is_for_one_test(data: bytes, at: int) -> bool:
    """Whether what is replaced at a place is so for one test, which loads no module meanwhile.

    A module that has imported a name before does not see another value of it where it comes from.
    """
    start, rest = line_start(data, at), data[at:]
    line = data[start:].lstrip(b" \t")
    if line.startswith(b"@"):
        test = re.search(_HEAD, rest)
        rest = rest[test.end() :] if test else rest
    else:
        indent = len(data) - start - len(line)
        above = reversed(list(re.finditer(_HEAD, data[:start])))
        test = next((one for one in above if len(one[1]) < indent), None)
    if test is None or test[2] == b"class" or not test[3].startswith(b"test"):
        return False
    end = rb"(?m)^[ \t]{0,%d}(?:@|(?:async[ \t]+)?def\b|class\b)" % len(test[1])
    [body, *_] = re.split(end, rest, maxsplit=1)
    return re.search(_LOADING, body) is None


def is_by_maker(data: bytes, at: int) -> bool:
    """Whether a variable stands behind a place that a file only ever gives a maker of sessions."""
    value = re.match(_VALUE, data[at : at + _FAR])
    if value is None:
        return False
    given = rb"(?m)^[ \t]*" + value[1] + rb"[ \t]*(?::[^=\n]*)?=(?!=)[ \t]*"
    makers = re.findall(given + rb"(?:\w+\.)*(?:async_)?sessionmaker\(", data)
    return 0 < len(makers) == len(re.findall(given, data))
