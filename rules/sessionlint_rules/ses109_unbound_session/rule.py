"""SES109: acquired and used in one expression."""

from collections.abc import Iterator

from sessionlint.rule import Finding, Note, Rule, Scope, Severity


def check(scope: Scope) -> Iterator[Finding]:
    """Report resources that no name holds, so that nothing can close them."""
    for one in scope.unbound:
        noun = one.thing.type.noun
        yield UNBOUND_SESSION.finding(
            f"this {noun} is used in the same expression that opens it, so nothing can close it",
            scope.span(one.acquired),
            Note(scope.span(one.call), f"`{one.method}` takes a connection here"),
        )


UNBOUND_SESSION = Rule(
    code="SES109",
    name="unbound-session",
    summary="opened and used in one expression, so that nothing is left to close",
    severity=Severity.LEAK,
    check=check,
)
