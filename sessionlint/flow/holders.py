"""Calls that put a resource into something else that outlives them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import dropwhile, islice
from typing import TYPE_CHECKING, Final

import libcst as cst

from sessionlint.facts.catalog import Kind
from sessionlint.facts.holding import MAKING, is_adding, makes_of, may_keep
from sessionlint.facts.receivers import CLOSING
from sessionlint.facts.scopes import BlockKind
from sessionlint.facts.syntax import bare, keyword, last_name, targets_of
from sessionlint.facts.values import FunctionValue, Symbol
from sessionlint.flow.borrowers import makes_borrower
from sessionlint.flow.harmless import PANDAS
from sessionlint.flow.keeping import may_close_inside
from sessionlint.flow.leaving import BEHIND, closed_by, is_method, leads_back
from sessionlint.flow.resource import Resource
from sessionlint.source.below import is_expression
from sessionlint.source.walk import descend

if TYPE_CHECKING:
    from sessionlint.flow.body import Body

__all__ = ["borrows", "holders"]

_LEAVING: Final[frozenset[type[cst.CSTNode]]] = frozenset(
    {cst.Return, cst.Yield, cst.Assign, cst.WithItem, cst.Call}
)


_GIVING: Final = (cst.Return, cst.Yield, cst.AssignTarget, cst.AnnAssign)
"""What may give a value away, or keep it."""


_PUTTING: Final = frozenset({"append", "add", "put", "register", "set"})
"""Methods that keep what they are given."""


def holders(resource: Resource, body: Body) -> frozenset[int]:
    """Calls, by their ids, whose result takes the resource and then leaves the block, or closes it.

    Where a later statement of the same list closes the resource, nobody else is meant to.
    """
    # What a session is given, `session.add(row)`, is no way out of the block.
    worth = [
        node
        for kind in _LEAVING
        for node in body.of(kind)
        if not (type(node) is cst.Call and is_method(resource, node))
    ]
    leaving = {name for node in worth for name in _leaving(node)}
    inside = {name for node in worth for name in _inside(resource, node)}
    kept = _kept(resource, body, leaving.union(resource.block.declared, inside))
    is_connection = resource.thing.type.kind is Kind.CONNECTION
    is_of_module = is_connection and resource.block.kind is BlockKind.MODULE
    is_kept = is_of_module and not body.closes(resource)
    assigned: list[cst.Assign | cst.AnnAssign] = [*body.of(cst.Assign), *body.of(cst.AnnAssign)]
    found: list[tuple[cst.CSTNode, cst.Call]] = [
        (node, call)
        for node in assigned
        for call in descend(node)
        if type(call) is cst.Call
        and not _is_read_at_once(call)
        # What a module makes of a connection, the module keeps.
        and (_keeps(node, leaving) or ((is_kept or _keeps(node, kept)) and _makes(resource, call)))
    ]
    found += [
        (node, arg.value)
        for node in body.of(cst.Expr)
        if type(node.value) is cst.Call and is_adding(node.value)
        for arg in node.value.args
        if type(arg.value) is cst.Call and _is_class(arg.value)
    ]
    holding = {
        id(call)
        for node, call in found
        if _takes(resource, call)
        and not _is_closed_behind(body, node, resource)
        and not _is_used_here(resource, body, node, call, worth)
    }
    return frozenset(holding.union(_closing(resource, body)))


def _closing(resource: Resource, body: Body) -> Iterator[int]:
    """The calls, by their ids, that make an object which may close the resource by its methods."""
    for call in body.of(cst.Call):
        is_given = _is_class(call) and any(resource.is_it(arg.value) for arg in call.args)
        if is_given and may_close_inside(resource.evaluator, body, call):
            yield id(call)


def _kept(resource: Resource, body: Body, leaving: set[str]) -> set[str]:
    """The names of what leaves the block, and of what that is made of, step by step."""
    made = [
        (target.target.value, set(_parts(resource, node.value)))
        for node in body.of(cst.Assign)
        for target in node.targets
        if isinstance(target.target, cst.Name)
    ]
    kept: set[str] = set()
    while kept != leaving:
        kept = leaving
        leaving = kept.union(*(names for name, names in made if name in kept))
    return kept


def _inside(resource: Resource, node: cst.CSTNode) -> Iterator[str]:
    """Names that a node takes out of the block inside of something else."""
    if type(node) is cst.Call:
        if last_name(node.func) in _PUTTING or is_adding(node):
            for arg in node.args:
                yield from _parts(resource, arg.value)
    elif type(node) is cst.Return or type(node) is cst.Yield:
        if is_expression(node.value):
            yield from _parts(resource, node.value)
    elif type(node) is cst.Assign and _is_stored(node):
        yield from _parts(resource, node.value)


def _parts(resource: Resource, value: cst.BaseExpression) -> Iterator[str]:
    """The names of all that may be in what a value gives, as far as nobody knows better."""
    match bare(value):
        case cst.Name(value=name):
            yield name
        case cst.Attribute(value=cst.Name(value=name)) as part:
            # A method knows its object, be it only handed on: `tools=[repo.load]`.
            if isinstance(resource.evaluator.value(part, resource.block), FunctionValue):
                yield name
        case (
            cst.Tuple(elements=elements) | cst.List(elements=elements) | cst.Dict(elements=elements)
        ):
            for element in elements:
                yield from _parts(resource, element.value)
        case cst.Call(args=args) as call:
            for arg in args:
                if _may_hold(resource, call, arg):
                    yield from _parts(resource, arg.value)


def _may_hold(resource: Resource, call: cst.Call, argument: cst.Arg) -> bool:
    """Whether what a call gives may hold an argument."""
    if _is_class(call):
        return True
    callee = resource.evaluator.value(call.func, resource.block)
    is_builtin = isinstance(callee, Symbol) and callee.name.startswith("builtins.")
    return not is_builtin and may_keep(resource.evaluator, call, argument, resource.block)


def _makes(resource: Resource, call: cst.Call) -> bool:
    """Whether a call makes an object, as far as can be told, that may keep the resource."""
    return _is_class(call) or any(
        makes_of(resource.evaluator, call, arg, resource.block)
        for arg in call.args
        if _is_given(resource, arg.value)
    )


def _takes(resource: Resource, call: cst.Call) -> bool:
    """Whether the resource is among the arguments of a call, and may be in what that gives."""
    return any(
        may_keep(resource.evaluator, call, arg, resource.block)
        for arg in call.args
        if _is_given(resource, arg.value)
    )


def _is_given(resource: Resource, value: cst.BaseExpression) -> bool:
    """Whether an argument is the resource, or what leads back to it: `Wrapper(conn.connection)`."""
    return resource.is_it(value) or leads_back(resource, value)


def _is_class(call: cst.Call) -> bool:
    """Whether a call by its name makes an object."""
    name = last_name(call.func)
    return name[:1].isupper() or name in MAKING


def _is_read_at_once(call: cst.Call) -> bool:
    """Whether pandas reads all there is: the frame knows nothing of the connection."""
    return last_name(call.func) in PANDAS and keyword(call, "chunksize") is None


def borrows(resource: Resource, call: cst.CSTNode) -> bool:
    """Whether a session is made on the resource, a connection, which its end leaves open."""
    if not isinstance(call, cst.Call) or resource.thing.type.kind is not Kind.CONNECTION:
        return False
    return makes_borrower(resource.evaluator, call, resource.block)


def _is_used_here(
    resource: Resource,
    body: Body,
    node: cst.CSTNode,
    call: cst.Call,
    worth: Iterable[cst.CSTNode],
) -> bool:
    """Whether a call makes a session on the resource that is closed here, and lent at the most."""
    if not isinstance(node, (cst.Assign, cst.AnnAssign)) or node.value is None:
        return False
    if bare(node.value) is not call or not borrows(resource, call):
        return False
    names = {one.value for one in targets_of(node) if isinstance(one, cst.Name)}
    if not names or names & resource.block.declared:
        return False
    ended = (each for each in body.of(cst.Attribute) if each.attr.value == "close")
    if not any(isinstance(one.value, cst.Name) and one.value.value in names for one in ended):
        return False
    return not any(
        name in names
        for one in worth
        if not isinstance(one, (cst.Yield, cst.WithItem)) and not _asks_to_close(one)
        for name in (*_leaving(one), *_inside(resource, one))
    )


def _asks_to_close(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Call) and CLOSING.search(last_name(node.func)) is not None


def _is_closed_behind(body: Body, node: cst.CSTNode, resource: Resource) -> bool:
    line, suite = islice((*body.above(node), node), 2)
    lines = suite.body if isinstance(suite, (cst.IndentedBlock, cst.Module)) else ()
    for later in islice(dropwhile(lambda one: one is not line, lines), 1, None):
        if closed_by(later, resource) in resource.names:
            return True
        if any(isinstance(part, _GIVING) for part in descend(later)):
            return False
    return False


def _keeps(node: cst.Assign | cst.AnnAssign, leaving: set[str]) -> bool:
    return any(_is_kept(target, leaving) for target in targets_of(node))


def _is_kept(target: cst.BaseExpression, leaving: set[str]) -> bool:
    if isinstance(target, (cst.Tuple, cst.List)):
        return any(_is_kept(element.value, leaving) for element in target.elements)
    return not isinstance(target, cst.Name) or target.value in leaving


def _leaving(node: cst.CSTNode) -> Iterator[str]:
    """Names that a node takes out of the block, or asks to close what they hold."""
    if type(node) is cst.Call:
        yield from _given(node)
    elif type(node) is cst.Return or type(node) is cst.Yield:
        yield from _value_names(node.value) if node.value is not None else ()
    elif type(node) is cst.Assign:
        if isinstance(node.value, cst.Name) and _is_stored(node):
            yield node.value.value
    elif type(node) is cst.WithItem and isinstance(node.item, cst.Name):
        yield node.item.value


def _is_stored(node: cst.Assign) -> bool:
    return any(not isinstance(target.target, cst.Name) for target in node.targets)


def _given(call: cst.Call) -> Iterator[str]:
    """The owner that a call asks to close, and the names it puts into one."""
    method, owner = last_name(call.func), call.func
    if type(owner) is not cst.Attribute or type(owner.value) is not cst.Name:
        return
    if CLOSING.search(method):
        yield owner.value.value
    if method in _PUTTING:
        yield from (arg.value.value for arg in call.args if isinstance(arg.value, cst.Name))


def _value_names(value: cst.CSTNode) -> Iterator[str]:
    if isinstance(value, cst.Name):
        yield value.value
    elif isinstance(value, (cst.Tuple, cst.List)):
        for element in value.elements:
            yield from _value_names(element.value)
    elif isinstance(value, cst.Call) and _is_class(value):
        for arg in value.args:
            yield from _value_names(arg.value)
    elif isinstance(value, cst.Attribute) and value.attr.value in BEHIND:
        yield from _value_names(value.value)
