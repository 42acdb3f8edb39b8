"""SES201: a cache hands the same session to everybody."""

from collections.abc import Iterator

from sessionlint.rule import Finding, Rule, Scope, Severity


def check(scope: Scope) -> Iterator[Finding]:
    """Report caching decorators on functions that give a session or connection."""
    for one in scope.cached:
        noun = one.thing.type.noun
        message = f"`{scope.name}` is cached, so every caller gets the same {noun}"
        if one.is_stream:
            message = f"`{scope.name}` is cached, so its second caller gets a used-up generator"
        yield CACHED_SESSION.finding(message, scope.span(one.decorator))


CACHED_SESSION = Rule(
    code="SES201",
    name="cached-session",
    summary="a cache hands one session to every caller",
    severity=Severity.LEAK,
    check=check,
)
