"""SES104: every ordinary way out releases it, an error does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sessionlint.flow.ways import Shape
from sessionlint.rule import (
    Finding,
    Rule,
    Severity,
    exit_in_words,
    lifetime_finding,
    subject,
)

if TYPE_CHECKING:
    from sessionlint.flow.scope import Scope


def check(scope: Scope) -> Iterator[Finding]:
    """Report resources that close only while nothing goes wrong."""
    for life in scope.lifetimes:
        if life.shape is Shape.FAILING:
            where = exit_in_words(scope, life.leaks[0])
            message = f"{subject(life)} is still open when {where}"
            yield lifetime_finding(ERROR_SKIPS_CLOSE, scope, life, message)


ERROR_SKIPS_CLOSE = Rule(
    code="SES104",
    name="error-skips-close",
    summary="closed only when nothing fails: an error or a cancellation leaves it open",
    severity=Severity.LEAK,
    check=check,
)
