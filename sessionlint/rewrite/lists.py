"""Lists of statements and the places in them."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

__all__ = ["index_of", "lines_of"]


def lines_of(suite: cst.BaseSuite) -> Sequence[cst.CSTNode]:
    """The statements of a suite; one that stands on the line of its head is a single one."""
    return [suite] if isinstance(suite, cst.SimpleStatementSuite) else suite.body


def index_of(body: Sequence[cst.CSTNode], node: cst.CSTNode) -> int:
    """Where a statement stands in a list that holds it."""
    return next(index for index, one in enumerate(body) if one is node)
