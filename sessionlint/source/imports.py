"""The imports of a file, read from its bytes."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

__all__ = ["Imports", "imports"]

_FROM: Final = re.compile(rb"from[ \t]+([\w.]+)[ \t]+import[ \t]+(\([^)]*\)|(?:[^\n;\\]|\\\r?\n)+)")
_IMPORT: Final = re.compile(rb"import[ \t]+([^\n;#]+)")
_COMMENT: Final = rb"#[^\n]*"


class Imports(NamedTuple):
    """What a file imports.

    `items` gives for each name the module it is taken from and its name there, `modules` the
    module that a name stands for; `stars` are the modules all of which is taken.
    """

    items: dict[bytes, tuple[str, bytes]]
    modules: dict[bytes, str]
    stars: list[str]


def imports(data: bytes) -> Imports:
    """The imports of a file wherever they stand; a string may look like one."""
    found = Imports({}, {}, [])
    for match in filter(_begins, _FROM.finditer(data)):
        origin = match[1].decode("ascii", "replace")
        for item in re.sub(_COMMENT, b"", match[2]).strip(b"() \t").split(b","):
            words = item.replace(b"\\", b" ").split()
            if words == [b"*"]:
                found.stars.append(origin)
            elif words:
                found.items[words[-1]] = (origin, words[0])
    for match in filter(_begins, _IMPORT.finditer(data)):
        for item in match[1].split(b","):
            words = item.split()
            if words:
                name = words[-1] if len(words) == 3 else words[0].partition(b".")[0]
                found.modules[name] = words[0].decode("ascii", "replace")
    return found


def _begins(match: re.Match[bytes]) -> bool:
    """Whether a statement begins there: on a line of its own, or behind another or a condition."""
    data, start = match.string, match.start()
    before = data[data.rfind(b"\n", 0, start) + 1 : start].rstrip(b" \t")
    return not before or before.endswith((b";", b":"))
