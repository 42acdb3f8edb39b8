"""SES104: every ordinary way out releases it, an error does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sessionlint.flow.ways import Shape
from sessionlint.rule import Finding, Rule, Severity, still_open

if TYPE_CHECKING:
    from sessionlint.flow.scope import Scope


def check(scope: Scope) -> Iterator[Finding]:
    """Report resources that close only while nothing goes wrong."""
    return still_open(ERROR_SKIPS_CLOSE, scope, Shape.FAILING)


ERROR_SKIPS_CLOSE = Rule(
    code="SES104",
    name="error-skips-close",
    summary="closed only when nothing fails: an error or a cancellation leaves it open",
    severity=Severity.LEAK,
    check=check,
)
