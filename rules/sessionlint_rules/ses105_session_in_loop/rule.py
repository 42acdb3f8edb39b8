"""SES105: acquired by hand inside a loop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sessionlint.flow.ways import Shape
from sessionlint.rule import (
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
    """Report resources that every turn of a loop opens anew."""
    for life in scope.lifetimes:
        if life.shape is Shape.IN_LOOP:
            message, severity = _told(scope, life)
            yield lifetime_finding(SESSION_IN_LOOP, scope, life, message, severity)


def _told(scope: Scope, life: Lifetime) -> tuple[str, Severity]:
    opened = f"{subject(life)} is opened by hand in a loop"
    if not life.leaks:
        if life.is_list:
            return f"{opened}, and those before stay open when one cannot be opened", Severity.RISK
        return f"{opened}, though every turn closes it", Severity.STYLE
    harmless = given_back(life)
    when = exit_in_words(scope, life.leaks[0])
    severity = Severity.RISK if harmless else Severity.LEAK
    return f"{opened} and is still open when {when}{harmless}", severity


SESSION_IN_LOOP = Rule(
    code="SES105",
    name="session-in-loop",
    summary="opened by hand in every turn of a loop",
    severity=Severity.LEAK,
    check=check,
)
