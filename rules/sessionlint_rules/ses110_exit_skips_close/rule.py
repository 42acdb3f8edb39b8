"""SES110: opened for a `with` around an object, whose exit may leave it open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sessionlint.rule import Finding, Note, Rule, Severity

if TYPE_CHECKING:
    from sessionlint.flow.scope import Scope


def check(scope: Scope) -> Iterator[Finding]:
    """Report resources that an object opens and that its exit closes only when all goes well."""
    for one in scope.exits:
        held = f"{one.thing.type.noun} `{one.name}`"
        where = scope.span(one.acquired)
        if one.skipping is not None:
            from sessionlint.rewrite.exiting import ended

            line = scope.line(one.skipping)
            message = f"{held} is still open when `{one.exit.name}` fails on line {line}"
            note = Note(scope.span(one.skipping), "an error here skips the close")
            yield EXIT_SKIPS_CLOSE.finding(message, where, note, fix=ended(one))
        elif one.is_idle and one.thing.type.noun == "session":
            message = f"{held} is never closed, though `{one.exit.name}` gives its connection back"
            found = EXIT_SKIPS_CLOSE.finding(message, where)
            yield found._replace(severity=Severity.RISK)
        else:
            message = f"{held} is never closed: `{one.exit.name}` leaves it open"
            yield EXIT_SKIPS_CLOSE.finding(message, where)


EXIT_SKIPS_CLOSE = Rule(
    code="SES110",
    name="exit-skips-close",
    summary="opened by an object whose `__exit__` may leave it open",
    severity=Severity.LEAK,
    check=check,
)
