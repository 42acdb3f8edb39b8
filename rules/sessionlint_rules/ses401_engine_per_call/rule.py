"""SES401: a new engine, and with it a new pool, at every call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sessionlint.rule import Finding, Rule, Severity

if TYPE_CHECKING:
    from sessionlint.flow.scope import Scope


def check(scope: Scope) -> Iterator[Finding]:
    """Report engines that a function builds each time it runs."""
    from sessionlint.rewrite.caching import shared_engine

    for one in scope.engines:
        noun = one.thing.type.noun
        yield ENGINE_PER_CALL.finding(
            f"`{scope.name}` builds a new {noun} on every call, each with connections of its own",
            scope.span(one.acquired),
            fix=shared_engine(scope.evaluator, scope.block),
        )


ENGINE_PER_CALL = Rule(
    code="SES401",
    name="engine-per-call",
    summary="a new engine, and with it a new pool, on every call",
    severity=Severity.LEAK,
    check=check,
)
