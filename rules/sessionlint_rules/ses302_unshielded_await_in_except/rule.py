"""SES302: released by an `await` in a handler of cancellations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sessionlint.rule import Finding, Place, Rule, Severity, cut_off

if TYPE_CHECKING:
    from sessionlint.flow.scope import Scope


def check(scope: Scope) -> Iterator[Finding]:
    """Report releases in handlers of cancellations that nothing protects."""
    return cut_off(UNSHIELDED_AWAIT_IN_EXCEPT, scope, Place.HANDLER)


UNSHIELDED_AWAIT_IN_EXCEPT = Rule(
    code="SES302",
    name="unshielded-await-in-except",
    summary="released by an `await` in a handler of cancellations, which the next one cuts off",
    severity=Severity.RISK,
    check=check,
)
