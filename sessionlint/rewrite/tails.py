"""What still runs between a close and the end of the region that a `with` would cover."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TypeGuard

import libcst as cst

from sessionlint.facts.syntax import JUMPS, TRIES, Try, is_name, last_name
from sessionlint.flow.operations import Operations
from sessionlint.rewrite.companions import Companions
from sessionlint.rewrite.lists import lines_of, parts_of
from sessionlint.source.walk import descend

__all__ = ["Tail", "Tails", "handles_errors", "leaps"]


class Tail(IntEnum):
    """What lies between a close and the end of the region; the greater one wins."""

    NOTHING = 0
    CLOSE = 1
    WORK = 2
    MORE = 3


@dataclass(frozen=True, slots=True)
class _Ways:
    """What lies between each way out of a statement and the end of the region.

    `is_caught`: a handler of the region sees what is raised.
    """

    falls: Tail = Tail.NOTHING
    leaves: Tail = Tail.NOTHING
    raises: Tail = Tail.NOTHING
    breaks: Tail = Tail.NOTHING
    continues: Tail = Tail.NOTHING
    is_caught: bool = False

    def through(self, tail: Tail) -> _Ways:
        """The same ways with something that runs on each before the rest, or fails there."""
        more = max(tail, self.raises) if tail in {Tail.CLOSE, Tail.WORK} else tail
        return _Ways(
            max(self.falls, more),
            max(self.leaves, more),
            max(self.raises, more),
            max(self.breaks, more),
            max(self.continues, more),
            self.is_caught,
        )


class Tails:
    """Follows each close of a region to the region's end.

    `marks` are the ids of the statements that close. `worst` is what lies between any of them and
    the end: NOTHING that matters, the CLOSE of a companion, WORK that would now run before the
    close, or MORE use of the resource. `is_caught` once a handler would no longer see an error of
    the close itself.
    """

    def __init__(self, operations: Operations, companions: Companions, marks: set[int]) -> None:
        self._operations = operations
        self._companions = companions
        self._marks = marks
        self.worst = Tail.NOTHING
        self.is_caught = False

    def follow(self, region: Sequence[cst.CSTNode]) -> None:
        """Follow every close of a region, given as its statements."""
        self._block(region, _Ways())

    def after(self, statements: Iterable[cst.CSTNode]) -> Tail:
        """What these statements are to a close that comes before them."""
        return self._tail(list(statements), _Ways())

    def _block(self, statements: Sequence[cst.CSTNode], ways: _Ways) -> None:
        for statement, rest in zip(statements, self._tails(statements, ways)[1:], strict=True):
            parts = parts_of(statement, self._marks)
            tails = self._tails(parts, replace(ways, falls=rest))
            for part, after in zip(parts, tails[1:], strict=True):
                if id(part) in self._marks:
                    self._close(after, ways)
                else:
                    self._compound(part, replace(ways, falls=after))

    def _close(self, rest: Tail, ways: _Ways) -> None:
        # Where both closes fail, the error of the last one is raised.
        both = Tail.WORK if ways.raises is Tail.CLOSE else Tail.NOTHING
        self.worst = max(self.worst, rest, both)
        self.is_caught = self.is_caught or ways.is_caught

    def _suite(self, suite: cst.BaseSuite, ways: _Ways) -> None:
        whole = isinstance(suite, cst.SimpleStatementSuite)
        self._block([suite] if whole else suite.body, ways)

    def _compound(self, node: cst.CSTNode, ways: _Ways) -> None:
        match node:
            case cst.If():
                branch: cst.If | cst.Else | None = node
                while branch is not None:
                    self._suite(branch.body, ways)
                    branch = branch.orelse if isinstance(branch, cst.If) else None
            case cst.Match():
                for case in node.cases:
                    self._suite(case.body, ways)
            case cst.For() | cst.While():
                turning = replace(ways, falls=Tail.MORE, continues=Tail.MORE, breaks=ways.falls)
                self._suite(node.body, turning)
                if node.orelse is not None:
                    self._suite(node.orelse.body, ways)
            case cst.With():
                inside = ways.through(self._manager(node))
                is_caught = ways.is_caught or not _SWALLOWING.isdisjoint(_managers(node))
                self._suite(node.body, replace(inside, is_caught=is_caught))
            case cst.Try() | cst.TryStar():
                self._try(node, ways)

    def _manager(self, node: cst.With) -> Tail:
        """What the exit of a `with` is to a close inside it."""
        if any(self._operations.mentions(item.item) for item in node.items):
            return Tail.MORE
        return Tail.NOTHING if _managers(node) <= _STILL else Tail.WORK

    def _try(self, node: Try, ways: _Ways) -> None:
        if node.finalbody is not None:
            last = max(ways.falls, ways.leaves, ways.raises)
            self._suite(node.finalbody.body, replace(ways, falls=last))
            ending = replace(ways, falls=Tail.NOTHING)
            ways = ways.through(self._tail(lines_of(node.finalbody.body), ending))
            ends = leaps(lines_of(node.finalbody.body))
            # A jump out of a `finally` forgets what was raised.
            ways = replace(ways, is_caught=ways.is_caught or ends)
        for handler in node.handlers:
            self._suite(handler.body, ways)
        if node.orelse is not None:
            self._suite(node.orelse.body, ways)
        inside = ways
        if node.orelse is not None:
            inside = replace(inside, falls=self._tail(lines_of(node.orelse.body), ways))
        if node.handlers:
            caught = max(self._tail(lines_of(one.body), ways) for one in node.handlers)
            inside = replace(inside, raises=max(ways.raises, caught), is_caught=True)
        self._suite(node.body, inside)

    def _tail(self, statements: Sequence[cst.CSTNode], ways: _Ways) -> Tail:
        """What runs from the first of these statements to the end of the region."""
        return self._tails(statements, ways)[0]

    def _tails(self, statements: Sequence[cst.CSTNode], ways: _Ways) -> list[Tail]:
        """The same from each of these statements on, and from behind the last."""
        # From the last to the first, so that a list of any length is gone through once.
        tails = [ways.falls]
        for statement in reversed(statements):
            tails.append(self._from(statement, tails[-1], ways))
        return tails[::-1]

    def _from(self, statement: cst.CSTNode, rest: Tail, ways: _Ways) -> Tail:
        """What runs from a statement to the end of the region, `rest` being what follows it."""
        if id(statement) in self._marks:
            return rest
        if isinstance(statement, (cst.SimpleStatementLine, cst.SimpleStatementSuite)):
            return self._tail(statement.body, replace(ways, falls=rest))
        if self._operations.mentions(statement):
            return Tail.MORE
        if self._companions.closed_by(statement) is not None:
            return max(Tail.CLOSE, ways.raises, rest)
        if not isinstance(statement, cst.BaseSmallStatement):
            turns = any(isinstance(one, (cst.Break, cst.Continue)) for one in descend(statement))
            return Tail.MORE if turns else max(Tail.WORK, ways.raises, rest)
        own = Tail.NOTHING if self._is_quiet(statement) else max(Tail.WORK, ways.raises)
        return max(own, _way(statement, ways) if isinstance(statement, JUMPS) else rest)

    def _is_quiet(self, small: cst.BaseSmallStatement) -> bool:
        """Whether a statement does nothing that anybody but its function could notice."""
        match small:
            case cst.Pass() | cst.Break() | cst.Continue() | cst.Global() | cst.Nonlocal():
                return True
            case cst.Return(value=value):
                return value is None or self._is_still(value)
            case cst.Raise(exc=raised, cause=cause):
                is_plain = cause is None or self._is_still(cause.item)
                return is_plain and (raised is None or self._is_made_quietly(raised))
            case cst.Expr(value=value):
                return self._is_still(value)
            case cst.Assign(targets=targets, value=value):
                is_local = all(isinstance(one.target, cst.Name) for one in targets)
                return is_local and self._is_still(value)
            case cst.AnnAssign(target=cst.Name(), value=value):
                return value is None or self._is_still(value)
        return False

    def _is_made_quietly(self, raised: cst.BaseExpression) -> bool:
        """Whether an exception is made from what is at hand: `LookupError(name)`."""
        if isinstance(raised, cst.Call) and last_name(raised.func)[:1].isupper():
            return all(self._is_still(arg.value) for arg in raised.args)
        return self._is_still(raised)

    def _is_still(self, value: cst.BaseExpression) -> bool:
        """Whether evaluating it can neither fail, wait nor touch a resource."""
        return not self._operations.of(value) and not any(map(_is_noticed, descend(value)))


def _is_noticed(node: cst.CSTNode) -> bool:
    """Whether something is ended, or waited for; whoever wants the connection waits as long."""
    match node:
        case cst.Attribute(attr=cst.Name(value=method)):
            return method in {"close", "aclose", "dispose", "release", "remove", "sleep"}
    return isinstance(node, cst.Call) and is_name(node.func, "sleep")


_STILL = frozenset({"nullcontext", "open", "redirect_stdout", "redirect_stderr", "suppress"})
"""Context managers whose exit nobody but their own resource notices."""

_SWALLOWING = frozenset({"suppress", "raises"})
"""Context managers that are handlers."""


def _managers(node: cst.With) -> set[str]:
    """What is called to enter, by name; empty for what is no call."""
    calls = (item.item for item in node.items)
    return {last_name(call.func) if isinstance(call, cst.Call) else "" for call in calls}


def handles_errors(
    node: cst.CSTNode,
) -> TypeGuard[Try | cst.With]:
    """Whether a statement handles errors of what stands in it."""
    if isinstance(node, TRIES):
        return bool(node.handlers)
    return isinstance(node, cst.With) and not _SWALLOWING.isdisjoint(_managers(node))


def leaps(statements: Iterable[cst.CSTNode]) -> bool:
    """Whether something below jumps away, or may: a `break` may mean a loop inside."""
    return any(isinstance(one, JUMPS) for below in statements for one in descend(below))


def _way(jump: cst.BaseSmallStatement, ways: _Ways) -> Tail:
    if isinstance(jump, cst.Return):
        return ways.leaves
    if isinstance(jump, cst.Raise):
        return ways.raises
    return ways.breaks if isinstance(jump, cst.Break) else ways.continues
