"""Properties of the project that open a session or connection each time they are read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import libcst as cst

from sessionlint.facts.catalog import Kind
from sessionlint.facts.classes import bases
from sessionlint.facts.scopes import Block, BlockKind, How
from sessionlint.facts.syntax import bare, last_statement
from sessionlint.facts.values import ClassValue, Instance, Symbol, Thing

if TYPE_CHECKING:
    from sessionlint.facts.evaluate import Evaluator

__all__ = ["opened_by"]

_HELD: Final = frozenset({Kind.SESSION, Kind.CONNECTION})
_PLAIN: Final = Symbol("builtins.property")
_DEEPEST: Final = 4
"""How many classes a class may inherit a property through."""


def opened_by(evaluator: Evaluator, node: cst.BaseExpression, block: Block) -> Thing | None:
    """What reading an attribute opens, for whoever reads it; None for any other expression.

    Only a plain property of a class that is known, and of the same module: which modules read that
    of another one, no text tells.
    """
    if not isinstance(node, cst.Attribute) or node.attr.value not in block.home.opening:
        return None
    owner = evaluator.value(node.value, block)
    if not isinstance(owner, Instance):
        return None
    getter = _getter(evaluator, owner.block, node.attr.value)
    if getter is None or getter.home is not block.home:
        return None
    return evaluator.once((opened_by, getter), lambda: _opened(evaluator, getter))


def _getter(evaluator: Evaluator, of: Block, name: str, depth: int = _DEEPEST) -> Block | None:
    """The only function that a class has under a name, or that it inherits."""
    if of.decorators or not depth:
        return None
    bindings = [*of.bindings(name), *of.attribute(name)]
    if bindings:
        found = bindings[0].target if len(bindings) == 1 else None
        is_function = found is not None and found.kind is BlockKind.FUNCTION
        return found if is_function and bindings[0].how is How.DEFINITION else None
    for base in bases(evaluator, of):
        # What a class of a library has, nobody knows; nor what comes behind it.
        if not isinstance(base, ClassValue):
            return None
        found = _getter(evaluator, base.block, name, depth - 1)
        if found is not None or base.block.bindings(name):
            return found
    return None


def _opened(evaluator: Evaluator, getter: Block) -> Thing | None:
    """What a property opens and gives on every way, and keeps nowhere."""
    owner = getter.owner
    marks = [evaluator.value(one, owner) for one in getter.decorators if owner is not None]
    if owner is None or marks != [_PLAIN] or len(getter.parameters) != 1:
        return None
    node = getter.node
    assert isinstance(node, cst.FunctionDef)
    if getter.is_async or getter.yields or not _always_leaves(last_statement(node.body)):
        return None
    made = [one.value for one in getter.returns]
    if not made or not all(one is not None and isinstance(bare(one), cst.Call) for one in made):
        return None
    first, *others = [evaluator.value(one, getter) for one in made if one is not None]
    if not isinstance(first, Thing) or any(one != first for one in others) or not _is_sure(first):
        return None
    return None if _is_overridden(evaluator, owner, getter.name) else first


def _always_leaves(last: cst.CSTNode | None) -> bool:
    """Whether nothing runs behind a statement: it returns or raises, in each of its branches."""
    match last:
        case cst.If(body=body, orelse=cst.If() as other):
            return _always_leaves(last_statement(body)) and _always_leaves(other)
        case cst.If(body=body, orelse=cst.Else(body=other)):
            return all(_always_leaves(last_statement(one)) for one in (body, other))
    return isinstance(last, (cst.Return, cst.Raise))


def _is_sure(thing: Thing) -> bool:
    return thing.is_fresh and thing.is_sure and thing.type.kind in _HELD


def _is_overridden(evaluator: Evaluator, of: Block, name: str, depth: int = _DEEPEST) -> bool:
    """Whether a class of the project that derives from this one may give the name another meaning.

    So may one that stands in something, that has another base as well, or that is made by a call;
    and whoever knows the class by another name.
    """
    owner = re.escape(of.name.encode())
    deriving = re.compile(rb"\bclass[ \t]+(\w+)[^\n(]*\((?:[^)]*|[^\n]*)\b" + owner + rb"\b")
    otherwise = re.compile(rb"\b" + owner + rb"\s+as\b|\btype\([^\n]*\b" + owner + rb"\b")
    if evaluator.tree.has(of.name.encode(), otherwise):
        return True
    for path, data in evaluator.tree.searched(of.name.encode(), deriving):
        module = evaluator.tree.module(path)
        if module is None:
            continue
        for derived in set(deriving.findall(data)):
            found = [one.target for one in module.top.bindings(derived.decode())]
            classes = [one for one in found if one is not None]
            if not classes or not depth:
                return True
            if any(
                not _is_of_one(one)
                or one.bindings(name)
                or one.attribute(name)
                or _is_overridden(evaluator, one, name, depth - 1)
                for one in classes
            ):
                return True
    return False


def _is_of_one(block: Block) -> bool:
    """Whether a class has one base, and that has a name."""
    head = block.definition
    bases = head.bases if isinstance(head, cst.ClassDef) else ()
    return len(bases) == 1 and isinstance(bases[0].value, (cst.Name, cst.Attribute))
