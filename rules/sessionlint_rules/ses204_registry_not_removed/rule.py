"""SES204: a registry of scoped sessions from which nobody removes one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sessionlint.rule import Finding, Rule, Severity

if TYPE_CHECKING:
    from sessionlint.flow.registries import Unremoved
    from sessionlint.flow.scope import Scope


def check(scope: Scope) -> Iterator[Finding]:
    """Report registries that requests use and that keep their sessions for good."""
    for one in scope.unremoved:
        yield REGISTRY_NOT_REMOVED.finding(_message(one), scope.span(one.created))


def _message(one: Unremoved) -> str:
    told = f"nothing removes the sessions of {one.thing.type.noun} `{one.name}`"
    if one.thing.type.is_async:
        return f"{told}: that of every task that runs `{one.user}` is kept for good"
    return f"{told}: a thread that has run `{one.user}` keeps its connection"


REGISTRY_NOT_REMOVED = Rule(
    code="SES204",
    name="registry-not-removed",
    summary="a scoped session that requests use and that nothing removes at their end",
    severity=Severity.LEAK,
    check=check,
)
