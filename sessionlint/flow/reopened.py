"""Sessions that are used after they were closed: they open again, and nobody closes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

import libcst as cst

from sessionlint.facts.catalog import Kind
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.receivers import CLOSING, Effect, effect
from sessionlint.facts.scopes import Block, BlockKind, How
from sessionlint.facts.syntax import TRIES, bare, is_name, keyword
from sessionlint.facts.values import UNKNOWN, FunctionValue, Managed, Method, Pending, Thing
from sessionlint.flow import lenders
from sessionlint.flow.acquisitions import has_mocks
from sessionlint.flow.callers import callers
from sessionlint.flow.closed import GIVING_BACK, Uses
from sessionlint.flow.lazy import put_off
from sessionlint.flow.leaving import is_close
from sessionlint.flow.nodes import SCOPES, Nodes
from sessionlint.flow.queries import queries, runs
from sessionlint.flow.resource import Resource
from sessionlint.flow.ways import Ending, Lifetime
from sessionlint.source.afterwards import afterwards
from sessionlint.source.walk import descend

__all__ = ["Reopened", "reopened"]


class Reopened(NamedTuple):
    """A session that `acquired` gives and that `use` finds closed: a call, or what returns it.

    A call in a generator expression is put off until that is run: it `is_lazy`.
    """

    thing: Thing
    name: str
    acquired: cst.BaseExpression
    use: cst.Call | cst.Return
    is_lazy: bool = False

    @property
    def is_returned(self) -> bool:
        """Whether it is the caller who gets it closed."""
        return isinstance(self.use, cst.Return)


def reopened(evaluator: Evaluator, block: Block, lives: Iterable[Lifetime]) -> Iterator[Reopened]:
    """The sessions of a function that are used, or returned, after they were closed.

    Source: a closed session may be used again, and then holds a connection again,
    https://docs.sqlalchemy.org/en/20/orm/session_basics.html#closing
    """
    if block.kind is not BlockKind.FUNCTION:
        return
    for life in lives:
        if life.thing.type.kind is Kind.SESSION and not life.thing.is_own:
            use = _use_of(evaluator, life)
            if use is not None and not _is_for_one_use(life.acquired):
                yield Reopened(life.thing, life.name, life.acquired, use)
    yield from _entered(evaluator, block)


def _is_for_one_use(acquired: cst.BaseExpression) -> bool:
    """`Session(engine, close_resets_only=False)` refuses to be used after its close."""
    made = bare(acquired)
    return isinstance(made, cst.Call) and keyword(made, "close_resets_only") is not None


def _use_of(evaluator: Evaluator, life: Lifetime) -> cst.Call | cst.Return | None:
    """What finds a session closed that is closed by hand."""
    resource = life.resource
    is_closed = bool(life.closed_uses) or resource.is_closed_at_last
    if not is_closed or not all(one.is_none for one in resource.others):
        return None
    uses = Uses(evaluator, resource.block, life.name)
    closed = {id(node) for node in life.closed_uses}

    def takes(call: cst.Call) -> bool:
        return runs(resource.queries, call) or uses.is_taking(call)

    given = [end for end in life.ends if end.ending is Ending.HANDED_OVER]
    reached = {id(step.node) for end in given for step in end.steps}
    for index, node in enumerate(uses.body.nodes):
        if isinstance(node, cst.Call) and id(node) in closed and takes(node):
            return node if uses.is_left_open(index) else None
        if not (isinstance(node, cst.Return) and id(node) in reached):
            continue
        if is_name(node.value, life.name) and _is_closed_behind(uses.body, node, resource):
            return None if _is_closed_by_callers(evaluator, resource.block) else node
    return None


def _is_closed_behind(body: Nodes, node: cst.Return, resource: Resource) -> bool:
    """Whether a `finally` closes what a `return` in its `try` gives to the caller."""
    if not resource.is_closed_at_last:
        return False
    below: cst.CSTNode = node
    for above in body.above(node):
        if isinstance(above, SCOPES):
            return False
        if isinstance(above, TRIES) and above.finalbody not in {None, below}:
            assert above.finalbody is not None
            if any(is_close(line, resource) for line in above.finalbody.body.body):
                return True
        below = above
    return False


def _entered(evaluator: Evaluator, block: Block) -> Iterator[Reopened]:
    """The same of those that a `with` closes."""
    for name in sorted(_spoken_afterwards(block)):
        bindings = block.bindings(name)
        is_one = len(bindings) == 1 and bindings[0].how is How.WITH
        entered = bindings[0].expression if is_one else None
        if entered is None or name in block.declared or has_mocks(block):
            continue
        thing = _closing(evaluator, entered, block)
        if thing is None or _is_for_one_use(entered):
            continue
        use = _use_behind(evaluator, block, name, entered)
        if use is not None:
            yield Reopened(thing, name, entered, use)
        elif (lazy := _put_off(evaluator, block, name, entered)) is not None:
            yield Reopened(thing, name, entered, lazy, is_lazy=True)


def _spoken_afterwards(block: Block) -> set[str]:
    """The names that the text of a function speaks of behind their `with`.

    The gate goes by the text, and what it does not see is not to be seen by anybody.
    """
    if block.place not in block.home.outliving:
        return set()
    return {name for _, name in afterwards(cst.Module([]).code_for_node(block.node))}


def _closing(evaluator: Evaluator, entered: cst.BaseExpression, block: Block) -> Thing | None:
    """The session that a `with` opens and surely closes."""
    value = evaluator.value(entered, block)
    value = value.result if isinstance(value, Pending) else value
    if isinstance(value, Managed):
        value = value.lent if _is_closing_manager(evaluator, entered, block) else UNKNOWN
    elif not (isinstance(value, Thing) and value.is_fresh):
        return None
    if not isinstance(value, Thing) or not value.is_sure:
        return None
    return value if value.type.kind is Kind.SESSION else None


def _is_closing_manager(evaluator: Evaluator, entered: cst.BaseExpression, block: Block) -> bool:
    """Whether a context manager closes what it lends: the library's own do."""
    made = bare(entered)
    maker = evaluator.value(made.func, block) if isinstance(made, cst.Call) else UNKNOWN
    if isinstance(maker, FunctionValue):
        return len(maker.block.yields) == 1 and lenders.closes(evaluator, maker.block)
    return isinstance(maker, Method)


