"""SES999: a file that cannot be read, decoded or parsed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sessionlint.rule import Finding, Rule, Severity

if TYPE_CHECKING:
    from sessionlint.flow.scope import Scope


def check(scope: Scope) -> Iterator[Finding]:
    """Nothing: a file that has scopes was readable; the project reports those that were not."""
    return iter(())


UNREADABLE_FILE = Rule(
    code="SES999",
    name="unreadable-file",
    summary="the file cannot be read, decoded or parsed, so it was not checked",
    severity=Severity.ERROR,
    check=check,
)
