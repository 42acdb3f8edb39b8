"""What a condition tells about a resource and about the flags that go with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import libcst as cst

from sessionlint.facts.syntax import is_name, last_name, names_in, text_of
from sessionlint.flow.resource import Resource, roots
from sessionlint.flow.ways import State, Status

__all__ = ["Branch", "assigned", "beside", "branches", "flag_texts", "is_plain", "tells"]

Branch = tuple[bool, State]

_TAKEN_APART: Final = frozenset(
    {cst.UnaryOperation, cst.BooleanOperation, cst.NamedExpr, cst.Name, cst.Integer}
)
_ASKING: Final = frozenset({cst.Name, cst.Comparison, cst.Call})
_FIXED: Final = {"True": True, "False": False, "None": False}


def branches(resource: Resource, test: cst.BaseExpression, state: State) -> list[Branch]:
    """The truths a condition can have in a state, each with what is then known.

    The condition's own operations have already happened.
    """
    is_whole = not _asks_closed(resource, test) and test.__class__ not in _TAKEN_APART
    if is_whole and not resource.flags and _of_resource(resource, test, state) is None:
        # Most conditions by far.
        return [(True, state), (False, state)]
    return list(dict.fromkeys(_branches(resource, test, state)))


def _branches(resource: Resource, test: cst.BaseExpression, state: State) -> Iterator[Branch]:
    if test.__class__ not in _TAKEN_APART:
        # Most conditions; the patterns below are slow to say no.
        yield from _atom(resource, test, state)
        return
    match test:
        case cst.UnaryOperation(operator=cst.Not(), expression=inner):
            for truth, after in _branches(resource, inner, state):
                yield not truth, after
        case cst.BooleanOperation(left=left, operator=operator, right=right):
            stop = isinstance(operator, cst.Or)
            for truth, after in _branches(resource, left, state):
                if truth is stop:
                    yield truth, after
                else:
                    yield from _branches(resource, right, after)
        case cst.NamedExpr(target=cst.Name() as target):
            yield from _branches(resource, target, state)
        case cst.Name(value=name) if name in _FIXED:
            yield _FIXED[name], state
        case cst.Integer(value=number):
            yield number != "0", state
        case _:
            yield from _atom(resource, test, state)


def _atom(resource: Resource, test: cst.BaseExpression, state: State) -> Iterator[Branch]:
    if _asks_closed(resource, test):
        yield True, state.to(Status.NONE) if state.status.is_open else state
        yield False, state
        return
    known = _of_resource(resource, test, state)
    # Before the acquisition the name is a flag like any other: `own = db is None`.
    if known is not None and state.status is not Status.UNBORN:
        yield from ((truth, state) for truth in known)
        return
    text, is_negated = _known_text(resource, test) if resource.flags else ("", False)
    if text not in resource.flags:
        yield True, state
        yield False, state
        return
    index = resource.flags.index(text)
    known_truth = state.flags[index]
    for truth in (True, False) if known_truth is None else (known_truth,):
        yield truth is not is_negated, _with_flag(state, index, truth=truth)


def _asks_closed(resource: Resource, test: cst.BaseExpression) -> bool:
    """Whether a condition is the resource's own word that it is closed already."""
    asked = test.func if isinstance(test, cst.Call) else test
    if type(asked) is not cst.Attribute:
        return False
    match asked:
        case cst.Attribute(value=cst.Name(value=name), attr=cst.Name(value="closed" | "is_closed")):
            return name in resource.names
    return False


def _with_flag(state: State, index: int, *, truth: bool | None) -> State:
    flags = (*state.flags[:index], truth, *state.flags[index + 1 :])
    return state._replace(flags=flags)


def _of_resource(
    resource: Resource, test: cst.BaseExpression, state: State
) -> tuple[bool, ...] | None:
    """The truths of a test for the resource itself, None when the test is about something else."""
    if test.__class__ not in _ASKING:
        return None
    if type(test) is cst.Call and not is_name(test.func, "isinstance"):
        return None
    match test:
        case cst.Name(value=name) if name in resource.names:
            return _bound(state)
        case cst.Call(func=cst.Name("isinstance"), args=[cst.Arg(cst.Name(value=name)), kind]):
            if name in resource.names:
                return _is_instance(state, kind.value)
        case cst.Comparison(
            left=cst.Name(value=name) | cst.NamedExpr(target=cst.Name(value=name)),
            comparisons=[cst.ComparisonTarget(operator=operator, comparator=cst.Name("None"))],
        ) if name in resource.names:
            is_negated = isinstance(operator, (cst.Is, cst.Equal))
            return tuple(truth is not is_negated for truth in _bound(state))
        case cst.Comparison(
            left=cst.Name(value=name),
            comparisons=[cst.ComparisonTarget(cst.Is() | cst.IsNot() as operator, other)],
        ) if name in resource.names and state.status is not Status.UNBORN:
            # What was opened here is nothing that was kept elsewhere before.
            if state.status is Status.NONE or not _is_another(resource, other):
                return None
            return (isinstance(operator, cst.IsNot),)
    return None