def _use_behind(
    evaluator: Evaluator, block: Block, name: str, entered: cst.BaseExpression
) -> cst.Call | cst.Return | None:
    """What finds a session closed that a `with` has closed."""
    uses = Uses(evaluator, block, name)
    body = uses.body
    around = next(node for node in body.above(entered) if isinstance(node, cst.With))
    uses.inside = inside = {id(node) for node in descend(around)}
    start = next(index for index, node in enumerate(body.nodes) if node is around)
    asked = queries(block, name)
    for index, node in enumerate(body.nodes):
        if index < start or not isinstance(node, (cst.Return, cst.Call)):
            continue
        if body.is_inside(node):
            continue
        if isinstance(node, cst.Call):
            if id(node) not in inside and (uses.is_taking(node) or runs(asked, node)):
                return node if uses.is_left_open(index) else None
        elif is_name(node.value, name):
            return None if _is_closed_by_callers(evaluator, block) else node
    return None


def _put_off(
    evaluator: Evaluator, block: Block, name: str, entered: cst.BaseExpression
) -> cst.Call | None:
    """What finds a session closed since nobody runs it before the `with` is left."""
    uses = Uses(evaluator, block, name)
    around = next(node for node in uses.body.above(entered) if isinstance(node, cst.With))
    uses.inside = {id(node) for node in descend(around)}
    return put_off(uses, around)


def _is_closed_by_callers(evaluator: Evaluator, function: Block) -> bool:
    """Whether any function that is known to call this one may close what it gets."""
    return any(_may_close(evaluator, *one) for one in callers(evaluator, function))


def _may_close(evaluator: Evaluator, caller: Block, call: cst.Call) -> bool:
    """Whether a caller does more with what it gets than to use or to lend it."""
    body = Nodes(caller)
    match list(islice((node for node in body.above(call) if not _is_awaiting(node)), 2)):
        case [cst.Expr(), *_]:
            return False
        case [cst.Attribute(attr=cst.Name(value=method)), *_]:
            return method in GIVING_BACK or CLOSING.search(method) is not None
        case [cst.Arg() as arg, cst.Call() as taker]:
            return effect(evaluator, taker, arg, caller) is not Effect.LOAN
        case [
            cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))])
            | cst.AnnAssign(target=cst.Name(value=name)),
            *_,
        ]:
            return Uses(evaluator, caller, name).may_close()
    return True


def _is_awaiting(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Await)
