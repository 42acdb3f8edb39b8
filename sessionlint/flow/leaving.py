"""Which values take a resource along to whoever gets them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import libcst as cst

from sessionlint.facts.holding import LEADING_BACK, makes_of
from sessionlint.facts.scopes import Binding, Block
from sessionlint.facts.syntax import asked_by_name, bare, is_name, last_name
from sessionlint.facts.values import UNKNOWN, Foreign, Symbol
from sessionlint.flow.harmless import ENTERED_SAFELY, SAFE_MANAGERS
from sessionlint.flow.queries import is_query
from sessionlint.flow.resource import Resource
from sessionlint.flow.safe import is_given_cursor
from sessionlint.source.walk import descend

__all__ = [
    "BEHIND",
    "closed_by",
    "closes_behind",
    "gets_release",
    "gives_itself",
    "goes_along",
    "is_about",
    "is_close",
    "is_closed_at_last",
    "is_closed_on_demand",
    "is_method",
    "leads_back",
    "leaves",
    "may_end",
    "mentions",
    "own_names",
    "vain_releases",
]


BEHIND: Final = frozenset({"bind", "connection", "get_bind", "session"})
"""Attributes and methods that give what an object was made of."""

_UNDERNEATH: Final = frozenset({"connection", "dbapi_connection", "driver_connection"})
"""Attributes that give what a connection is made on."""

_ENTERING: Final = frozenset({"enter_context", "enter_async_context"})
_HARMLESS: Final = ENTERED_SAFELY | SAFE_MANAGERS


def mentions(resource: Resource, node: cst.CSTNode) -> bool:
    """Whether a node speaks of the resource at all."""
    return is_about(resource.block, resource.names, node)


def is_about(block: Block, names: frozenset[str], node: cst.CSTNode) -> bool:
    """Whether a node speaks of variables of a block, and not of a function's own inside of it."""
    if type(node) is not cst.FunctionDef:
        return any(type(part) is cst.Name and part.value in names for part in descend(node))
    # Defaults, decorators and types are read by the block around; its variables end at the body.
    head = node.with_changes(body=cst.SimpleStatementSuite([cst.Pass()]))
    inside = names - own_names(block, node)
    parts = list(descend(head))
    own = {id(part.name) for part in parts if type(part) is cst.Param}
    spoken = (part for part in parts if type(part) is cst.Name and id(part) not in own)
    return any(part.value in names for part in spoken) or any(
        type(part) is cst.Name and part.value in inside for part in descend(node.body)
    )


def own_names(block: Block, node: cst.CSTNode) -> frozenset[str]:
    """The variables of a function inside a block, which are others than the block's; else none."""
    if type(node) is not cst.FunctionDef:
        return frozenset()
    inside = (one for one in block.blocks if one.node is node)
    return frozenset(name for one in inside for name in one.names if _is_own(one, name))


def _is_own(function: Block, name: str) -> bool:
    """Whether a name is a variable of a function, and not that of a comprehension alone."""
    if name in function.declared:
        return False
    return any(not isinstance(one.node, cst.CompFor) for one in function.names[name])


def leaves(resource: Resource, value: cst.BaseExpression | None) -> bool:
    """Whether the resource itself goes along with a value, be it inside of another object."""
    match value:
        case cst.Name(value=name):
            return name in resource.names
        case cst.NamedExpr(value=inner):
            return resource.is_it(value) or leaves(resource, inner)
        case cst.Await(expression=inner):
            return leaves(resource, inner)
        case cst.Tuple(elements=parts) | cst.List(elements=parts) | cst.Set(elements=parts):
            return any(leaves(resource, part.value) for part in parts)
        case cst.Dict(elements=parts):
            return any(leaves(resource, part.value) for part in parts)
        case cst.IfExp(body=first, orelse=second):
            return leaves(resource, first) or leaves(resource, second)
        case cst.BooleanOperation(left=first, right=second):
            return leaves(resource, first) or leaves(resource, second)
        case cst.Lambda() | cst.GeneratorExp():
            return mentions(resource, value)
        case cst.Call(func=cst.Name(value="locals"), args=()):
            return True
        case cst.Call(args=args):
            given = [arg for arg in args if goes_along(resource, arg.value)]
            return any(makes_of(resource.evaluator, value, arg, resource.block) for arg in given)
    return False


