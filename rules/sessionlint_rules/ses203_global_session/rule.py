"""SES203: one session for all users of a module or class."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sessionlint.rule import Finding, Note, Rule, Severity

if TYPE_CHECKING:
    from sessionlint.flow.scope import Scope
    from sessionlint.flow.shared import Shared


def check(scope: Scope) -> Iterator[Finding]:
    """Report sessions of a module or class body that functions use."""
    for one in scope.shared:
        if one.is_free:
            continue
        notes = () if one.user is None else (Note(scope.span(one.user), "used here"),)
        yield GLOBAL_SESSION.finding(_message(scope, one), scope.span(one.acquired), *notes)


def _message(scope: Scope, one: Shared) -> str:
    if one.is_under:
        when = "when the module is loaded" if scope.is_module else "when the class is loaded"
        noun = one.thing.type.noun
        return f"one {noun} is opened {when}, and all sessions of `{one.name}` share it"
    if one.is_run:
        return f"this {one.thing.type.noun} is opened once and shared by all runs of `{one.name}`"
    named = f"{one.thing.type.noun} `{one.name}`"
    if one.is_default:
        return f"{named} is made once, when `{scope.name}` is defined, and shared by all its calls"
    if one.is_overwritten:
        keeps = f"`{scope.name}` keeps {named} in a global, which the next request overwrites"
        return f"{keeps}: who runs at the same time shares the last one, and only that is closed"
    if one.is_kept:
        return f"{named} is opened once for the application and shared by all its requests"
    if one.is_of_visit:
        return f"{named} is opened once for a visitor and shared by all runs of the page"
    owner = "module" if scope.is_module else "class"
    if one.is_inside:
        named = f"the {one.thing.type.noun} in `{one.name}`"
    return f"{named} is opened when the {owner} is loaded and shared by everything that uses it"


GLOBAL_SESSION = Rule(
    code="SES203",
    name="global-session",
    summary="one session at module or class level, shared by every function that uses it",
    severity=Severity.LEAK,
    check=check,
)
