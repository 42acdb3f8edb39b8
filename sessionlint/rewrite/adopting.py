"""Objects that a function is given, puts into a session and so gives back as parts of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import libcst as cst

from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.holding import kept_as
from sessionlint.facts.parameters import parameter_of
from sessionlint.facts.scopes import Binding, Block, How
from sessionlint.facts.syntax import dotted, is_name, last_name
from sessionlint.facts.values import FunctionValue
from sessionlint.rewrite.reached import reached
from sessionlint.source.walk import descend

__all__ = ["ADOPTING", "KEEPING", "adopted"]

ADOPTING: Final = frozenset({"add", "add_all", "refresh"})
"""Methods by which a session makes an object its own; without it the object cannot load.

Source: https://docs.sqlalchemy.org/en/20/errors.html#error-bhk3 (`merge` makes a copy its own, and
what was deleted is nobody's once that is committed.)
"""

KEEPING: Final = frozenset("append extend add put update insert setdefault appendleft".split())
"""Methods that put something into a container."""

_HOPS: Final = 2
"""How many functions of the project are followed, one inside of the other."""


def adopted(
    evaluator: Evaluator,
    block: Block,
    session: str,
    statements: Iterable[cst.CSTNode],
    hops: int = _HOPS,
) -> dict[str, cst.Call]:
    """The names from outside of a function through which objects are reached that a session adopts.

    Parameters, `self` among them, and what others see, too. With each goes a call that does it. The
    session may be an attribute, `self.db`.
    """
    found: dict[str, cst.Call] = {}
    for node in (node for one in statements for node in descend(one)):
        if isinstance(node, cst.Call):
            for value in _given(evaluator, block, session, node, hops):
                found |= dict.fromkeys(_outer(block, reached(value)), node)
    return found


def _given(
    evaluator: Evaluator, block: Block, session: str, call: cst.Call, hops: int
) -> Iterator[cst.CSTNode]:
    """What a call gives to a session, itself or by a function or an object of the project."""
    owner = call.func.value if isinstance(call.func, cst.Attribute) else None
    if owner is not None and dotted(owner) == session:
        yield from (arg.value for arg in call.args if last_name(call.func) in ADOPTING)
        return
    given = [arg for arg in call.args if dotted(arg.value) == session]
    kept = [] if owner is None or given else list(_kept(evaluator, block, session, owner))
    callee = evaluator.value(call.func, block) if hops and (given or kept) else None
    if not isinstance(callee, FunctionValue):
        return
    held = [parameter_of(callee, call, arg) for arg in given]
    owners = [one.name.value for one in callee.block.parameters[:1]]
    held += [f"{one}.{name}" for one in owners for name in kept]
    inside = _body(callee.block)
    for one in filter(None, held):
        names = adopted(evaluator, callee.block, one, inside, hops - 1)
        yield from (arg.value for arg in call.args if parameter_of(callee, call, arg) in names)


def _kept(evaluator: Evaluator, block: Block, session: str, owner: cst.CSTNode) -> Iterator[str]:
    """The attributes in which an object has the session: `Users(db)`, be it by its name."""
    bindings = block.bindings(owner.value) if isinstance(owner, cst.Name) else []
    for made in (owner, *(one.expression for one in bindings)):
        for arg in made.args if isinstance(made, cst.Call) else ():
            if isinstance(made, cst.Call) and dotted(arg.value) == session:
                yield from sorted(kept_as(evaluator, block, made, arg))


def _body(block: Block) -> list[cst.CSTNode]:
    return [block.node.body] if isinstance(block.node, cst.FunctionDef) else []


def _outer(block: Block, names: Iterable[str]) -> Iterator[str]:
    """The names from outside of a function from which its variables get what they hold."""
    known: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in known:
            continue
        known.add(name)
        bindings = block.bindings(name)
        is_free = not bindings and block.binder(name) is not None
        if is_free or name in block.declared or any(map(_is_from_outside, bindings)):
            yield name
        values = [one for binding in bindings for one in _sources(binding)]
        waiting += [one for value in (*values, *_put_into(block, name)) for one in reached(value)]


def _is_from_outside(binding: Binding) -> bool:
    return binding.how in {How.PARAMETER, How.IMPORT, How.IMPORT_FROM}


def _sources(binding: Binding) -> Iterator[cst.CSTNode]:
    """What a variable is bound to, or out of which it is taken in turns."""
    match binding.node:
        case cst.For(iter=source) | cst.CompFor(iter=source) | cst.AugAssign(value=source):
            yield source
        case _ if binding.expression is not None:
            yield binding.expression


def _put_into(block: Block, name: str) -> Iterator[cst.CSTNode]:
    """What a function puts into a container of its own."""
    for call in block.calls:
        match call.func:
            case cst.Attribute(owner, cst.Name(value=method)) if is_name(owner, name):
                yield from (arg.value for arg in call.args if method in KEEPING)
