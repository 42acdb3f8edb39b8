"""The imports of a file, read from its bytes."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from functools import lru_cache
from typing import Final, NamedTuple

from sessionlint.source.text import line_start

__all__ = ["Imports", "imports"]

# The word comes first, so that what only looks like an import swallows none behind it.
_FROM_WORD: Final = re.compile(rb"from[ \t]")
_FROM: Final = re.compile(rb"from[ \t]+([\w.]+)[ \t]+import[ \t]+(\([^)]*\)|(?:[^\n;\\]|\\\r?\n)+)")
_IMPORT: Final = re.compile(rb"import[ \t]+([^\n;#]+)")
_COMMENT: Final = rb"#[^\n]*"


class Imports(NamedTuple):
    """What a file imports.

    `items` gives for each name the modules it is taken from and its name there, `modules` the
    module that a name stands for; `stars` are the modules all of which is taken.
    """

    items: dict[bytes, list[tuple[str, bytes]]]
    modules: dict[bytes, str]
    stars: list[str]


# A module is asked for one name after the other.
@lru_cache(maxsize=16)
def imports(data: bytes) -> Imports:
    """The imports of a file wherever they stand; a string may look like one."""
    found, behind = Imports({}, {}, []), Imports({}, {}, [])
    for match in _FROM_WORD.finditer(data):
        into = _place(data, match.start(), found, behind)
        if into is not None and (whole := _FROM.match(data, match.start())):
            _take_items(into, whole[1].decode("ascii", "replace"), whole[2])
    for match in _IMPORT.finditer(data):
        into = _place(data, match.start(), found, behind)
        if into is not None:
            _take_modules(into, match[1])
    # A sentence may look like an import behind something, so that a line of its own goes first.
    items, modules = behind.items | found.items, behind.modules | found.modules
    return Imports(items, modules, found.stars + behind.stars)


def _place(data: bytes, start: int, found: Imports, behind: Imports) -> Imports | None:
    """Where to put the import that begins there: on its own line, behind something, or nowhere."""
    before = data[line_start(data, start) : start].removeprefix(BOM_UTF8).rstrip(b" \t")
    if not before:
        return found
    return behind if before.endswith((b";", b":")) and b"#" not in before else None


def _take_items(found: Imports, origin: str, names: bytes) -> None:
    for item in re.sub(_COMMENT, b"", names).strip(b"() \t").split(b","):
        words = item.replace(b"\\", b" ").split()
        if words == [b"*"]:
            found.stars.append(origin)
        elif words:
            found.items.setdefault(words[-1], []).append((origin, words[0]))


def _take_modules(found: Imports, names: bytes) -> None:
    for item in names.split(b","):
        words = item.split()
        if words:
            name = words[-1] if len(words) == 3 else words[0].partition(b".")[0]
            found.modules[name] = words[0].decode("ascii", "replace")
