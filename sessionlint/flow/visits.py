"""Sessions that a page of Streamlit keeps for a visitor: `st.session_state.db = SessionLocal()`.

All runs of the page work with it, one behind the other, until the tab is closed, and of that nobody
is told. Source: Streamlit, "Session State": it is there as long as the tab is connected.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import libcst as cst

from sessionlint.facts.aside import is_test
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.module import Module
from sessionlint.facts.scopes import Block, BlockKind
from sessionlint.facts.syntax import bare, dotted
from sessionlint.flow.acquisitions import sure_session
from sessionlint.flow.nodes import Nodes
from sessionlint.flow.read_back import (
    attributes,
    is_left_open_by,
    modules_with,
    put_aside,
    subscripts,
)
from sessionlint.flow.shared import Shared

__all__ = ["of_visits"]

_STATE: Final = "session_state"


def of_visits(evaluator: Evaluator, block: Block) -> Iterator[Shared]:
    """The sessions that a function or a module opens for the visit of a page."""
    if block.kind not in {BlockKind.FUNCTION, BlockKind.MODULE}:
        return
    if is_test(block.home.path, evaluator.tree.files.root) or not block.home.imports("streamlit"):
        return
    for kept, made in put_aside(block, _STATE):
        thing = sure_session(evaluator, made, block)
        if thing is not None and _is_left_open(evaluator, kept.attr.value):
            said = dotted(kept) or f"{_STATE}.{kept.attr.value}"
            yield Shared(said, thing, bare(made), None, is_of_visit=True)


def _is_left_open(evaluator: Evaluator, name: str) -> bool:
    """Whether a page takes a connection by what has a name there, and nobody may close that."""
    modules = _reading(evaluator, name)
    return is_left_open_by(evaluator, modules, (_STATE,), lambda nodes: _reads(nodes, name))


def _reading(evaluator: Evaluator, name: str) -> Iterator[Module]:
    """The modules that speak of it, by the name or by a key."""
    word = re.escape(name)
    pattern = rf"\b{_STATE}\s*(?:\.\s*{word}\b|\[\s*[\"']{word}[\"']|\.\w+\(\s*[\"']{word}[\"'])"
    return modules_with(evaluator, name, re.compile(pattern.encode()))


def _reads(nodes: Nodes, name: str) -> Iterator[cst.BaseExpression]:
    """Where it is read: `st.session_state.db`, `st.session_state["db"]`."""
    yield from attributes(nodes, _STATE, name)
    yield from subscripts(nodes, _STATE, name)
