"""The command line with three small rules whose fixes are good, doubtful and refused."""

import sys
from collections.abc import Iterator

import libcst as cst

import sessionlint_rules
from sessionlint.cli import main
from sessionlint.model import Finding, Fix, Replace, Safety, Severity
from sessionlint.rule import Rule
from sessionlint.source.walk import descend

FIXES = {
    "leak": ("SES102", Safety.SAFE, ""),
    "risk": ("SES103", Safety.UNSAFE, "it closes earlier"),
    "stuck": ("SES104", Safety.SAFE, ""),
}


def check(scope) -> Iterator[Finding]:
    """Reports calls of `leak`, `risk` and `stuck`, each with a fix that calls `good` instead."""
    for call in descend(scope.block.node) if scope.is_module else ():
        match call:
            case cst.Call(func=cst.Name(value=name)) if name in FIXES:
                code, safety, reason = FIXES[name]
                new = "stuck" if name == "stuck" else "good"
                edits = (Replace(call, cst.Call(cst.Name(new), call.args)),)
                fix = Fix(f"call {new}", safety, edits, reason)
                message = f"`{name}` is called"
                rule = next(rule for rule in RULES if rule.code == code)
                yield Finding(code, rule.name, Severity.LEAK, message, scope.span(call), fix=fix)


def nothing(scope) -> Iterator[Finding]:
    """The work of all three is done by the first."""
    return iter(())


RULES = (
    Rule("SES102", "never-closed", "", Severity.LEAK, check),
    Rule("SES103", "early-exit-skips-close", "", Severity.LEAK, nothing),
    Rule("SES104", "error-skips-close", "", Severity.LEAK, nothing),
)

if __name__ == "__main__":
    sessionlint_rules.RULES = RULES
    # The rules look for words that no gate knows.
    sys.argv[1:] = ["check", "--engine", "full", *sys.argv[1:]]
    main()
