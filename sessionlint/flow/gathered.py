"""What one call lets run at once: written out, made by a comprehension, or put in one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise, takewhile
from typing import Final, NamedTuple

import libcst as cst

from sessionlint.facts.scopes import Binding, Block, How
from sessionlint.facts.syntax import JUMPS, last_name, last_statement
from sessionlint.flow.nodes import SCOPES, Nodes
from sessionlint.source.walk import descend

__all__ = ["Several", "Task", "bound_in", "is_several", "task_of"]

_WRAPPING: Final = frozenset({"create_task", "ensure_future", "wait_for", "shield"})
"""Functions that give a task for the coroutine that is their first argument."""


class Task(NamedTuple):
    """What one task runs, and where that stands.

    `is_many` where there may be one of it for each of several things, `own` are the names that
    each has for itself. `is_maybe`: another may be there in its place.
    """

    run: cst.BaseExpression
    node: cst.BaseExpression
    is_many: bool = False
    own: frozenset[str] = frozenset()
    is_maybe: bool = False


def is_several(tasks: Sequence[Task]) -> bool:
    """Whether two of some tasks may be there at once.

    Of those that are there under a condition, each but one may be there in the place of another.
    """
    is_sure = any(not task.is_maybe for task in tasks)
    return (is_sure and len(tasks) > 1) or any(task.is_many for task in tasks)


class _Put(NamedTuple):
    """Where something is put in, what that is, and by which key; a list has none."""

    node: cst.CSTNode
    run: cst.BaseExpression
    key: Sequence[cst.SubscriptElement] = ()


class Several:
    """The tasks of what a `call` is given."""

    def __init__(self, block: Block, body: Nodes, call: cst.Call) -> None:
        self._block = block
        self._body = body
        self._call = call

    def of_argument(self, arg: cst.Arg) -> Iterator[Task]:
        """Those of one argument."""
        value = arg.value
        if arg.star == "*":
            yield from self.of_several(value)
        elif isinstance(value, cst.Name):
            # A coroutine that got a name before.
            bindings = self._block.bindings(value.value)
            given = [one.expression for one in bindings if one.how is How.VALUE]
            yield from (task_of(one) for one in given[:1] if one is not None)
        elif not arg.keyword:
            yield task_of(value)

    def of_several(self, value: cst.BaseExpression) -> Iterator[Task]:
        """Those of a list, written out, made by a comprehension or filled, or of the values so."""
        match value:
            case cst.List(elements=parts) | cst.Tuple(elements=parts) | cst.Set(elements=parts):
                for one in parts:
                    yield task_of(one.value)
            case cst.BaseSimpleComp(elt=run, for_in=each):
                yield task_of(run, _targets(each), is_many=True)
            case cst.Name(value=name):
                yield from self._kept(name, is_by_key=False)
            case cst.Call(
                func=cst.Attribute(value=cst.Name(value=name), attr=cst.Name(value="values")),
                args=[],
            ):
                yield from self._kept(name, is_by_key=True)

    def _kept(self, name: str, *, is_by_key: bool) -> Iterator[Task]:
        """Those of a list, or of a dictionary, that has a name."""
        match self._block.bindings(name):
            case [Binding(how=How.VALUE, expression=cst.BaseExpression() as made) as binding]:
                pass
            case _:
                return
        if not is_by_key and not isinstance(made, cst.Name):
            yield from self.of_several(made)
        elif is_by_key and isinstance(made, cst.Dict):
            yield from (task_of(pair.value) for pair in made.elements)
        elif is_by_key and isinstance(made, cst.DictComp):
            yield task_of(made.value, _targets(made.for_in), is_many=True)
        puts = [put for node in self._body.nodes if (put := _put(node, name)) is not None]
        filled = list(self._put_in(binding, puts, is_by_key=is_by_key))
        if len(filled) == len(puts) and self._is_only_filled(binding, name, puts):
            yield from filled
        elif not is_by_key:
            yield from (one for one in filled if not one.is_maybe)

    def _put_in(self, binding: Binding, puts: Sequence[_Put], *, is_by_key: bool) -> Iterator[Task]:
        """What it is filled with, in each turn of a loop that does not begin it anew."""
        for node, run, key in puts:
            if is_by_key is not bool(key):
                continue
            inside = self._between(node, binding)
            loops = [one for one in inside if isinstance(one, (cst.For, cst.While))]
            if loops and is_by_key and not _changes(key, bound_in(loops)):
                loops = []
            is_maybe = any(isinstance(one, (cst.If, cst.Match)) for one in inside)
            if not ((loops or is_maybe) and _is_left(inside, loops)):
                yield task_of(run, bound_in(loops), is_many=bool(loops), is_maybe=is_maybe)

    def _between(self, node: cst.CSTNode, binding: Binding) -> list[cst.CSTNode]:
        """What a node stands in, up to the list of statements in which its name is bound."""
        around = None if binding.node is None else _list_around(self._body, binding.node)
        return list(takewhile(lambda one: one is not around, self._body.above(node)))

    def _is_only_filled(self, binding: Binding, name: str, puts: Sequence[_Put]) -> bool:
        """Whether all that speaks of it before the call puts something in, and no more.

        What is put in behind the call, or in another branch of it, may never be there with the
        rest.
        """
        order = {id(node): place for place, node in enumerate(self._body.nodes)}
        end = order[id(self._call)]
        inside = {id(one) for one in self._body.above(self._call)}
        known = {id(below) for put in puts for below in descend(put.node)}
        spoken = [one for one in self._body.variables(name) if not self._is_asked(one)]
        forks = {
            id(fork)
            for put in puts
            for fork in self._between(put.node, binding)
            if isinstance(fork, (cst.If, cst.Match))
        }
        return (
            all(order[id(put.node)] < end for put in puts)
            and sum(id(one) not in known for one in spoken if order[id(one)] < end) == 1
            and forks.isdisjoint(inside)
        )

    def _is_asked(self, name: cst.Name) -> bool:
        """Whether it is asked for whether there is anything in it: `if tasks:`."""
        way = [name, *self._body.above(name)]
        inside = takewhile(lambda pair: not isinstance(pair[0], cst.Await), pairwise(way))
        return any(isinstance(on, cst.If) and on.test is below for below, on in inside)


def _targets(each: cst.CompFor) -> frozenset[str]:
    return frozenset(node.value for node in descend(each) if isinstance(node, cst.Name))


def _put(node: cst.CSTNode, name: str) -> _Put | None:
    """What a call adds to a list of that name, or a statement puts in a dictionary."""
    match node:
        case cst.Call(
            func=cst.Attribute(value=cst.Name(value=owner), attr=cst.Name(value="append")),
            args=[cst.Arg(value=run)],
        ) if owner == name:
            return _Put(node, run)
        case cst.Assign(
            targets=[cst.AssignTarget(cst.Subscript(value=cst.Name(value=owner), slice=key))],
            value=run,
        ) if owner == name:
            return _Put(node, run, key)
    return None


def _changes(key: Sequence[cst.SubscriptElement], names: frozenset[str]) -> bool:
    """Whether the key under which something is put is another one in every turn of a loop."""
    parts = (part for element in key for part in descend(element))
    return any(isinstance(one, cst.Name) and one.value in names for one in parts)


def _is_left(inside: Sequence[cst.CSTNode], loops: Sequence[cst.CSTNode]) -> bool:
    """Whether nothing that follows runs after a statement, given what it stands in.

    In a loop it is left where the statement's own suites end; elsewhere something in them may.
    """
    near = takewhile(lambda one: one not in loops, inside)
    suites = [one for one in near if isinstance(one, cst.BaseSuite)]
    if loops:
        return any(isinstance(last_statement(one), JUMPS) for one in suites)
    return any(isinstance(part, JUMPS) for one in suites for part in descend(one, *SCOPES))


def _list_around(body: Nodes, node: cst.CSTNode) -> cst.CSTNode | None:
    """The list of statements that a node stands in."""
    return next((one for one in body.above(node) if isinstance(one, cst.IndentedBlock)), None)


def bound_in(nodes: Sequence[cst.CSTNode]) -> frozenset[str]:
    """The names that get a value in loops and blocks, which may be another one in every turn."""
    found: set[str] = set()
    for node in (below for one in nodes for below in descend(one)):
        match node:
            case cst.AssignTarget(target=target) | cst.AsName(name=target):
                found.update(one.value for one in descend(target) if isinstance(one, cst.Name))
            case cst.For(target=target) | cst.AnnAssign(target=target):
                found.update(one.value for one in descend(target) if isinstance(one, cst.Name))
    return frozenset(found)


def task_of(
    node: cst.BaseExpression,
    own: frozenset[str] = frozenset(),
    *,
    is_many: bool = False,
    is_maybe: bool = False,
) -> Task:
    """The task that runs a coroutine, whatever it is wrapped in."""
    run = node
    while isinstance(run, cst.Call) and last_name(run.func) in _WRAPPING and run.args:
        run = run.args[0].value
    return Task(run, node, is_many, own, is_maybe)
