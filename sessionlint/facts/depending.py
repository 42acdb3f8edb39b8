"""Which functions FastAPI calls for the parameters of others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sessionlint.facts.evaluate import Evaluator

__all__ = ["depended_on"]

_WORD: Final = b"Depends"
_DEPENDED: Final = rb"\bDepends\(\s*(?:dependency\s*=\s*)?(?:\w+\.)*(\w+)"


def depended_on(evaluator: Evaluator) -> frozenset[str]:
    """The names of what the project gives to `Depends`, by the bytes of its files that speak.

    The others are not read for it, in whichever run: few of those that get a session do not say so.
    """
    return evaluator.once((depended_on,), lambda: _names(evaluator))


def _names(evaluator: Evaluator) -> frozenset[str]:
    pattern = re.compile(_DEPENDED)
    texts = (data for _, data in evaluator.tree.searched(_WORD, pattern))
    return frozenset(name.decode() for data in texts for name in pattern.findall(data))
