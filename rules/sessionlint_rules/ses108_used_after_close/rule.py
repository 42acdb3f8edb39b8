"""SES108: used after it was closed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sessionlint.rule import Finding, Note, Rule, Severity

if TYPE_CHECKING:
    from sessionlint.flow.reopened import Reopened
    from sessionlint.flow.scope import Scope


def check(scope: Scope) -> Iterator[Finding]:
    """Report sessions that open again after their close, with the place where they do."""
    for one in scope.reopened:
        note = Note(scope.span(one.use), "the caller gets it closed" if one.is_returned else "here")
        yield USED_AFTER_CLOSE.finding(_message(scope, one), scope.span(one.acquired), note)


def _message(scope: Scope, one: Reopened) -> str:
    noun, line = f"{one.thing.type.noun} `{one.name}`", scope.line(one.use)
    if one.is_returned:
        return (
            f"{noun} is closed before the caller gets it on line {line}; it opens again when it "
            "is used, and nothing closes it"
        )
    if one.is_lazy:
        return (
            f"{noun} is closed before anybody runs the generator on line {line}, in which it opens "
            "again, and nothing closes it"
        )
    return f"{noun} is closed, and opens again on line {line}, after which nothing closes it"


USED_AFTER_CLOSE = Rule(
    code="SES108",
    name="used-after-close",
    summary="used after its close, which opens it again",
    severity=Severity.LEAK,
    check=check,
)
