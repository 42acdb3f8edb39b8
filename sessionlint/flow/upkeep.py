"""What becomes of an engine that a function builds: who keeps it, and who disposes of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import libcst as cst

from sessionlint.facts.collect import is_storing
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.scopes import Binding, Block, How
from sessionlint.facts.syntax import HANDLERS, arguments, bare, is_name, last_name
from sessionlint.facts.values import ClassValue
from sessionlint.flow.flask_g import is_in_g
from sessionlint.flow.harmless import PANDAS
from sessionlint.flow.nodes import Nodes
from sessionlint.source.walk import descend

__all__ = [
    "built_on",
    "connected",
    "ends",
    "is_kept",
    "is_looked_after",
    "is_outside",
    "is_returned_inside",
    "is_stored",
    "values",
]

_DISPOSING: Final = frozenset({"dispose", "close", "terminate", "closeall"})
_SURE: Final = (cst.Finally, *HANDLERS, cst.Lambda, cst.FunctionDef)
"""What a call stands in that is made when something fails, or by somebody else."""


def is_looked_after(block: Block, name: str, lent: frozenset[int] = frozenset()) -> bool:
    """Stored, returned inside something, yielded, disposed of, or out of sight.

    `lent` are the calls (by id) that give nothing back of what they are lent.
    """
    built = built_on(block, name)
    if is_stored(block, built) or _is_ended(block, name):
        return True
    for node in descend(block.node):
        match node:
            case cst.WithItem(item=cst.Name(value=entered)):
                if entered == name:
                    return True
            case cst.Return(value=cst.BaseExpression() as value):
                if _carries(value, built, connected(block, name), lent):
                    return True
            case cst.Yield(value=cst.BaseExpression() as value):
                # What is made of it comes back, and then the engine is out of reach.
                if _carries(value, {name}, set(), lent):
                    return True
            case cst.Lambda() | cst.FunctionDef() if node is not block.node:
                if any(is_name(part, name) for part in descend(node)):
                    return True
            case cst.Dict() | cst.List() | cst.Tuple():
                if any(is_name(element.value, name) for element in node.elements):
                    return True
    return False


def ends(block: Block, name: str) -> list[cst.Attribute]:
    """Where a method is spoken of that disposes of an engine."""
    return [
        node
        for node in descend(block.node)
        if isinstance(node, cst.Attribute)
        and is_name(node.value, name)
        and node.attr.value in _DISPOSING
    ]


def _is_ended(block: Block, name: str) -> bool:
    """Whether an engine is disposed of, be it that something fails, or somebody else may do it."""
    found = ends(block, name)
    if not found:
        return False
    nodes = Nodes(block)
    return any(_is_sure(nodes, end) for end in found)


def _is_sure(nodes: Nodes, end: cst.Attribute) -> bool:
    """Whether what ends an engine is handed on, or called although something fails."""
    around = list(nodes.above(end))
    is_called = isinstance(around[0], cst.Call) and around[0].func is end
    sure = (one for one in around if isinstance(one, _SURE) and one is not nodes.block.node)
    return not is_called or any(sure)


def is_stored(block: Block, built: set[str]) -> bool:
    """Whether what has one of these names is kept by more than the function."""
    return is_kept(block, built) or any(_is_bind(one) for one, _ in _assigned(block, built))


def is_kept(block: Block, built: set[str]) -> bool:
    """The same, where `Base.metadata.bind = engine` does not count: the next call replaces it."""
    assigned = list(_assigned(block, built))
    bound = {name for target, name in assigned if _is_bind(target)}
    if not built.isdisjoint(block.declared | (block.kept - bound)):
        return True
    makers = (_configured(call, built) for call in block.calls)
    if any(maker is not None and _is_elsewhere(block, maker) for maker in makers):
        return True
    if any(_is_put_away(call, name) for call in block.calls for name in bound):
        return True
    return any(_outlasts(block, target) and not _is_bind(target) for target, _ in assigned)


def _assigned(block: Block, built: set[str]) -> Iterator[tuple[cst.BaseExpression, str]]:
    """What gets a value in which one of these names is spoken of, and that name."""
    for node in descend(block.node):
        if not isinstance(node, cst.Assign):
            continue
        for part in descend(node.value):
            if isinstance(part, cst.Name) and part.value in built:
                yield from ((target.target, part.value) for target in node.targets)


def _is_bind(target: cst.BaseExpression) -> bool:
    """Whether the engine is set there by which the metadata of tables asks the database."""
    match target:
        case cst.Attribute(value=owner, attr=cst.Name(value="bind")):
            return "metadata" in last_name(owner).lower()
    return False


def _is_put_away(call: cst.Call, name: str) -> bool:
    """Whether a call puts what has a name into a container or an attribute."""
    given = enumerate(arguments(call))
    return any(is_name(value, name) and is_storing(call, at) for at, value in given)


def _outlasts(block: Block, target: cst.BaseExpression) -> bool:
    """Whether what is assigned there is kept for longer than a request."""
    if not is_outside(block, target):
        return False
    return not is_in_g(block.home, target) or "dispose" in block.home.reader.text


def is_returned_inside(evaluator: Evaluator, block: Block, call: cst.Call) -> bool:
    """Whether a function returns an object made of what a call gives: `Runtime(engine or made())`.

    A session, a maker or a table is no such object: nobody looks to it for its engine.
    """
    bound = [(name, one.expression) for name, one in values(block) if one.expression is not None]
    names = {name for name, made in bound if _may_be(made, call)}
    given = [node.value for node in block.returns if node.value is not None]
    held = {one.value for one in given if isinstance(one, cst.Name)}
    given += [made for name, made in bound if name in held]
    return any(
        isinstance(one, cst.Call)
        and _is_of_class(evaluator, one.func, block)
        and any(_may_be(arg.value, call) or _is_any(arg.value, names) for arg in one.args)
        for one in given
    )


def _is_of_class(evaluator: Evaluator, made: cst.BaseExpression, block: Block) -> bool:
    """Whether what is called makes an object of the project."""
    name = last_name(made)
    if re.search("session", name, re.IGNORECASE) is not None:
        return False
    return name == "cls" or isinstance(evaluator.value(made, block), ClassValue)


def _is_any(value: cst.BaseExpression, names: set[str]) -> bool:
    return isinstance(value, cst.Name) and value.value in names


def _may_be(value: cst.BaseExpression, call: cst.Call) -> bool:
    """Whether an expression is a call, or that where something else is missing."""
    match value:
        case cst.BooleanOperation(left=first, right=second) | cst.IfExp(body=first, orelse=second):
            return _may_be(first, call) or _may_be(second, call)
    return bare(value) is call


def _carries(
    value: cst.CSTNode, built: set[str], connected: set[str], lent: frozenset[int]
) -> bool:
    """Whether a returned value is or holds the engine, or something made of it.

    A connection alone does not look after its engine; beside other things it may be meant to.
    """
    if isinstance(value, (cst.Tuple, cst.List, cst.Dict)):
        held = built | connected
        return any(_carries(element.value, held, connected, lent) for element in value.elements)
    if isinstance(value, cst.Name):
        return value.value in built
    if not isinstance(value, cst.Call) or last_name(value.func) in PANDAS or id(value) in lent:
        return False
    return any(_takes(value, name) for name in built)


def connected(block: Block, name: str) -> set[str]:
    """The names of what a method of an engine gives."""
    return {
        one
        for one, binding in values(block)
        if isinstance(made := binding.expression, cst.Call)
        and isinstance(made.func, cst.Attribute)
        and is_name(made.func.value, name)
    }


def built_on(block: Block, name: str) -> set[str]:
    """The name of an engine, and those of makers, sessions and objects that are made of it."""
    found: set[str] = set()
    news = {name}
    while news:
        found |= news
        news = {
            one
            for one, binding in values(block)
            if isinstance(binding.expression, cst.Call) and _is_made_of(binding.expression, found)
        } - found
        makers = (_configured(call, found) for call in block.calls)
        news |= {maker.value for maker in makers if isinstance(maker, cst.Name)} - found
    return found


def _configured(call: cst.Call, names: set[str]) -> cst.BaseExpression | None:
    """The maker or registry that `maker.configure(bind=engine)` binds to one of these names."""
    match call.func:
        case cst.Attribute(value=maker, attr=cst.Name(value="configure")):
            if any(is_name(arg.value, name) for arg in call.args for name in names):
                return maker
    return None


def _is_elsewhere(block: Block, maker: cst.BaseExpression) -> bool:
    """Whether a maker outlives the function, as one of its module does."""
    return not isinstance(maker, cst.Name) or not block.bindings(maker.value)


def _is_made_of(call: cst.Call, names: set[str]) -> bool:
    """Whether a call of one of the names, or what looks like a maker or class, gives a new one."""
    if isinstance(call.func, cst.Name) and call.func.value in names:
        return True
    is_making = re.search(r"(?i:session)|^_*[A-Z]", last_name(call.func)) is not None
    return is_making and any(is_name(part, it) for part in descend(call) for it in names)


def values(block: Block) -> Iterator[tuple[str, Binding]]:
    """Every assignment of a function to one of its names."""
    for name, bindings in block.names.items():
        for binding in bindings:
            if binding.how is How.VALUE:
                yield name, binding


def is_outside(block: Block, target: cst.BaseExpression) -> bool:
    """Whether what is assigned there outlives the function."""
    if isinstance(target, (cst.Tuple, cst.List)):
        return any(is_outside(block, part.value) for part in target.elements)
    return not isinstance(target, cst.Name) or target.value in block.declared


def _takes(call: cst.Call, name: str) -> bool:
    return any(is_name(arg.value, name) for arg in call.args)
