"""SES102: released on no way out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sessionlint.flow.ways import Shape
from sessionlint.rule import (
    UNAWAITED,
    Finding,
    Note,
    Rule,
    Severity,
    given_back,
    half_managed,
    lifetime_finding,
    subject,
)

if TYPE_CHECKING:
    from sessionlint.flow.scope import Scope


def check(scope: Scope) -> Iterator[Finding]:
    """Report resources that nothing closes."""
    for life in scope.lifetimes:
        if life.shape is Shape.NEVER:
            harmless = given_back(life)
            message = f"{subject(life)} is never closed{harmless}{half_managed(life)}"
            severity = Severity.RISK if harmless else Severity.LEAK
            yield lifetime_finding(NEVER_CLOSED, scope, life, message, severity)
    yield from _entered(scope)
    for one in (found for found in scope.handed if not found.is_lent):
        # FastAPI calls what a dependency yields to its end, and knows nothing of what it returns.
        maker = "a lambda" if scope.name == "<lambda>" else f"`{scope.name}`"
        yield NEVER_CLOSED.finding(
            f"this {one.thing.type.noun} is never closed: FastAPI closes nothing that {maker} "
            f"returns, nor does `{one.user}`, which gets it",
            scope.span(one.acquired),
        )
    for found in scope.in_contexts:
        what = f"that {found.maker} makes" if found.maker else "of a query"
        yield NEVER_CLOSED.finding(
            f"this {found.thing.type.noun} is never closed: GraphQL closes nothing in the context "
            f"{what}",
            scope.span(found.acquired),
        )
    for lost in (one for one in scope.requested if one.in_vain):
        yield NEVER_CLOSED.finding(
            f"{lost.thing.type.noun} `{lost.name}` is never closed: nobody awaits its close on "
            f"line {scope.line(lost.reason)}",
            scope.span(lost.acquired),
            Note(scope.span(lost.reason), UNAWAITED),
        )
    for kept in scope.in_requests:
        yield NEVER_CLOSED.finding(
            f"{kept.thing.type.noun} `{kept.name}` is never closed: what is in `g` is dropped, and "
            "not closed, when the request ends",
            scope.span(kept.acquired),
        )


def _entered(scope: Scope) -> Iterator[Finding]:
    for one in scope.entered:
        from sessionlint.rewrite.entering import closed_behind

        what = f"{one.thing.type.noun} `{one.name}`"
        yield NEVER_CLOSED.finding(
            f"{what} is never closed: psycopg2's `with` ends the transaction alone",
            scope.span(one.acquired),
            fix=closed_behind(scope.evaluator, one),
        )


NEVER_CLOSED = Rule(
    code="SES102",
    name="never-closed",
    summary="opened and closed on no way out of the function",
    severity=Severity.LEAK,
    check=check,
)
