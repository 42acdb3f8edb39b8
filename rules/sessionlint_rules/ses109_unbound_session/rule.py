"""SES109: acquired and used in one expression."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sessionlint.rule import Finding, Note, Rule, Severity

if TYPE_CHECKING:
    from sessionlint.flow.scope import Scope


def check(scope: Scope) -> Iterator[Finding]:
    """Report resources that no name holds, so that nothing can close them."""
    from sessionlint.facts.syntax import dotted, last_name
    from sessionlint.rewrite.bound import bound

    for one in scope.unbound:
        noun = one.thing.type.noun
        fix = bound(scope.evaluator, scope.block, one)
        if one.call is None:
            message = f"this {noun} is opened and thrown away, so nothing can close it"
            yield UNBOUND_SESSION.finding(message, scope.span(one.acquired), fix=fix)
            continue
        message = f"this {noun} is used in the same expression that opens it"
        told = f"`{one.method}` takes a connection here"
        if (read := dotted(one.acquired)) is not None:
            message = f"`{read}` opens another {noun} each time it is read"
            told = f"`{one.method}` is called on one that nothing else gets"
        yield UNBOUND_SESSION.finding(
            f"{message}, so nothing can close it",
            scope.span(one.acquired),
            Note(scope.span(one.call), told),
            fix=fix,
        )
    for given in scope.given:
        callee = given.call.func
        does = "keeps it and closes nothing" if given.is_kept else "uses it and does not close it"
        noun, name = given.thing.type.noun, last_name(callee)
        yield UNBOUND_SESSION.finding(
            f"this {noun} is opened as an argument of `{name}`, so nothing can close it",
            scope.span(given.acquired),
            Note(scope.span(callee), f"`{name}` {does}"),
        )


UNBOUND_SESSION = Rule(
    code="SES109",
    name="unbound-session",
    summary="opened and used in one expression, so that nothing is left to close",
    severity=Severity.LEAK,
    check=check,
)
