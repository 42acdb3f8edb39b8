"""The names by which factories of sessions are called by custom."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

__all__ = ["is_customary", "may_pass_on", "strangers"]

# Compiled by `re` when first asked for: few names are unresolved, and it takes a third of a
# millisecond.
_FACTORY: Final = (
    r"(?i:_*(?:make|create|new|open|get(?!_(?:\w*_)?(?:current|thread|thread_local|scoped|shared|"
    r"global|cached|existing|active|my)_))_?(?:\w+_)?session|_*(?:async|db|local)?_?session"
    r"(?:_?(?:local|maker|factory))|(?:\w*)SessionLocal|sessionmaker|DBSession|db_session)"
)


_RETURNED: Final = rb"return\b[^\n#]{0,200}\.(\w{0,60}ession\w{0,60})\("


@lru_cache(maxsize=2**10)
def is_customary(name: str) -> bool:
    """Whether something of that name gives a session by custom."""
    return re.fullmatch(_FACTORY, name) is not None


def strangers(data: bytes, calls: Iterable[bytes]) -> frozenset[bytes]:
    """The methods that a file calls which give a session by custom, and that it does not define.

    Whose they are, nobody knows by its bytes.
    """
    return frozenset(
        name
        for name in calls
        if b"ession" in name
        and b"." + name + b"(" in data
        and b"def " + name not in data
        and is_customary(name.decode())
    )


def may_pass_on(data: bytes) -> bool:
    """Whether a function of a file may return what such a method gives."""
    return b"ession" in data and any(
        is_customary(name.decode()) for name in re.findall(_RETURNED, data)
    )