def goes_along(resource: Resource, value: cst.BaseExpression | None) -> bool:
    """Whether whoever gets a value becomes responsible for the resource."""
    return leaves(resource, value) or leads_back(resource, value)


def leads_back(resource: Resource, value: cst.BaseExpression | None) -> bool:
    """Whether whoever gets a value can reach the resource through it, and close both.

    Where a `finally` closes the resource, nobody else is meant to.
    """
    return value is not None and not resource.is_closed_at_last and _leads(resource, bare(value))


def _leads(
    resource: Resource, value: cst.BaseExpression, asked: frozenset[str] = frozenset()
) -> bool:
    """The same. `asked` are the names on the way: one that is made of itself says nothing new."""
    if is_query(resource, value):
        return True
    if isinstance(value, cst.Name) and value.value in resource.queries:
        return False
    match value:
        case cst.Tuple(elements=parts) | cst.List(elements=parts):
            return any(_leads(resource, bare(part.value), asked) for part in parts)
        case cst.Dict(elements=parts):
            return any(_leads(resource, bare(part.value), asked) for part in parts)
        case cst.IfExp(body=first, orelse=second):
            return any(_leads(resource, bare(one), asked) for one in (first, second))
        case cst.Name(value=name):
            if name in asked:
                return True
            bindings, inside = resource.block.bindings(name), asked | {name}
            return bool(bindings) and all(_binds_leading(resource, x, inside) for x in bindings)
        case cst.Attribute(value=inner, attr=cst.Name(value=part)) if part in _UNDERNEATH:
            return resource.is_it(inner) or _leads(resource, bare(inner), asked)
        case cst.Call():
            return _is_leading(resource, value, asked) or gives_itself(resource, value)
    return False


def _is_leading(resource: Resource, call: cst.Call, asked: frozenset[str]) -> bool:
    """Whether a method that leads back is called, of the resource or of what leads there itself."""
    if type(call.func) is not cst.Attribute or call.func.attr.value not in LEADING_BACK:
        return False
    return is_method(resource, call) or _leads(resource, bare(call.func.value), asked)


def _binds_leading(resource: Resource, binding: Binding, asked: frozenset[str]) -> bool:
    """Whether a name is given what leads back, be it beside the resource itself."""
    made = binding.expression
    if made is resource.binding.expression:
        return is_given_cursor(resource, binding)
    return isinstance(made, (cst.Call, cst.Attribute)) and _leads(resource, made, asked)


def is_closed_at_last(resource: Resource, nodes: Iterable[cst.CSTNode]) -> bool:
    """Whether a `finally` closes the resource whatever happens, and its name holds no other."""
    return all(is_name(one.expression, "None") for one in resource.others) and any(
        is_close(line, resource)
        for node in nodes
        if isinstance(node, cst.Finally)
        for line in node.body.body
    )


def is_close(line: cst.CSTNode, resource: Resource) -> bool:
    """Whether a statement closes the resource, if there is one."""
    match line:
        case cst.If(test=cst.Name(value=name), body=cst.IndentedBlock(body=[only])):
            return name == resource.name and is_close(only, resource)
    return closed_by(line, resource) in resource.names | resource.members


def is_closed_on_demand(resource: Resource) -> bool:
    """Whether a `finally` closes it where a field of the object says so, and else somebody else.

    `if self.commit_manually: session.close()`, where a transaction manager closes it otherwise.
    """
    parameters = resource.block.parameters if resource.block.owner is not None else ()
    own = parameters[0].name.value if parameters else ""
    return any(
        isinstance(line, cst.If)
        and any(closed_by(one, resource) in resource.names for one in line.body.body)
        and any(
            isinstance(part, cst.Attribute) and is_name(part.value, own)
            for part in descend(line.test)
        )
        for node in descend(resource.block.node)
        if isinstance(node, cst.Finally)
        for line in node.body.body
    )


