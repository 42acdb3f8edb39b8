"""SES101: released on every way out, but by hand."""

from collections.abc import Iterator

from sessionlint.flow.ways import Shape
from sessionlint.rule import Finding, Rule, Scope, Severity, lifetime_finding, subject


def check(scope: Scope) -> Iterator[Finding]:
    """Report resources that a `with` would close in fewer lines."""
    for life in scope.lifetimes:
        if life.shape is Shape.BY_HAND:
            message = f"{subject(life)} is closed by hand"
            yield lifetime_finding(CLOSED_BY_HAND, scope, life, message)


CLOSED_BY_HAND = Rule(
    code="SES101",
    name="closed-by-hand",
    summary="closed on every way out, but by hand instead of by `with`",
    severity=Severity.STYLE,
    check=check,
)
