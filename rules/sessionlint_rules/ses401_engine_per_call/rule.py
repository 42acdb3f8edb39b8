"""SES401: a new engine, and with it a new pool, at every call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sessionlint.rule import Finding, Rule, Severity

if TYPE_CHECKING:
    from sessionlint.flow.engines import EnginePerCall
    from sessionlint.flow.scope import Scope


def check(scope: Scope) -> Iterator[Finding]:
    """Report engines that a function builds each time it runs."""
    from sessionlint.rewrite.caching import shared_engine

    for one in scope.engines:
        # What `g` holds is read from there: whoever gives it out must go on putting it in.
        fix = None if one.is_of_request else shared_engine(scope.evaluator, scope.block)
        found = ENGINE_PER_CALL.finding(_told(scope, one), scope.span(one.acquired), fix=fix)
        yield found._replace(severity=Severity.RISK) if one.is_disposed_of else found


def _told(scope: Scope, one: EnginePerCall) -> str:
    noun = one.thing.type.noun
    owner = scope.block.owner
    if one.is_of_request:
        made = f"`{scope.name}` builds a new {noun} for each request, with connections of its own"
        return f"{made}: what is in `g` is gone when the request ends"
    if one.maker is None or owner is None:
        call = "on every call" + (f" that hands in no `{one.parameter}`" if one.parameter else "")
        when = "in every turn of a loop" if one.is_turned else call
        made = f"`{scope.name}` builds a new {noun} {when}"
        if one.is_disposed_of:
            return f"{made}, and disposes of it only where nothing fails"
        return f"{made}, each with connections of its own"
    name = one.maker.name
    every = f"every `{owner.name}` builds a new {noun}, with connections of its own"
    if one.maker.other:
        return f"{every}, and `{name}` and `{one.maker.other}` make one at each call"
    when = "in every turn of a loop" if one.maker.is_loop else "for each request"
    who = name if name == "FastAPI" else f"`{name}`"
    return f"{every}, and {who} makes one {when}"


ENGINE_PER_CALL = Rule(
    code="SES401",
    name="engine-per-call",
    summary="a new engine, and with it a new pool, on every call",
    severity=Severity.LEAK,
    check=check,
)
