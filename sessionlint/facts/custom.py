"""The names by which factories of sessions are called by custom."""

import re
from typing import Final

__all__ = ["is_customary"]

_FACTORY: Final = re.compile(
    r"_*(?:get|make|create|new|open)_?(?:\w+_)?session|_*(?:async|db|local)?_?session"
    r"(?:_?(?:local|maker|factory))|(?:\w*)SessionLocal|sessionmaker|DBSession|db_session",
    re.IGNORECASE,
)


def is_customary(name: str) -> bool:
    """Whether something of that name gives a session by custom."""
    return _FACTORY.fullmatch(name) is not None
