"""SES304: a transaction entered apart from the session that the maker gives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sessionlint.rule import Finding, Rule, Severity

if TYPE_CHECKING:
    from sessionlint.flow.scope import Scope


def check(scope: Scope) -> Iterator[Finding]:
    """Report sessions whose transaction is entered apart from them."""
    for one in scope.nested_begins:
        from sessionlint.rewrite.shielding import begun_by_maker

        yield UNSHIELDED_NESTED_BEGIN.finding(
            f"a cancellation cuts the end of `{one.name}.begin()` off, "
            "which the maker's own `begin()` protects",
            scope.span(one.begin.item),
            fix=begun_by_maker(scope.evaluator, scope.block, one),
        )


UNSHIELDED_NESTED_BEGIN = Rule(
    code="SES304",
    name="unshielded-nested-begin",
    summary="`maker()` and `begin()` entered apart: only the first is protected at its end",
    severity=Severity.RISK,
    check=check,
)
