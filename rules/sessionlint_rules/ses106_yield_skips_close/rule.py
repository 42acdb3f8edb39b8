"""SES106: lent by a `yield` that no `finally` or `with` protects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sessionlint.flow.ways import Ending, Shape, StepKind
from sessionlint.rule import (
    Finding,
    Lifetime,
    Rule,
    Severity,
    given_back,
    lifetime_finding,
    subject,
)

if TYPE_CHECKING:
    from sessionlint.flow.scope import Scope


def check(scope: Scope) -> Iterator[Finding]:
    """Report generators that close what they lend only when the borrower does not fail."""
    for life in scope.lifetimes:
        if life.shape is Shape.YIELDED:
            # Whatever fails behind the `yield` has given the connection back, too.
            harmless = given_back(life) if all(end.is_idle for end in life.leaks) else ""
            message = f"{_message(scope, life)}{harmless}"
            severity = Severity.RISK if harmless else Severity.LEAK
            yield lifetime_finding(YIELD_SKIPS_CLOSE, scope, life, message, severity)


def _message(scope: Scope, life: Lifetime) -> str:
    if not any(end.ending is Ending.RELEASED for end in life.ends):
        return f"{subject(life)} is lent by a `yield` and never closed"
    way = next(end for end in life.leaks if end.is_unprotected)
    lent = [step.node for step in way.steps if step.kind is StepKind.YIELD]
    where = f" on line {scope.line(lent[-1])}"
    if any(end.is_ordinary for end in life.leaks):
        return f"{subject(life)} is still open after the `yield`{where}"
    return f"{subject(life)} is still open when the `yield`{where} fails"


YIELD_SKIPS_CLOSE = Rule(
    code="SES106",
    name="yield-skips-close",
    summary="lent by a `yield` with no `finally` or `with` around it",
    severity=Severity.LEAK,
    check=check,
)
