"""SES107: taken out of a generator that nobody brings to its end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sessionlint.rule import Finding, Note, Rule, Severity

if TYPE_CHECKING:
    from sessionlint.flow.driven import Driven
    from sessionlint.flow.scope import Scope


def check(scope: Scope) -> Iterator[Finding]:
    """Report generators of a session that are driven by hand."""
    from sessionlint.rewrite.driving import entered

    for one in scope.driven:
        notes = () if one.exit is None else (Note(scope.span(one.exit), "left here"),)
        where = one.by if one.exit is None else one.made
        found = HAND_DRIVEN_DEPENDENCY.finding(
            _message(scope, one),
            scope.span(where),
            *notes,
            fix=entered(scope.evaluator, scope.block, one),
        )
        is_risk = one.is_entered or one.is_returned or one.is_held or one.exit is not None
        yield found._replace(severity=Severity.RISK) if is_risk else found


def _message(scope: Scope, one: Driven) -> str:
    from sessionlint.facts.syntax import last_name
    from sessionlint.flow.generators import is_entering
    from sessionlint.flow.lenders import closes, only_closes

    name = last_name(one.made.func)
    kind = "the context manager" if is_entering(one.by) else "the generator"
    if one.exit is not None:
        left = f"the loop over `{name}` is left on line {scope.line(one.exit)}"
        return f"{left}, {_stays(scope, one, 'the event loop gets round to the generator')}"
    if one.is_entered or one.is_returned:
        before = "this block begins" if one.is_entered else "the caller gets its session"
        thrown = f"{kind} of `{name}` is thrown away before {before}"
        if one.is_entered and only_closes(scope.evaluator, one.lender):
            return f"{thrown} and closes its session, which opens again in here"
        return f"{thrown}, so what it does behind its `yield` comes too early or never"
    if one.is_held:
        ending = "leaves" if is_entering(one.by) else "ends"
        left = f"nothing {ending} {kind} of `{name}`"
        by = "the event loop gets round to it"
        end = by if one.lender.is_async else "the garbage collector comes along"
        return f"{left}, {_stays(scope, one, end)}"
    whose = f"{kind} of `{name}`"
    return _let_go(one, whose, is_closing=closes(scope.evaluator, one.lender))


def _stays(scope: Scope, one: Driven, end: str) -> str:
    """What becomes of a session whose generator is left at its `yield`, and ends at some time."""
    from sessionlint.flow.lenders import closes, ends_nothing, goes_on

    skipped = "what stands behind its `yield` is skipped, and " if goes_on(one.lender) else ""
    so = f"so {skipped}" if skipped else "and "
    if ends_nothing(one.lender):
        return f"{so}the generator does not close its session"
    if one.is_taken and not closes(scope.evaluator, one.lender):
        return f"{so}nothing closes what its session opens after that"
    if one.is_taken:
        closed = "its session is closed while it is in use"
        return f"so {skipped}{closed}; nothing closes what it opens after that"
    when = "" if one.exit is not None or one.lender.is_async else " after an error"
    return f"so {skipped}its session stays open{when} until {end}"


def _let_go(one: Driven, whose: str, *, is_closing: bool) -> str:
    """What becomes of a session whose generator is gone before it is used."""
    if one.is_listed:
        ended = f"`list` runs {whose} to its end"
        if is_closing:
            closed = "which closes its session; that opens again when it is used"
            return f"{ended}, {closed}, and nothing closes it"
        return f"{ended} before its session is used, and nothing closes what that opens"
    thrown = f"{whose} is thrown away at once"
    if not is_closing:
        return f"{thrown}, and nothing closes what its session opens after that"
    if one.lender.is_async:
        closed = "its session is closed while it is in use"
        return f"{thrown}; {closed}, and nothing closes what it opens after that"
    return f"{thrown}; its session opens again when it is used, and nothing closes it"


HAND_DRIVEN_DEPENDENCY = Rule(
    code="SES107",
    name="hand-driven-dependency",
    summary="taken out of a generator that nobody brings to its end",
    severity=Severity.LEAK,
    check=check,
)
