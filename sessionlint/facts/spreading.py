"""The names that a project gives to what acquires, followed from file to file."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from sessionlint.facts.files import Files
from sessionlint.facts.glances import Glances
from sessionlint.facts.own import Found, Own
from sessionlint.source.custom import may_pass_on
from sessionlint.source.gate import CATALOGUE, GIVERS, MAKERS, word_of

__all__ = ["spread"]

_HOPS: Final = 4
"""How often a factory is passed on from module to module: three in what was seen, and one more."""


def spread(
    files: Files, glances: Glances, configured: frozenset[bytes]
) -> tuple[Found, frozenset[str]]:
    """The names, and the paths of the files that give any of them.

    They are passed on from file to file, until no new one turns up; then come those that one file
    alone can call.
    """
    from sessionlint.source.bindings import products, products_alone

    speaking = files.speaking
    texts = [data for _, data in speaking]
    giving, local = set[bytes](), set[bytes]()
    makers, givers = MAKERS, GIVERS
    shared: set[bytes] = {*configured}
    quiet, asked = set(texts), set[bytes]()
    sources = filter(glances.is_at_source, texts)
    passing = glances.passing_on(filter(glances.may_take, sources), CATALOGUE)
    sessions = filter(glances.has_sessions, texts)
    passing = list(dict.fromkeys((*passing, *filter(may_pass_on, sessions))))
    for hop in range(_HOPS):
        found = [
            products(data, makers, givers) if hop else products_alone(data) for data in passing
        ]
        giving.update(
            data for data, one in zip(passing, found, strict=True) if one.makers or one.givers
        )
        # A project may call its own factory `create_session` or `Session`, as a library does.
        shared.update(name for one in found for name in one.shared)
        local.update(name for one in found for name in one.local | one.methods)
        more_makers = {name for one in found for name in one.makers & one.shared} - makers
        more_givers = {name for one in found for name in one.givers & one.shared} - givers
        if not more_makers and not more_givers:
            break
        makers, givers = makers | more_makers, givers | more_givers
        more = frozenset(more_makers | more_givers)
        near = _naming(files, more)
        quiet.difference_update(near)
        asked |= more
        passing = glances.passing_on(near, more)
    own = Own(frozenset(shared), frozenset(shared | local), makers, givers)
    paths = frozenset(path for path, data in speaking if data in giving)
    return Found.of(own, quiet, frozenset(asked)), paths


def _naming(files: Files, names: Iterable[bytes]) -> list[bytes]:
    """The texts in which one of the names stands by itself."""
    found: dict[bytes, None] = {}
    for name in sorted(names, key=len):
        # In most texts, a name like `_session` only stands in longer words.
        word = re.compile(word_of(name))
        found.update((data, None) for _, data in files.having(name) if word.search(data))
    return list(found)
