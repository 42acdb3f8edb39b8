"""SES205: a session that is closed while a task in the background still uses it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sessionlint.rule import Finding, Note, Rule, Severity

if TYPE_CHECKING:
    from sessionlint.flow.escaping import Escaped
    from sessionlint.flow.scope import Scope


def check(scope: Scope) -> Iterator[Finding]:
    """Report sessions that tasks go on using which nobody waits for."""
    from sessionlint.facts.syntax import last_name

    for one in scope.escaped:
        user = last_name(one.runs)
        note = Note(scope.span(one.runs), f"`{user}` uses `{one.name}`")
        found = SESSION_ESCAPES.finding(_message(one, user), scope.span(one.call.func), note)
        yield found._replace(severity=Severity.RISK) if one.is_ended else found


def _message(one: Escaped, user: str) -> str:
    owner = one.owner
    named = f"{owner.thing.type.noun} `{one.name}`"
    if owner.release is not None:
        return f"{named} is closed before `{user}` uses it, as FastAPI {owner.release} does"
    if one.is_behind:
        return f"{named} is closed {owner.when.value}, before `{user}` uses it"
    return f"{named} is closed {owner.when.value}, and nobody waits for `{user}`, which uses it"


SESSION_ESCAPES = Rule(
    code="SES205",
    name="session-escapes-to-background",
    summary="closed while a task that nobody waits for still uses it",
    severity=Severity.LEAK,
    check=check,
)
