"""SES999: a file that cannot be read, decoded or parsed."""

from collections.abc import Iterator

from sessionlint.rule import Finding, Rule, Scope, Severity


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
