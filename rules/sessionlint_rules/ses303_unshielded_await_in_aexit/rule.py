"""SES303: released by an `await` in `__aexit__` that a cancellation cuts off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sessionlint.rule import Finding, Place, Rule, Severity, cut_off

if TYPE_CHECKING:
    from sessionlint.flow.scope import Scope


def check(scope: Scope) -> Iterator[Finding]:
    """Report releases of a context manager that nothing protects."""
    return cut_off(UNSHIELDED_AWAIT_IN_AEXIT, scope, Place.EXIT)


UNSHIELDED_AWAIT_IN_AEXIT = Rule(
    code="SES303",
    name="unshielded-await-in-aexit",
    summary="released by an `await` in `__aexit__`, which a cancellation cuts off",
    severity=Severity.RISK,
    check=check,
)
