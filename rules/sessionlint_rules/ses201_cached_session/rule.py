"""SES201: a cache hands the same session to everybody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sessionlint.rule import Finding, Rule, Severity

if TYPE_CHECKING:
    from sessionlint.flow.scope import Scope


def check(scope: Scope) -> Iterator[Finding]:
    """Report caching decorators on functions that give a session or connection."""
    from sessionlint.rewrite.caching import uncached

    for one in scope.cached:
        noun = one.thing.type.noun
        message = f"`{scope.name}` is cached, so every caller gets the same {noun}"
        if one.is_stream:
            message = f"`{scope.name}` is cached, so its second caller gets a used-up generator"
        fix = uncached(scope.evaluator, scope.block, one)
        yield CACHED_SESSION.finding(message, scope.span(one.decorator), fix=fix)


CACHED_SESSION = Rule(
    code="SES201",
    name="cached-session",
    summary="a cache hands one session to every caller",
    severity=Severity.LEAK,
    check=check,
)
