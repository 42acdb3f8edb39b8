"""The names through which a value is reached, and those that a statement gives one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

import libcst as cst

from sessionlint.facts.syntax import last_name, targets_of
from sessionlint.source.walk import descend

__all__ = ["captured", "instances", "names_of", "reached"]


def reached(value: cst.CSTNode) -> Iterator[str]:
    """The names through which a value is reached; none where it is made on the spot."""
    match value:
        case cst.Name(value=name):
            yield name
        case cst.Attribute(value=owner) | cst.Subscript(value=owner):
            yield from reached(owner)
        case cst.Tuple(elements=parts) | cst.List(elements=parts) | cst.Set(elements=parts):
            yield from chain.from_iterable(reached(part.value) for part in parts)
        case cst.BooleanOperation(left=one, right=other) | cst.IfExp(body=one, orelse=other):
            yield from chain(reached(one), reached(other))
        case cst.Call(
            func=cst.Name(value="list" | "tuple" | "set" | "iter" | "enumerate" | "reversed"),
            args=[cst.Arg(inner), *_],
        ):
            yield from reached(inner)
        case cst.Call(func=cst.Attribute(owner, cst.Name(value="values" | "items")), args=[]):
            yield from reached(owner)
        case cst.GeneratorExp() | cst.ListComp() | cst.SetComp():
            yield from _reached_for_each(value)


def _reached_for_each(value: cst.GeneratorExp | cst.ListComp | cst.SetComp) -> Iterator[str]:
    """The same for what is taken out of something, and not made of it: `u for u in users`."""
    names, turns = set(reached(value.elt)), set(names_of([value.for_in.target]))
    yield from names - turns
    if names & turns:
        yield from reached(value.for_in.iter)


def instances(node: cst.CSTNode) -> Iterator[str]:
    """The names that a statement gives to a new object, of a class or out of a function."""
    match node:
        case cst.Assign(value=cst.Call() as made) | cst.AnnAssign(value=cst.Call() as made):
            if last_name(made.func)[:1].isupper() or isinstance(made.func, cst.Name):
                yield from names_of(targets_of(node))


def captured(pattern: cst.CSTNode) -> Iterator[str]:
    """The names that a pattern gives to what fits it."""
    for node in descend(pattern):
        match node:
            case cst.MatchAs(name=cst.Name(value=name)) | cst.MatchStar(name=cst.Name(value=name)):
                yield name
            case cst.MatchMapping(rest=cst.Name(value=name)):
                yield name


def names_of(targets: Iterable[cst.CSTNode]) -> Iterator[str]:
    """The variables among targets, be they in a tuple."""
    for target in targets:
        if isinstance(target, cst.Name):
            yield target.value
        elif isinstance(target, (cst.Tuple, cst.List)):
            yield from names_of(element.value for element in target.elements)
