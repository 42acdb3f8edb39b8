"""Why a `with` may end a resource too early where nothing closed it before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

import libcst as cst

from sessionlint.flow.ways import End, Lifetime, Shape, Way
from sessionlint.rewrite.adopting import adopted
from sessionlint.rewrite.closes import ends_with
from sessionlint.rewrite.leaving import Loaded
from sessionlint.rewrite.region import Region, spoken_elsewhere
from sessionlint.rewrite.strangers import is_with_strangers

__all__ = ["doubts"]

_LEAVING = frozenset({Way.NEXT, Way.RETURN, Way.STOP, Way.LOST})


def doubts(
    life: Lifetime,
    place: Region,
    nodes: Sequence[cst.CSTNode],
    marks: Mapping[int, cst.CSTNode],
    closed: AbstractSet[int],
) -> Iterator[str]:
    """Why what is loaded and used after the `with` may miss the resource, in words.

    `nodes` are those of the region, `marks` its closes by their ids, and `closed` the ids of the
    statements that stand behind one.
    """
    if not any(end.way in _LEAVING for end in life.leaks):
        return
    if life.shape is Shape.YIELDED:
        # Without such an end whoever resumes it finds it closed already.
        if any(end.is_ordinary for end in life.leaks):
            yield "what is loaded may be used after the `yield`"
        return
    loaded = Loaded.through(life.resource, place.behind)
    is_later = not ends_with(place.last, set(marks)) and any(map(loaded.is_in, place.later))
    if is_later or spoken_elsewhere(place, loaded.names - {life.resource.name}):
        yield "what is loaded is used after the close"
    within = Loaded.through(life.resource, place.statements)
    if any(isinstance(node, cst.Yield) for node in nodes):
        yield "the generator may be left waiting inside the `with`"
    if any(id(node) not in closed for node in within.results()):
        yield f"what is returned may still need the {life.noun}"
    if _is_kept(life, place, within) or _is_adopting(life, place, nodes):
        yield f"what is stored or passed on may still need the {life.noun}"


def _is_kept(life: Lifetime, place: Region, within: Loaded) -> bool:
    """Whether somebody else gets it, or what is loaded through it, where nothing ever closes it."""
    return not life.has_releases and (
        next(within.kept(), None) is not None or is_with_strangers(life.resource, place.statements)
    )


def _is_adopting(life: Lifetime, place: Region, nodes: Sequence[cst.CSTNode]) -> bool:
    """Whether it adopts an object of somebody else who finds it open then when nothing failed."""
    resource = life.resource
    ends = [end for end in life.leaks if end.is_ordinary and end.way in _LEAVING]
    if not ends or not life.is_session:
        return False
    calls = adopted(resource.evaluator, resource.block, resource.name, place.statements).values()
    order = {id(node): index for index, node in enumerate(nodes)}
    return any(_may_follow(end, call, order, nodes) for call in calls for end in ends)


def _may_follow(
    end: End, call: cst.Call, order: Mapping[int, int], nodes: Sequence[cst.CSTNode]
) -> bool:
    """Whether the function may be left there when a call is done: in a loop, by any way out."""
    is_behind = end.node is None or order.get(id(end.node), len(order)) > order[id(call)]
    return is_behind or any(isinstance(node, (cst.For, cst.While)) for node in nodes)
