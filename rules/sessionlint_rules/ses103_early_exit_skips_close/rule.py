"""SES103: an ordinary way out leaves it open while another releases it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sessionlint.flow.ways import Shape
from sessionlint.rule import (
    Finding,
    Rule,
    Severity,
    exit_in_words,
    lifetime_finding,
    subject,
)

if TYPE_CHECKING:
    from sessionlint.flow.scope import Scope


def check(scope: Scope) -> Iterator[Finding]:
    """Report resources that an early exit or a branch leaves open."""
    for life in scope.lifetimes:
        if life.shape is Shape.EARLY:
            where = exit_in_words(scope, life.leaks[0])
            message = f"{subject(life)} is still open when {where}"
            yield lifetime_finding(EARLY_EXIT_SKIPS_CLOSE, scope, life, message)


EARLY_EXIT_SKIPS_CLOSE = Rule(
    code="SES103",
    name="early-exit-skips-close",
    summary="an early return, raise or branch leaves it open while another way closes it",
    severity=Severity.LEAK,
    check=check,
)