def closed_by(line: cst.CSTNode, resource: Resource) -> str:
    """The name on which a statement calls a release and does nothing else, empty for others."""
    match line:
        case cst.SimpleStatementLine(body=[cst.Expr(value=value)]):
            call = bare(value)
        case _:
            return ""
    match call:
        case cst.Call(func=cst.Attribute(value=cst.Name(value=owner), attr=method)):
            return owner if resource.thing.type.is_release(method.value) else ""
    return ""


def gives_itself(resource: Resource, value: cst.BaseExpression) -> bool:
    """`conn = conn.execution_options(…)`: the same object again."""
    if not (isinstance(value, cst.Call) and is_method(resource, value)):
        return False
    return resource.thing.type.gives_itself(last_name(value.func))


def vain_releases(resource: Resource) -> Iterator[cst.Call | cst.Attribute]:
    """`db.close()` that nobody awaits, or `db.close` that nobody calls: nothing happens there."""
    kind = resource.thing.type
    for node in descend(resource.block.node):
        if id(node) not in resource.alone:
            continue
        match node:
            case cst.Call(func=func) if kind.is_coroutine(last_name(func)):
                if kind.is_release(last_name(func)) and is_method(resource, node):
                    yield node
            case cst.Attribute(value=cst.Name(value=name), attr=cst.Name(value=method)):
                if name in resource.names and kind.is_release(method):
                    yield node


def closes_behind(resource: Resource, call: cst.Call) -> bool:
    """`cursor.connection.close()`: the resource is closed by what was made of it, or may be."""
    method = call.func
    if last_name(method) in _ENTERING:
        return any(may_end(resource, arg.value) for arg in call.args)
    way = method.value if type(method) is cst.Attribute else None
    if type(way) is cst.Name and resource.thing.type.is_release(last_name(method)):
        return _is_underneath(resource, way.value)
    way = way.func if type(way) is cst.Call else way
    if type(way) is not cst.Attribute or way.attr.value not in BEHIND:
        return False
    if not isinstance(way.value, cst.Name) or not resource.thing.type.is_release(last_name(method)):
        return False
    made = [one.expression for one in resource.block.bindings(way.value.value)]
    return any(one is not None and mentions(resource, one) for one in made)


def _is_underneath(resource: Resource, name: str) -> bool:
    """`raw = conn.connection`: closing what a connection is made on gives both back.

    That of the pool, not the driver's own, whose close leaves the pool one connection short.
    Source: SQLAlchemy 2.0, Connection.connection; PoolProxiedConnection.close.
    """
    made = [one.expression for one in resource.block.bindings(name) if one.expression is not None]
    return any(
        last_name(one.func if isinstance(one, cst.Call) else one) == "connection"
        and _leads(resource, one)
        for one in map(bare, made)
    )


def may_end(resource: Resource, manager: cst.CSTNode) -> bool:
    """Whether a stranger's context manager gets the resource, and may close it when it is left."""
    if not isinstance(manager, cst.Call) or last_name(manager.func) in _HARMLESS:
        return False
    given = [arg.value.value for arg in manager.args if isinstance(arg.value, cst.Name)]
    if resource.names.isdisjoint(given):
        return False
    made = resource.evaluator.value(manager.func, resource.block)
    return made == UNKNOWN or isinstance(made, (Symbol, Foreign))


def gets_release(resource: Resource, call: cst.Call) -> bool:
    """`getattr(session, "close", None)`: the method that closes it, as a value."""
    owner, method = asked_by_name(call)
    return resource.is_it(owner) and resource.thing.type.is_release(method)


def is_method(resource: Resource, call: cst.Call) -> bool:
    """Whether a method of the resource is called, or of one of a list of them."""
    if type(call.func) is not cst.Attribute:
        return False
    owner = call.func.value
    return resource.is_it(owner) or (type(owner) is cst.Name and owner.value in resource.members)
