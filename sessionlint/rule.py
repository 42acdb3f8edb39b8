"""The contract of a rule: what it is, the scope it judges, and words for what it found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from sessionlint.facts.releases import told
from sessionlint.flow.ways import End, Lifetime, Place, Shape, Step, StepKind, Way
from sessionlint.model import Finding, Fix, Note, Review, Severity, Span

if TYPE_CHECKING:
    from sessionlint.flow.scope import Scope

__all__ = [
    "GIVEN_BACK",
    "UNAWAITED",
    "Finding",
    "Lifetime",
    "Note",
    "Place",
    "Review",
    "Rule",
    "Severity",
    "Span",
    "cut_off",
    "exit_in_words",
    "given_back",
    "half_managed",
    "lifetime_finding",
    "still_open",
    "subject",
]


class Rule(NamedTuple):
    """One rule: its code and name, one sentence, and the function that finds.

    `check` is called once for every function, class and module body of a file, `review` once for
    every comment that takes findings back, when all of the file has been checked.
    """

    code: str
    name: str
    summary: str
    severity: Severity
    check: Callable[[Scope], Iterator[Finding]]
    review: Callable[[Review], Iterator[Finding]] | None = None

    def finding(self, message: str, span: Span, *notes: Note, fix: Fix | None = None) -> Finding:
        """A finding of this rule."""
        return Finding(self.code, self.name, self.severity, message, span, notes, fix=fix)


UNAWAITED = "nobody awaits this, so it closes nothing"
"""What is said of an asynchronous close without `await`."""
_UNCALLED = "nobody calls this, so it closes nothing"
GIVEN_BACK = "its last commit or rollback gives the connection back"
"""Why a session that is left open may do no harm, for the end of a sentence."""


def subject(life: Lifetime) -> str:
    """The resource as messages name it: session `db`, or each session of `sessions`."""
    return f"{f'each {life.noun} of' if life.is_list else life.noun} `{life.name}`"


def given_back(life: Lifetime) -> str:
    """The end of a sentence about a session that holds no connection where it is left open.

    Empty where it may hold one without any error. Source: `Session.commit` of SQLAlchemy.
    """
    ordinary = [end for end in life.leaks if end.is_ordinary]
    if not (life.is_session and ordinary and all(end.is_idle for end in ordinary)):
        return ""
    if all(end.is_fresh for end in ordinary):
        return ", though it takes no connection" if life.is_filled else ", though nothing uses it"
    return f", though {GIVEN_BACK}"


def half_managed(life: Lifetime) -> str:
    """The end of a sentence about what a `with` opens and leaves open; empty for all else.

    Source: psycopg2, "with statement".
    """
    return ": psycopg2's `with` ends the transaction alone" if life.is_entered else ""


def lifetime_finding(
    rule: Rule,
    scope: Scope,
    life: Lifetime,
    message: str,
    severity: Severity | None = None,
    leak: End | None = None,
) -> Finding:
    """A finding about a lifetime: on the acquisition, with a leaking exit and its path.

    Without `leak` that is the first one.
    """
    leak = next(iter(life.leaks), None) if leak is None else leak
    # LibCST is not paid for by those who only ask what rules there are.
    from sessionlint.facts.syntax import last_name
    from sessionlint.flow.leaving import vain_releases
    from sessionlint.rewrite.managed import managed

    vain = ((one, hasattr(one, "func")) for one in vain_releases(life.resource))
    notes = [Note(scope.span(one), UNAWAITED if called else _UNCALLED) for one, called in vain]
    takers = (one.runs for one in life.resource.left_to.values())
    notes += [Note(scope.span(one), f"`{last_name(one)}` does not close it") for one in takers]
    if leak is not None and leak.node is not None:
        notes.insert(0, Note(scope.span(leak.node), _why(leak)))
    steps = () if leak is None else tuple(_steps(scope, life, leak))
    return Finding(
        rule.code,
        rule.name,
        severity or rule.severity,
        message,
        scope.span(life.acquired),
        tuple(notes),
        steps,
        managed(life),
    )


def still_open(rule: Rule, scope: Scope, shape: Shape) -> Iterator[Finding]:
    """A finding for every lifetime of a shape that some exit leaves open, with that exit."""
    for life in scope.lifetimes:
        if life.shape is shape:
            yield _found_open(rule, scope, life)


def _found_open(rule: Rule, scope: Scope, life: Lifetime) -> Finding:
    # Its connection is taken at the first use: SQLAlchemy, Session.
    holding = [end for end in life.leaks if not (life.is_session and end.is_idle)]
    told = holding[0] if holding and not life.leaks[0].is_ordinary else life.leaks[0]
    when = exit_in_words(scope, told)
    message = f"{subject(life)} is still open when {when}{half_managed(life)}"
    if not holding:
        message += f", though {_unused(life) if told.is_fresh else GIVEN_BACK}"
        return lifetime_finding(rule, scope, life, message, Severity.RISK)
    if told not in holding:
        message += f", and holds its connection when {exit_in_words(scope, holding[0])}"
    return lifetime_finding(rule, scope, life, message, leak=holding[0])


def _unused(life: Lifetime) -> str:
    """What is said of a session that holds no connection yet."""
    done = "it has taken no connection" if life.is_filled else "nothing has used it"
    return f"{done} by then"


_TELLS = {
    Shape.BY_HAND: "SES101",
    Shape.NEVER: "SES102",
    Shape.EARLY: "SES103",
    Shape.FAILING: "SES104",
    Shape.IN_LOOP: "SES105",
    Shape.YIELDED: "SES106",
}
"""The rule that tells of a lifetime."""

_PLACES = {
    Place.FINALLY: "a cancellation in this `finally`",
    Place.HANDLER: "another cancellation in this handler",
    Place.EXIT: "a cancellation in `__aexit__`",
}


def cut_off(rule: Rule, scope: Scope, place: Place) -> Iterator[Finding]:
    """A finding for every wait that a cancellation cuts off in clean-ups of one kind.

    A resource that another finding offers a `with` for is left out: nothing cuts that off.
    """
    for one in scope.cleanups:
        if one.place is not place or _is_offered_with(scope, one.wait.name):
            continue
        # LibCST is not paid for by those who only ask what rules there are.
        from sessionlint.rewrite.shielding import shielded

        wait, skipped = one.wait, one.skipped
        message = f"{_PLACES[place]} cuts `{one.text}` off"
        notes: tuple[Note, ...] = ()
        if skipped is None:
            message += f", and {wait.noun} `{wait.name}` is not given back"
            worse = told(scope.release or "")
            message += f"; {worse}" if worse else ""
        else:
            message += f", and `{skipped.text}` on line {scope.line(skipped.node)} is never reached"
            notes = (Note(scope.span(skipped.node), "this is skipped then"),)
        fix = shielded(scope.evaluator, scope.block, one, scope.cleanups)
        yield rule.finding(message, scope.span(wait.node), *notes, fix=fix)


def _is_offered_with(scope: Scope, name: str) -> bool:
    from sessionlint.rewrite.managed import managed

    return any(
        _TELLS[life.shape] in scope.codes and managed(life) is not None
        for life in scope.lifetimes
        if name in life.resource.names
    )


def exit_in_words(scope: Scope, end: End) -> str:
    """How a function is left, for the middle of a sentence: `load` returns on line 41."""
    where = "" if end.node is None else f" on line {scope.line(end.node)}"
    who = "the module" if scope.is_module else f"`{scope.name}`"
    handled = _handled_line(scope, end)
    after = f" after the error handled on line {handled}" if handled else ""
    match end.way:
        case Way.LOST:
            return f"its name is bound again{where}{after}"
        case Way.STOP:
            return f"{who} is not resumed after the `yield`{where}"
        case Way.NEXT:
            return f"{who} ends{after}"
        case Way.RETURN:
            return f"{who} returns{where}{after}"
        case Way.RAISE:
            return f"{who} raises{where}{after}"
        case Way.CANCEL:
            return f"{who} is cancelled{where}"
    return f"{who} fails{where}{after}"


def _handled_line(scope: Scope, end: End) -> int | None:
    handlers = [step.node for step in end.steps if step.kind is StepKind.HANDLED]
    return scope.line(handlers[-1]) if handlers and end.is_faulted else None


def _why(end: End) -> str:
    if end.is_raised_again:
        return "the error is raised again without closing it"
    match end.way:
        case Way.RETURN | Way.RAISE:
            return "leaves the function without closing it"
        case Way.LOST:
            return "the open one is out of reach from here"
        case Way.CANCEL:
            return "a cancellation here skips the close"
        case Way.STOP:
            return "a consumer that stops here skips the close"
    return "an error here skips the close"


def _steps(scope: Scope, life: Lifetime, end: End) -> Iterator[Note]:
    """The path from the acquisition to the exit."""
    yield Note(scope.span(life.acquired), f"{subject(life)} is opened")
    for step in end.steps:
        words = _step_in_words(step)
        if words is not None and step.node is not end.node:
            yield Note(scope.span(step.node), words)
    left = end.node or end.last
    where = scope.end if left is None else scope.span(left)
    yield Note(where, f"{exit_in_words(scope, end)}, and it is still open")


def _step_in_words(step: Step) -> str | None:
    return {
        StepKind.TRUE: "this is true",
        StepKind.FALSE: "this is false",
        StepKind.TURN: "the loop takes a turn",
        StepKind.HANDLED: "the error is handled here",
        StepKind.CASE: "this case matches",
        StepKind.YIELD: "lent to the caller here",
        StepKind.LEAVE: "this fails or leaves",
    }.get(step.kind)
