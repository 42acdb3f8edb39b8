"""Sessions that are used after they were closed: they open again, and nobody closes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import libcst as cst

from sessionlint.facts.catalog import Kind
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.receivers import CLOSING, Effect, effect, parameter_of
from sessionlint.facts.scopes import Block, BlockKind, How
from sessionlint.facts.syntax import bare, is_name, last_name
from sessionlint.facts.values import UNKNOWN, FunctionValue, Managed, Method, Pending, Thing
from sessionlint.flow import lenders
from sessionlint.flow.acquisitions import has_mocks
from sessionlint.flow.body import Body
from sessionlint.flow.callers import callers
from sessionlint.flow.leaving import is_close
from sessionlint.flow.resource import Resource
from sessionlint.flow.ways import Ending, Lifetime
from sessionlint.source.afterwards import TAKING, afterwards
from sessionlint.source.walk import descend

__all__ = ["Reopened", "reopened"]

_SCOPES: Final = (cst.FunctionDef, cst.ClassDef, cst.Lambda)
_GIVING_BACK: Final = frozenset({"commit", "rollback"})


@dataclass(frozen=True, slots=True, eq=False)
class Reopened:
    """A session that `acquired` gives and that `use` finds closed: a call, or what returns it."""

    thing: Thing
    name: str
    acquired: cst.BaseExpression
    use: cst.Call | cst.Return

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
            if use is not None:
                yield Reopened(life.thing, life.name, life.acquired, use)
    yield from _entered(evaluator, block)


def _use_of(evaluator: Evaluator, life: Lifetime) -> cst.Call | cst.Return | None:
    """What finds a session closed that is closed by hand."""
    resource = life.resource
    if not (life.closed_uses or resource.is_closed_at_last):
        return None
    uses = _Uses(evaluator, resource.block, life.name)
    closed = {id(node) for node in life.closed_uses}
    given = [end for end in life.ends if end.ending is Ending.HANDED_OVER]
    reached = {id(step.node) for end in given for step in end.steps}
    for index, node in enumerate(uses.body.nodes):
        if isinstance(node, cst.Call) and id(node) in closed and uses.is_taking(node):
            return node if uses.is_left_open(index) else None
        if not (isinstance(node, cst.Return) and id(node) in reached):
            continue
        if is_name(node.value, life.name) and _is_closed_behind(uses.body, node, resource):
            return None if _is_closed_by_callers(evaluator, resource.block) else node
    return None


def _is_closed_behind(body: Body, node: cst.Return, resource: Resource) -> bool:
    """Whether a `finally` closes what a `return` in its `try` gives to the caller."""
    if not resource.is_closed_at_last:
        return False
    below: cst.CSTNode = node
    for above in body.above(node):
        if isinstance(above, _SCOPES):
            return False
        if isinstance(above, cst.Try) and above.finalbody not in {None, below}:
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
        use = None if thing is None else _use_behind(evaluator, block, name, entered)
        if thing is not None and use is not None:
            yield Reopened(thing, name, entered, use)


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
    if not isinstance(value, Thing) or value.is_guess or value.is_own or value.is_maybe:
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
    uses = _Uses(evaluator, block, name)
    body = uses.body
    around = next(node for node in body.above(entered) if isinstance(node, cst.With))
    inside = {id(node) for node in descend(around)}
    start = next(index for index, node in enumerate(body.nodes) if node is around)
    for index, node in enumerate(body.nodes):
        if index < start or not isinstance(node, (cst.Return, cst.Call)):
            continue
        if any(isinstance(above, _SCOPES) for above in body.above(node) if above is not block.node):
            continue
        if isinstance(node, cst.Call):
            if id(node) not in inside and uses.is_taking(node):
                return node if uses.is_left_open(index) else None
        elif is_name(node.value, name):
            return None if _is_closed_by_callers(evaluator, block) else node
    return None


class _Uses:
    """What is done in a function with the session of a name."""

    def __init__(self, evaluator: Evaluator, block: Block, name: str) -> None:
        self._evaluator = evaluator
        self._block = block
        self._name = name
        self.body = Body(block)

    def is_taking(self, call: cst.Call) -> bool:
        """Whether a call takes a connection for the session, itself or as its argument."""
        method = self._method(call)
        return method in TAKING if method else self._is_lent_to(call)

    def is_left_open(self, index: int) -> bool:
        """Whether nothing gives the connection back that a use takes, or may do so.

        `index` is that of the use among the nodes of the function.
        """
        behind = self.body.nodes[index:]
        items = (node.item for node in self.body.nodes if isinstance(node, cst.WithItem))
        if any(is_name(node, self._name) for item in items for node in descend(item)):
            return False
        calls = [node for node in behind if isinstance(node, cst.Call)]
        called = {self._method(call) for call in calls}
        if called & _GIVING_BACK or any(map(CLOSING.search, called)):
            return False
        # Whoever else gets it may close it.
        known = {id(call.func.value) for call in calls if isinstance(call.func, cst.Attribute)}
        known |= {id(arg.value) for call in calls if self._is_lent_to(call) for arg in call.args}
        return all(id(node) in known for node in behind if is_name(node, self._name))

    def _method(self, call: cst.Call) -> str:
        """The method of the session that is called, empty for any other call."""
        is_own = isinstance(call.func, cst.Attribute) and is_name(call.func.value, self._name)
        return last_name(call.func) if is_own else ""

    def _is_lent_to(self, call: cst.Call) -> bool:
        """Whether a function of ours takes a connection for the session, and does not end that."""
        given = next((arg for arg in call.args if is_name(arg.value, self._name)), None)
        callee = self._evaluator.value(call.func, self._block) if given is not None else UNKNOWN
        if given is None or not isinstance(callee, FunctionValue):
            return False
        if effect(self._evaluator, call, given, self._block) is not Effect.LOAN:
            return False
        taken = parameter_of(callee, call, given)
        if taken is None:
            return False
        called = {
            last_name(one.func)
            for one in callee.block.calls
            if isinstance(one.func, cst.Attribute) and is_name(one.func.value, taken)
        }
        return not called.isdisjoint(TAKING) and called.isdisjoint(_GIVING_BACK)


def _is_closed_by_callers(evaluator: Evaluator, function: Block) -> bool:
    """Whether any function that is known to call this one may close what it gets."""
    return any(_is_closing_it(caller, call) for caller, call in callers(evaluator, function))


def _is_closing_it(caller: Block, call: cst.Call) -> bool:
    for above in Body(caller).above(call):
        match above:
            case cst.WithItem():
                return True
            case cst.Call() if CLOSING.search(last_name(above.func)):
                return True
            case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))]):
                return any(
                    isinstance(one.func, cst.Attribute)
                    and is_name(one.func.value, name)
                    and CLOSING.search(last_name(one.func))
                    for one in caller.calls
                )
    return False
