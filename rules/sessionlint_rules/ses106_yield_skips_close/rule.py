"""SES106: lent by a `yield` that no `finally` or `with` protects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sessionlint.flow.ways import End, Shape, StepKind
from sessionlint.rule import (
    GIVEN_BACK,
    Finding,
    Lifetime,
    Rule,
    Severity,
    exit_in_words,
    given_back,
    lifetime_finding,
    subject,
)

if TYPE_CHECKING:
    from sessionlint.flow.scope import Scope


def check(scope: Scope) -> Iterator[Finding]:
    """Report generators that close what they lend only when the borrower does not fail."""
    for life in scope.lifetimes:
        if life.shape is not Shape.YIELDED:
            continue
        holding = [end for end in life.leaks if not (life.is_session and end.is_idle)]
        message, leak = _message(scope, life), None
        if not holding:
            message += given_back(life) or f", though {GIVEN_BACK}"
        elif not any(end.is_unprotected for end in holding):
            # Have: however the borrower ends, the connection is given back, unless a commit fails.
            leak = holding[0]
            message = _message_of(scope, life, leak)
        severity = Severity.LEAK if holding else Severity.RISK
        yield lifetime_finding(YIELD_SKIPS_CLOSE, scope, life, message, severity, leak)
    for one in (found for found in scope.handed if found.is_lent):
        message = (
            f"this {one.thing.type.noun} is lent by a `yield` and never closed: it has no name, "
            f"and `{one.user}`, which gets it, closes nothing"
        )
        yield YIELD_SKIPS_CLOSE.finding(message, scope.span(one.acquired))


def _message_of(scope: Scope, life: Lifetime, leak: End) -> str:
    """The message about an end behind the `yield`, the only one to keep the connection."""
    when = exit_in_words(scope, leak)
    if not life.has_releases:
        return f"{_message(scope, life)}, and holds its connection when {when}"
    return f"{subject(life)} is still open when {when}"


def _message(scope: Scope, life: Lifetime) -> str:
    if not life.has_releases:
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
