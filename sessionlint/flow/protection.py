"""Two ways to protect a clean-up that do not: a nested `begin()`, and `asyncio.shield`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import libcst as cst

from sessionlint.facts.catalog import Kind
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.scopes import Block
from sessionlint.facts.shields import is_asyncio_shield
from sessionlint.facts.syntax import arguments, bare, is_name, last_name, text_of
from sessionlint.facts.values import Maker
from sessionlint.flow.circumstances import is_aside
from sessionlint.flow.nodes import SCOPES
from sessionlint.flow.waits import resource_of
from sessionlint.source.walk import descend

__all__ = ["EarlyShield", "NestedBegin", "early_shields", "nested_begins"]

_TASKS: Final = frozenset({"create_task", "ensure_future"})


@dataclass(frozen=True, slots=True, eq=False)
class NestedBegin:
    """`async with maker() as s, s.begin():`, in one statement or two.

    `made` is the call of the maker, `outer` the statement it stands in, at `index` among what that
    enters; `inner` is the statement that begins, the same one or the only one inside, and `begin`
    the call there.
    """

    name: str
    made: cst.Call
    outer: cst.With
    index: int
    inner: cst.With
    begin: cst.WithItem


class EarlyShield(NamedTuple):
    """`await asyncio.shield(s.close())`: `shield` is that call, `inner` what it protects."""

    name: str
    noun: str
    shield: cst.Call
    inner: cst.Call

    @property
    def text(self) -> str:
        """What is shielded, on one line."""
        return text_of(self.inner)


def nested_begins(evaluator: Evaluator, block: Block) -> Iterator[NestedBegin]:
    """The sessions of an asynchronous function whose transaction is entered apart from them."""
    if not _is_looked_at(evaluator, block, "begin"):
        return
    for node in descend(block.node, *SCOPES):
        if not isinstance(node, cst.With) or node.asynchronous is None:
            continue
        for index, item in enumerate(node.items):
            name = _bound(item)
            # The maker's own `begin()` takes no options for one session.
            if not isinstance(item.item, cst.Call) or item.item.args or not name:
                continue
            following = _following(node, index)
            if following is None or not _calls(following[1].item, name, "begin"):
                continue
            # What is closed inside of its transaction leaves nothing for the end of that.
            if any(_calls(part, name, "close") for part in descend(following[0].body)):
                continue
            value = evaluator.value(item.item.func, block)
            if isinstance(value, Maker) and value.made.type.is_async:
                yield NestedBegin(name, item.item, node, index, *following)


def _is_looked_at(evaluator: Evaluator, block: Block, name: str) -> bool:
    """Whether a function of the program itself calls something of that name."""
    is_calling = any(last_name(call.func) == name for call in block.calls)
    return is_calling and not is_aside(evaluator, block)


def _bound(item: cst.WithItem) -> str:
    name = item.asname.name if item.asname is not None else None
    return name.value if isinstance(name, cst.Name) else ""


def _following(node: cst.With, index: int) -> tuple[cst.With, cst.WithItem] | None:
    """What is entered directly after an item, with nothing in between."""
    if index + 1 < len(node.items):
        return node, node.items[index + 1]
    match node.body:
        case cst.IndentedBlock(body=[cst.With(asynchronous=cst.Asynchronous()) as inner]):
            return inner, inner.items[0]
    return None


def _calls(node: cst.CSTNode, name: str, method: str) -> bool:
    """Whether a node calls that method of what has that name."""
    match node:
        case cst.Call(func=cst.Attribute(value=owner, attr=cst.Name(value=called))):
            return called == method and is_name(owner, name)
    return False


def early_shields(evaluator: Evaluator, block: Block) -> Iterator[EarlyShield]:
    """The shields of an asynchronous function around what ends, or uses, a resource."""
    if not _is_looked_at(evaluator, block, "shield"):
        return
    for node in descend(block.node, *SCOPES):
        shield = bare(node) if isinstance(node, cst.Await) else None
        if not isinstance(shield, cst.Call) or not shield.args:
            continue
        inner = _task_of(shield)
        if inner is None or not isinstance(inner.func, cst.Attribute):
            continue
        if not is_asyncio_shield(evaluator, shield.func, block):
            continue
        thing = resource_of(evaluator, inner.func.value, block)
        # The pool that an engine is disposed of with has nothing to lose.
        if thing is not None and thing.type.kind is not Kind.ENGINE:
            name = text_of(inner.func.value)
            yield EarlyShield(name, thing.type.noun, shield, inner)


def _task_of(shield: cst.Call) -> cst.Call | None:
    """The call whose awaitable is shielded, be it as a task."""
    inner = next(arguments(shield), None)
    if isinstance(inner, cst.Call) and last_name(inner.func) in _TASKS:
        inner = next(arguments(inner), None)
    return inner if isinstance(inner, cst.Call) else None
