"""The names by which factories of sessions are called by custom."""

import re
from typing import Final

__all__ = ["is_customary"]

# Compiled by `re` when first asked for: few names are unresolved, and it takes a third of a
# millisecond.
_FACTORY: Final = (
    r"(?i:_*(?:make|create|new|open|get(?!_(?:\w*_)?(?:current|thread|thread_local|scoped|shared|"
    r"global|cached|existing|active|my)_))_?(?:\w+_)?session|_*(?:async|db|local)?_?session"
    r"(?:_?(?:local|maker|factory))|(?:\w*)SessionLocal|sessionmaker|DBSession|db_session)"
)


def is_customary(name: str) -> bool:
    """Whether something of that name gives a session by custom."""
    return re.fullmatch(_FACTORY, name) is not None
