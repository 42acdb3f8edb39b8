"""SES102: released on no way out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sessionlint.flow.ways import Shape
from sessionlint.rule import Finding, Rule, Severity, lifetime_finding, subject

if TYPE_CHECKING:
    from sessionlint.flow.scope import Scope


def check(scope: Scope) -> Iterator[Finding]:
    """Report resources that nothing closes."""
    for life in scope.lifetimes:
        if life.shape is not Shape.NEVER:
            continue
        message = f"{subject(life)} is never closed"
        severity = Severity.LEAK
        ordinary = [end for end in life.leaks if end.is_ordinary]
        if life.is_session and ordinary and all(end.is_idle for end in ordinary):
            # commit() and rollback() give the connection back: SQLAlchemy, Session.commit.
            is_unused = all(end.is_fresh for end in ordinary)
            given = "its last commit or rollback gives the connection back"
            message += f", though {'nothing uses it' if is_unused else given}"
            severity = Severity.RISK
        yield lifetime_finding(NEVER_CLOSED, scope, life, message, severity)


NEVER_CLOSED = Rule(
    code="SES102",
    name="never-closed",
    summary="opened and closed on no way out of the function",
    severity=Severity.LEAK,
    check=check,
)
