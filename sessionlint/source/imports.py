"""The imports of a file, read from its bytes."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

__all__ = ["Imports", "imports"]

_FROM: Final = re.compile(
    rb"^[ \t]*from[ \t]+([\w.]+)[ \t]+import[ \t]+(\([^)]*\)|(?:[^\n;\\]|\\\r?\n)+)", re.MULTILINE
)
_IMPORT: Final = re.compile(rb"^[ \t]*import[ \t]+([^\n;#]+)", re.MULTILINE)
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
    for module, names in _FROM.findall(data):
        origin = module.decode("ascii", "replace")
        for item in re.sub(_COMMENT, b"", names).strip(b"() \t").split(b","):
            words = item.replace(b"\\", b" ").split()
            if words == [b"*"]:
                found.stars.append(origin)
            elif words:
                found.items[words[-1]] = (origin, words[0])
    for names in _IMPORT.findall(data):
        for item in names.split(b","):
            words = item.split()
            if words:
                name = words[-1] if len(words) == 3 else words[0].partition(b".")[0]
                found.modules[name] = words[0].decode("ascii", "replace")
    return found
