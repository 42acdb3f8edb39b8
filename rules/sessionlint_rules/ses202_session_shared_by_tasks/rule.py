"""SES202: one session in several tasks that run at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sessionlint.rule import Finding, Note, Rule, Severity

if TYPE_CHECKING:
    from sessionlint.flow.fanned import Fanned
    from sessionlint.flow.scope import Scope


def check(scope: Scope) -> Iterator[Finding]:
    """Report sessions that several tasks use at once, with the calls that do."""
    for one in scope.fanned:
        notes = [Note(scope.span(use), "one of them") for use in one.uses]
        yield SESSION_SHARED_BY_TASKS.finding(_message(one), scope.span(one.call.func), *notes)


def _message(one: Fanned) -> str:
    count = f"{len(one.uses)} tasks use" if len(one.uses) > 1 else "several tasks use"
    return f"{count} {one.thing.type.noun} `{one.name}` at once, and it can serve only one"


SESSION_SHARED_BY_TASKS = Rule(
    code="SES202",
    name="session-shared-by-tasks",
    summary="one session in several tasks that run at once",
    severity=Severity.LEAK,
    check=check,
)