def _is_another(resource: Resource, other: cst.BaseExpression) -> bool:
    """Whether an attribute, or a variable that is never given the resource, is compared."""
    if not isinstance(other, cst.Name):
        return isinstance(other, cst.Attribute)
    given = [one.expression for one in resource.block.bindings(other.value)]
    return other.value not in resource.names and not any(
        one is not None and resource.names & names_in(one) for one in given
    )


def _bound(state: State) -> tuple[bool, ...]:
    """Whether the variable holds something: an object of ours is true, also when closed."""
    if state.status is Status.NONE:
        return (False,)
    return (True, False) if state.status in {Status.UNBORN, Status.UNKNOWN} else (True,)


def _is_instance(state: State, kind: cst.BaseExpression) -> tuple[bool, ...]:
    name = last_name(kind).lower()
    is_ours = "session" in name or "connection" in name
    if state.status is Status.NONE:
        return (not is_ours,)
    if state.status in {Status.UNBORN, Status.UNKNOWN}:
        return (True, False)
    return (is_ours,)


def is_plain(resource: Resource, test: cst.BaseExpression) -> bool:
    """Whether a condition about the resource is one that `branches` understands."""
    match test:
        case cst.UnaryOperation(operator=cst.Not(), expression=inner):
            return is_plain(resource, inner)
        case cst.BooleanOperation(left=left, right=right):
            return is_plain(resource, left) and is_plain(resource, right)
    probe = State(Status.OPEN)
    return _of_resource(resource, test, probe) is not None


def _known_text(resource: Resource, test: cst.BaseExpression) -> tuple[str, bool]:
    """The same as `_flag_text`, worked out once: each state asks anew, and printing is slow."""
    known = resource.texts.get(id(test))
    if known is None:
        known = resource.texts[id(test)] = _flag_text(test)
    return known


def _flag_text(test: cst.BaseExpression) -> tuple[str, bool]:
    """A condition as a text to remember it by; `x is not None` is the negation of `x is None`."""
    match test:
        case cst.Comparison(left=left, comparisons=[cst.ComparisonTarget(operator, comparator)]):
            if isinstance(operator, cst.IsNot):
                return f"{text_of(left)} is {text_of(comparator)}", True
            if isinstance(operator, cst.NotEqual):
                return f"{text_of(left)} == {text_of(comparator)}", True
    return text_of(test), False


def flag_texts(test: cst.BaseExpression) -> Iterator[str]:
    """The simple conditions inside a condition, as texts; those with calls are left out."""
    if test.__class__ is cst.Call:
        return
    match test:
        case cst.UnaryOperation(operator=cst.Not(), expression=inner):
            yield from flag_texts(inner)
        case cst.BooleanOperation(left=left, right=right):
            yield from flag_texts(left)
            yield from flag_texts(right)
        case cst.Name() | cst.Attribute() | cst.Comparison():
            yield _flag_text(test)[0]


def beside(resource: Resource, state: State) -> State:
    """The state after an acquisition, with what is known of what is unpacked with it."""
    for name, truth in resource.beside.items() if state.status.is_open else ():
        if name in resource.flags:
            state = _with_flag(state, resource.flags.index(name), truth=truth)
    return state


def assigned(
    resource: Resource, name: str, value: cst.BaseExpression | None, state: State
) -> list[State]:
    """The states after `name = value`, with what is then known of the conditions about it.

    The value is None where nothing is known of it.
    """
    states = [state]
    for index, flag in enumerate(resource.flags):
        if name in roots(flag):
            states = [
                after for one in states for after in _flagged(resource, index, name, value, one)
            ]
    return states


def _flagged(
    resource: Resource, index: int, name: str, value: cst.BaseExpression | None, state: State
) -> list[State]:
    flag = resource.flags[index]
    if flag == name and value is not None and _tells(value):
        return [
            _with_flag(after, index, truth=truth)
            for truth, after in branches(resource, value, state)
        ]
    return [_with_flag(state, index, truth=_constant(flag, name, value))]


def _constant(flag: str, name: str, value: cst.BaseExpression | None) -> bool | None:
    """What a remembered condition is after `name = value`; None when that cannot be told."""
    if flag not in {name, f"{name} is None"}:
        return None
    is_none_test = flag != name
    match value:
        case cst.Name(value=constant) if constant in _FIXED:
            return constant == "None" if is_none_test else _FIXED[constant]
        case cst.SimpleString() | cst.Integer() | cst.Float():
            return False if is_none_test else None
    return None


def tells(value: cst.BaseExpression) -> bool:
    """Whether anything is known of a variable that is given this value."""
    constants = (cst.SimpleString, cst.Integer, cst.Float)
    return isinstance(value, (cst.Name, *constants)) or _tells(value)


def _tells(value: cst.BaseExpression) -> bool:
    """Whether an assigned value is itself a condition, as in `own = session is None`."""
    return isinstance(value, (cst.Comparison, cst.UnaryOperation)) or _is_variable(value)


def _is_variable(value: cst.BaseExpression) -> bool:
    return isinstance(value, cst.Name) and value.value not in _FIXED
