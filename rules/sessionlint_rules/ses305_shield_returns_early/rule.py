"""SES305: `asyncio.shield` around something that ends a resource."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sessionlint.rule import Finding, Rule, Severity

if TYPE_CHECKING:
    from sessionlint.flow.scope import Scope


def check(scope: Scope) -> Iterator[Finding]:
    """Report what `asyncio.shield` lets go on when its task is cancelled."""
    for one in scope.early_shields:
        from sessionlint.rewrite.shielding import waited_for

        yield SHIELD_RETURNS_EARLY.finding(
            f"when this is cancelled, the function goes on while `{one.text}` still runs",
            scope.span(one.shield),
            fix=waited_for(scope.evaluator, scope.block, one),
        )


SHIELD_RETURNS_EARLY = Rule(
    code="SES305",
    name="shield-returns-early",
    summary="`asyncio.shield` returns while what it protects still runs, and loses it at shutdown",
    severity=Severity.RISK,
    check=check,
)
