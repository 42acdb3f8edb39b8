"""Who resumes a generator that lends what it acquires."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, takewhile
from typing import Final

import libcst as cst

from sessionlint.facts.scopes import Block
from sessionlint.facts.syntax import MANAGERS, TRIES, decorator_name, held_by, last_statement
from sessionlint.flow.expressions import YieldKind
from sessionlint.flow.nodes import Nodes

__all__ = ["yield_kind"]

_RESUMED: Final = frozenset({"fixture", "yield_fixture", "async_fixture", "provide"})
"""What resumes a generator even if whoever uses what it lends fails.

dishka tells a provider of errors by a value, as pytest does not tell a fixture at all.
"""

_LOOPS: Final = (cst.For, cst.While)
_LEAVING: Final = (cst.Return, cst.Raise)


def yield_kind(block: Block, names: frozenset[str]) -> YieldKind:
    """Who resumes a generator; `names` are what it acquires."""
    marks = _marks(block)
    if marks & _RESUMED:
        return YieldKind.FIXTURE
    if marks & MANAGERS:
        return YieldKind.MANAGED
    is_lending = any(_lends(node, names) for node in block.yields)
    is_dependency = is_lending and _yields_once(block)
    return YieldKind.DEPENDENCY if is_dependency else YieldKind.DATA


def _marks(block: Block) -> set[str]:
    return {decorator_name(decorator) for decorator in block.decorators}


def _lends(node: cst.Yield, names: frozenset[str]) -> bool:
    """Whether a `yield` gives one of them, alone or with others: `yield connection, cursor`."""
    given = node.value
    parts = [one.value for one in given.elements] if isinstance(given, cst.Tuple) else [given]
    return any(held_by(part) in names for part in parts)


def _yields_once(block: Block) -> bool:
    """Whether no way through a generator comes to a second `yield`."""
    nodes = Nodes(block)
    ways = [[node, *nodes.above(node)][::-1] for node in block.yields]
    return not any(isinstance(one, _LOOPS) for way in ways for one in way) and all(
        _are_apart(*pair) for pair in combinations(ways, 2)
    )


def _are_apart(first: Sequence[cst.CSTNode], second: Sequence[cst.CSTNode]) -> bool:
    """Whether two nodes, each with what it stands in from the outside, are never both reached."""
    shared = sum(
        1 for _ in takewhile(lambda pair: pair[0] is pair[1], zip(first, second, strict=False))
    )
    fork = first[shared - 1]
    if isinstance(fork, (cst.If, cst.Match)):
        return True
    # A `return` in a `try` is skipped by what its handlers catch.
    inside = takewhile(lambda part: not isinstance(part, TRIES), first[shared:])
    is_before = isinstance(fork, cst.BaseSuite)
    suites = (part for part in inside if isinstance(part, cst.BaseSuite))
    return is_before and any(isinstance(last_statement(one), _LEAVING) for one in suites)
