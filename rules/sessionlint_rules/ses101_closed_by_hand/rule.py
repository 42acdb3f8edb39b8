"""SES101: released on every way out, but by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sessionlint.flow.ways import Shape
from sessionlint.rule import Finding, Rule, Severity, lifetime_finding, subject

if TYPE_CHECKING:
    from sessionlint.flow.scope import Scope


def check(scope: Scope) -> Iterator[Finding]:
    """Report resources that a `with` would close in fewer lines."""
    # LibCST is not paid for by those who only ask what rules there are.
    from sessionlint.flow.generators import is_drawn

    for life in scope.lifetimes:
        if life.shape is Shape.BY_HAND:
            is_taken = is_drawn(scope.block, life.acquired)
            how = "is taken out of its generator and closed" if is_taken else "is closed"
            message = f"{subject(life)} {how} by hand"
            yield lifetime_finding(CLOSED_BY_HAND, scope, life, message)


CLOSED_BY_HAND = Rule(
    code="SES101",
    name="closed-by-hand",
    summary="closed on every way out, but by hand instead of by `with`",
    severity=Severity.STYLE,
    check=check,
)
