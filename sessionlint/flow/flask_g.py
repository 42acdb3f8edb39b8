"""`g` of Flask and Quart, which lasts one request, and what is called before each of them.

Source: Flask, "The Application Context": `g` is new for each request, and all in it is dropped.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import libcst as cst

from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.module import Module
from sessionlint.facts.scopes import Block, How
from sessionlint.facts.syntax import decorator_name, dotted

__all__ = ["LIBRARIES", "G", "is_begun_before", "is_in_g", "may_use_g"]

G: Final = "g"
LIBRARIES: Final = ("flask", "quart")
_BEFORE: Final = frozenset({"before_request", "before_app_request"})


# Asked of a module once for each of its functions.
@lru_cache(maxsize=1)
def may_use_g(text: str) -> bool:
    """Whether a module may speak of it, by its text."""
    return any(library in text for library in LIBRARIES)


def is_in_g(home: Module, target: cst.BaseExpression) -> bool:
    """Whether an expression is an attribute of it: `g.db`, `flask.g.db`."""
    owner = target.value if isinstance(target, cst.Attribute) else None
    path = None if owner is None else dotted(owner)
    if path != G:
        return path in {f"{library}.{G}" for library in LIBRARIES}
    bound = home.top.bindings(G)
    return bool(bound) and all(
        one.how is How.IMPORT_FROM and one.origin in LIBRARIES for one in bound
    )


def is_begun_before(evaluator: Evaluator, block: Block) -> bool:
    """Whether a function is called before each request."""
    if any(decorator_name(one) in _BEFORE for one in block.decorators):
        return True
    named = rf"\bbefore_(?:app_)?request\(\s*(?:\w+\.)*{re.escape(block.name)}\s*\)"
    return evaluator.tree.has(b"before_", re.compile(named.encode()))
