"""SES104: every ordinary way out releases it, an error does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sessionlint.flow.ways import Shape
from sessionlint.rule import Finding, Note, Rule, Severity, still_open

if TYPE_CHECKING:
    from sessionlint.flow.scope import Scope


def check(scope: Scope) -> Iterator[Finding]:
    """Report resources that close only while nothing goes wrong."""
    yield from still_open(ERROR_SKIPS_CLOSE, scope, Shape.FAILING)
    for one in (kept for kept in scope.requested if not kept.in_vain):
        line = scope.line(one.reason)
        message = (
            f"{one.thing.type.noun} `{one.name}` is still open when `{scope.name}` fails on line "
            f"{line}"
        )
        note = Note(scope.span(one.reason), "an error here skips the close")
        yield ERROR_SKIPS_CLOSE.finding(message, scope.span(one.acquired), note)


ERROR_SKIPS_CLOSE = Rule(
    code="SES104",
    name="error-skips-close",
    summary="closed only when nothing fails: an error or a cancellation leaves it open",
    severity=Severity.LEAK,
    check=check,
)
