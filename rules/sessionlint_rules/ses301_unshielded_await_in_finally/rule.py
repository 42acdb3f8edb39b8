"""SES301: released by an `await` in a `finally` that a cancellation cuts off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sessionlint.rule import Finding, Place, Rule, Severity, cut_off

if TYPE_CHECKING:
    from sessionlint.flow.scope import Scope


def check(scope: Scope) -> Iterator[Finding]:
    """Report releases in a `finally` that nothing protects."""
    return cut_off(UNSHIELDED_AWAIT_IN_FINALLY, scope, Place.FINALLY)


UNSHIELDED_AWAIT_IN_FINALLY = Rule(
    code="SES301",
    name="unshielded-await-in-finally",
    summary="released by an `await` in a `finally`, which a cancellation cuts off",
    severity=Severity.RISK,
    check=check,
)
