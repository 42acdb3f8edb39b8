"""Other resources that live beside one and have nothing to do with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Final

import libcst as cst

from sessionlint.facts.catalog import Kind
from sessionlint.facts.syntax import dotted, is_name, names_in, text_of
from sessionlint.facts.values import Thing
from sessionlint.flow.lifetimes import lifetimes
from sessionlint.flow.resource import Resource
from sessionlint.flow.ways import Ending, Lifetime
from sessionlint.rewrite.closes import is_mere_close
from sessionlint.rewrite.leaving import Loaded
from sessionlint.source.walk import descend

__all__ = ["LASTING", "Companions"]

LASTING: Final = r"(?i)advisory_lock|[\"']\s*listen\s+\w"
"""Statements of PostgreSQL whose effect ends with the connection."""

_FOLLOWED: Final = frozenset({Ending.RELEASED, Ending.LEFT_OPEN})

_RELEASES: Final = frozenset({"close", "aclose", "release"})

_HELD: Final = frozenset({Kind.SESSION, Kind.CONNECTION})


class Companions:
    """Those of one resource: whichever of the two is closed first, nobody could tell.

    Neither is made with the other or with what is loaded through it, and neither is given to what
    makes the other.
    """

    def __init__(self, resource: Resource) -> None:
        self._resource = resource
        self._known: dict[str, Lifetime | None] = {}
        node = resource.block.node
        self._body: cst.CSTNode = node.body if isinstance(node, cst.FunctionDef) else node

    def closed_by(self, statement: cst.CSTNode) -> Resource | None:
        """The companion that a statement closes, None where it does anything else."""
        if not isinstance(statement, (cst.SimpleStatementLine, cst.Expr, cst.If)):
            return None
        spoken = names_in(statement)
        if _RELEASES.isdisjoint(spoken):
            # Nothing else is followed, which takes as long as to find the resource.
            return None
        names = sorted(spoken & self._resource.block.names.keys())
        lives = (one.resource for one in map(self._named, names) if one is not None)
        return next((one for one in lives if is_mere_close(statement, one)), None)

    def _named(self, name: str) -> Lifetime | None:
        """The companion of a name, None where that may mean anything else."""
        if name not in self._known:
            self._known[name] = self._found(name)
        return self._known[name]

    def _found(self, name: str) -> Lifetime | None:
        found = [one for one in self._lives if name in one.resource.names]
        if len(found) != 1 or any(end.ending not in _FOLLOWED for end in found[0].ends):
            return None
        other = found[0].resource
        is_only = len(other.names) == 1 and all(one.is_none for one in other.others)
        return found[0] if is_only and self._is_apart(other) else None

    @cached_property
    def _lives(self) -> list[Lifetime]:
        own = self._resource
        return [
            one
            for one in lifetimes(own.evaluator, own.block)
            if one.resource.binding is not own.binding
        ]

    def _is_apart(self, other: Resource) -> bool:
        """Whether another resource may end before or behind this one."""
        own = self._resource
        if not (_is_plain(own.thing) and _is_plain(other.thing)) or self._is_lasting:
            return False
        through = Loaded.through(other, [self._body]).names
        makers, own_makers = names_in(other.acquired), names_in(own.acquired)
        if not (self._through.isdisjoint(makers) and through.isdisjoint(own_makers)):
            return False
        is_given = self._is_given(other.name, {*own_makers, own.name})
        return not is_given and not self._is_given(own.name, {*makers, other.name})

    @cached_property
    def _through(self) -> frozenset[str]:
        """The names of the function that hold the resource, or what is loaded through it."""
        return Loaded.through(self._resource, [self._body]).names

    @cached_property
    def _is_lasting(self) -> bool:
        """Whether somebody outside waits for the end of a connection."""
        return re.search(LASTING, text_of(self._body)) is not None

    def _is_given(self, name: str, owners: set[str]) -> bool:
        """Whether something may be bound to a variable: `Maker.configure(bind=conn)`."""
        return any(
            (dotted(target) or "").partition(".")[0] in owners
            and any(is_name(value, name) for value in given)
            for target, given in self._gifts
        )

    @cached_property
    def _gifts(self) -> list[tuple[cst.CSTNode, list[cst.BaseExpression]]]:
        """The methods that are called and the attributes that are set, with what they get."""
        return list(_gifts(self._body))


def _is_plain(thing: Thing) -> bool:
    """Whether it is known for sure, and its close is that of the library."""
    return thing.is_sure and not thing.is_cached and thing.type.kind in _HELD


def _gifts(node: cst.CSTNode) -> Iterator[tuple[cst.CSTNode, list[cst.BaseExpression]]]:
    for one in descend(node):
        match one:
            case cst.Call(func=cst.Attribute() as method, args=args):
                yield method, [arg.value for arg in args]
            case cst.Assign(targets=targets, value=value):
                for target in targets:
                    if isinstance(target.target, cst.Attribute):
                        yield target.target, [value]
