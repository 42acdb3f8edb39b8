"""Clean-up that a cancellation can cut off: awaits that release, where nothing protects them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import libcst as cst

from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.receivers import CLOSING
from sessionlint.facts.scopes import Block
from sessionlint.facts.shields import is_protected, is_shielding
from sessionlint.facts.syntax import HANDLERS, TRIES, Handler, last_name
from sessionlint.flow.callers import of_all_callers
from sessionlint.flow.circumstances import is_aside
from sessionlint.flow.handlers import catches_cancellation
from sessionlint.flow.nodes import Nodes
from sessionlint.flow.shielded import is_in_shield
from sessionlint.flow.waits import Wait, Waits
from sessionlint.flow.ways import Place
from sessionlint.source.threads import THREADED

__all__ = ["CleanUp", "cleanups"]

_ENDING = THREADED | {"invalidate", "remove", "shielded_all", "wait_for"}


class CleanUp(NamedTuple):
    """An unprotected wait of a clean-up, which releases a resource or stands before what does.

    `around` is the clean-up's own node: a `finally`, a handler or a function. `skipped` is the
    release that is never reached when the wait is cut off, None for a release.
    """

    place: Place
    around: cst.CSTNode
    wait: Wait
    skipped: Wait | None

    @property
    def text(self) -> str:
        """What is waited for, on one line."""
        return self.wait.text


def cleanups(evaluator: Evaluator, block: Block) -> list[CleanUp]:
    """The clean-ups of an asynchronous function that a cancellation can cut off, in source order.

    What waits for something else than a release, with no release of the same resource behind it,
    is left out: whoever owns the resource ends it.
    """
    if not any(_may_end(last_name(call.func)) for call in block.calls):
        return []
    if is_aside(evaluator, block) or is_protected(evaluator, block):
        return []
    body = Nodes(block)
    waits = [one for node in body.nodes if (one := _standing(evaluator, block, body, node))]
    if not waits:
        return []
    # Have: at least one wait in a clean-up.
    known = Waits(evaluator, block, body)
    found = list(_cut_off([(spot, wait) for spot, node in waits for wait in known.of(node)]))
    return [] if found and _is_called_in_shields(evaluator, block) else found


def _may_end(name: str) -> bool:
    """Whether what is called by that name may end a resource, or call what does."""
    return name in _ENDING or CLOSING.search(name) is not None


class _Spot(NamedTuple):
    """The clean-up that a node stands in."""

    place: Place
    around: cst.CSTNode


def _standing(
    evaluator: Evaluator, block: Block, body: Nodes, node: cst.CSTNode
) -> tuple[_Spot, cst.CSTNode] | None:
    """A node that waits, with the clean-up it stands in; None for any other node."""
    if type(node) is cst.With or type(node) is cst.For:
        if node.asynchronous is None:
            return None
    elif type(node) is not cst.Await:
        return None
    spot = _spot(evaluator, block, body, node)
    return None if spot is None else (spot, node)


def _spot(evaluator: Evaluator, block: Block, body: Nodes, node: cst.CSTNode) -> _Spot | None:
    """The innermost clean-up around a node of the function itself, None if a scope protects it."""
    found: _Spot | None = None
    for above in body.above(node):
        if above is block.node:
            break
        if isinstance(above, (cst.FunctionDef, cst.Lambda)):
            return None
        if isinstance(above, cst.With) and is_shielding(evaluator, above, block):
            return None
        if found is None and isinstance(above, cst.Finally):
            found = _Spot(Place.FINALLY, above)
        elif found is None and isinstance(above, HANDLERS) and _is_for_the_cancelled(body, above):
            found = _Spot(Place.HANDLER, above)
    is_exit = block.name == "__aexit__" and block.owner is not None
    return _Spot(Place.EXIT, block.node) if found is None and is_exit else found


def _is_for_the_cancelled(body: Nodes, handler: Handler) -> bool:
    """Whether a cancellation comes to this handler, and not to one before it."""
    statement = next(iter(body.above(handler)))
    assert isinstance(statement, TRIES)
    first = next(filter(catches_cancellation, statement.handlers), None)
    return first is handler


def _cut_off(found: list[tuple[_Spot, Wait]]) -> Iterator[CleanUp]:
    for index, (spot, wait) in enumerate(found):
        if wait.is_shielded:
            continue
        if wait.is_release:
            yield CleanUp(spot.place, spot.around, wait, None)
            continue
        behind = (
            other
            for around, other in found[index + 1 :]
            if around.around is spot.around and other.is_release and other.name == wait.name
        )
        skipped = next(behind, None)
        if skipped is not None:
            yield CleanUp(spot.place, spot.around, wait, skipped)


def _is_called_in_shields(evaluator: Evaluator, function: Block) -> bool:
    """Whether all that is known to call a function protects it."""

    def is_protected(caller: Block, call: cst.Call) -> bool:
        return is_in_shield(evaluator, Nodes(caller), call)

    return bool(of_all_callers(evaluator, function, is_protected))
