"""SES103: an ordinary way out leaves it open while another releases it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sessionlint.flow.ways import Shape
from sessionlint.rule import Finding, Rule, Severity, still_open

if TYPE_CHECKING:
    from sessionlint.flow.scope import Scope


def check(scope: Scope) -> Iterator[Finding]:
    """Report resources that an early exit or a branch leaves open."""
    return still_open(EARLY_EXIT_SKIPS_CLOSE, scope, Shape.EARLY)


EARLY_EXIT_SKIPS_CLOSE = Rule(
    code="SES103",
    name="early-exit-skips-close",
    summary="an early return, raise or branch leaves it open while another way closes it",
    severity=Severity.LEAK,
    check=check,
)
