"""What a function puts off until the block is left whose session that needs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

import libcst as cst

from sessionlint.facts.syntax import last_name
from sessionlint.flow.closed import Uses
from sessionlint.flow.nodes import SCOPES, Nodes
from sessionlint.source.walk import descend

__all__ = ["put_off"]

_DRAINING: Final = frozenset(
    "all any dict enumerate frozenset list max min next set sorted sum tuple".split()
)
"""Built-in functions that take something out of what they are given."""


def put_off(uses: Uses, around: cst.With) -> cst.Call | None:
    """The call on a session in a generator expression that somebody runs behind a `with`.

    Where the generator is returned, or drained behind the block, and not spoken of inside.
    """
    body = uses.body
    for node in descend(around.body, *SCOPES):
        if isinstance(node, cst.GeneratorExp) and _is_run_behind(body, node, around):
            call = next(filter(uses.is_taking, _calls(node)), None)
            if call is not None:
                index = next(at for at, one in enumerate(body.nodes) if one is call)
                return call if uses.is_left_open(index) else None
    return None


def _is_run_behind(body: Nodes, generator: cst.GeneratorExp, around: cst.With) -> bool:
    if body.block.yields:
        return False
    match list(islice(body.above(generator), 2)):
        case [cst.Return(), *_]:
            return True
        case [cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name) as target)]), *_]:
            pass
        case _:
            return False
    if len(body.block.bindings(name)) != 1 or name in body.block.declared | body.block.kept:
        return False
    inside = {id(one) for one in descend(around)}
    spoken = [one for one in body.variables(name) if one is not target]
    is_left = all(id(one) not in inside for one in spoken)
    return is_left and any(_is_drained(body, one) for one in spoken)


def _is_drained(body: Nodes, name: cst.Name) -> bool:
    """Whether a generator is run where its name stands, or given to the caller who runs it."""
    match list(islice(body.above(name), 2)):
        case [cst.Return(), *_]:
            return True
        case [cst.For(iter=source) | cst.CompFor(iter=source), *_]:
            return source is name
        case [cst.Arg(), cst.Call(func=cst.Name() as taker)]:
            return last_name(taker) in _DRAINING
    return False


def _calls(generator: cst.GeneratorExp) -> Iterator[cst.Call]:
    """The calls of a generator expression; what it goes through first is taken at once."""
    clause: cst.CompFor | None = generator.for_in
    parts: list[cst.CSTNode] = [generator.elt]
    while clause is not None:
        parts += clause.ifs
        clause = clause.inner_for_in
        parts += [clause.iter] if clause is not None else []
    for part in parts:
        yield from (one for one in descend(part, *SCOPES) if isinstance(one, cst.Call))
