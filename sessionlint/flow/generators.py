"""Generators that open a session and lend it once, as dependencies of FastAPI do."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import libcst as cst

from sessionlint.facts.annotations import lent
from sessionlint.facts.calls import returned
from sessionlint.facts.catalog import Kind, Type
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.parameters import BINDING
from sessionlint.facts.scopes import Binding, Block, BlockKind, How
from sessionlint.facts.syntax import (
    MANAGERS,
    arguments,
    bare,
    decorator_name,
    held_by,
    is_name,
    last_name,
)
from sessionlint.facts.values import (
    UNKNOWN,
    Foreign,
    FunctionValue,
    Managed,
    Stream,
    Thing,
    Value,
)
from sessionlint.flow import lenders
from sessionlint.flow.nodes import Nodes
from sessionlint.source.driving import is_driving, is_lender, is_naming

__all__ = [
    "STEPS",
    "drawn",
    "is_async_step",
    "is_drawn",
    "is_entering",
    "lent_by",
    "lent_to",
    "lists",
    "named_once",
    "opens",
    "taken_out",
    "thrown_away",
]

_NEXT: Final = {"next": False, "anext": True}
_ENTERING: Final = {"__enter__": False, "__aenter__": True}
_STEPS: Final = {"__next__": False, "send": False, "__anext__": True, "asend": True, **_ENTERING}
"""What drives a generator, and whether an asynchronous one.

Source: contextlib's manager holds its generator, and nothing holds that of `scope().__enter__()`.
"""

STEPS: Final = (cst.Call, cst.Subscript)
"""What takes a session out of a generator: `next(get_db())`, `list(get_db())[0]`."""

_SPOKEN: Final = 2
"""How often a name is spoken of that is bound and then asked once."""


def drawn(evaluator: Evaluator, binding: Binding) -> Thing | None:
    """What `db = next(get_db())` takes out of a generator that ends before it is used.

    Its session has to be closed all the same; a `with` does it where it can enter the generator.
    """
    if binding.how is not How.VALUE or binding.expression is None:
        return None
    found = _out_of(evaluator, binding.expression, binding.block)
    if found is None:
        return None
    thing, lender = found
    is_plain = lenders.is_for_any_with(evaluator, lender)
    return replace(thing, type=thing.type._replace(is_manageable=is_plain), is_fresh=True)


def taken_out(evaluator: Evaluator, made: cst.BaseExpression, block: Block) -> Thing | None:
    """The session that `next(get_db())` gives, which opens again when it is used."""
    found = _out_of(evaluator, made, block)
    return None if found is None else found[0]


def _out_of(
    evaluator: Evaluator, made: cst.BaseExpression, block: Block
) -> tuple[Thing, Block] | None:
    """What is taken out of a generator that nobody brings to its end, and its function."""
    step = bare(made)
    generator = thrown_away(block, step) if isinstance(step, STEPS) else None
    if generator is None:
        return None
    return lent_to(evaluator, block, generator, step)


def is_drawn(block: Block, made: cst.BaseExpression) -> bool:
    """Whether an expression takes something out of a generator that nobody brings to its end."""
    step = bare(made)
    return isinstance(step, STEPS) and thrown_away(block, step) is not None


def thrown_away(block: Block, by: cst.BaseExpression | cst.For) -> cst.Call | None:
    """The call that makes the generator which is driven here, and which nothing else holds."""
    made = _driven(by)
    if not isinstance(made, cst.Call) or not _is_lender(block, made):
        return None
    # The gate goes by the text, and what it does not see is not to be seen by anybody.
    head = _head(by) if isinstance(by, cst.For) else by
    return made if is_driving(cst.Module([]).code_for_node(head)) else None


def named_once(block: Block, by: cst.Call) -> cst.Call | None:
    """The call that makes the generator which is driven here by a name that stands nowhere else."""
    name = _driven(by)
    if not isinstance(name, cst.Name) or block.kind is not BlockKind.FUNCTION:
        return None
    match block.bindings(name.value):
        case [Binding(node=cst.Assign(targets=[_]) as named, expression=cst.Call() as made)]:
            if not _is_lender(block, made) or name.value in block.declared:
                return None
        case _:
            return None
    written = cst.Module([]).code_for_node
    # As with those that have no name, what the gate does not see is not to be seen by anybody.
    if not is_naming(written(named), written(by.with_changes(lpar=[], rpar=[]))):
        return None
    spoken = list(Nodes(block).variables(name.value))
    return made if len(spoken) == _SPOKEN else None


def _is_lender(block: Block, made: cst.Call) -> bool:
    return is_lender(last_name(made.func), block.home.reader.text)


def _driven(by: cst.CSTNode) -> cst.BaseExpression | None:
    if isinstance(by, cst.For):
        return by.iter
    if not isinstance(by, cst.Call):
        return _listed(by)
    name = last_name(by.func)
    if type(by.func) is cst.Attribute:
        return by.func.value if name in _STEPS else None
    return next(arguments(by), None) if name in _NEXT else None


def _listed(by: cst.CSTNode) -> cst.BaseExpression | None:
    """What is run to its end for the first that it gives: `list(get_db())[0]`."""
    match by:
        case cst.Subscript(
            value=cst.Call() as call,
            slice=[cst.SubscriptElement(slice=cst.Index(value=cst.Integer(value="0")))],
        ):
            return _in_list(call)
    return None


def _in_list(call: cst.Call) -> cst.BaseExpression | None:
    match call:
        case cst.Call(func=cst.Name(value="list"), args=[cst.Arg(value=made)]):
            return made
    return None


def lists(block: Block, call: cst.Call) -> bool:
    """Whether a call makes a list of what a generator lends that may lend a session."""
    made = _in_list(call)
    return isinstance(made, cst.Call) and _is_lender(block, made)


def _head(loop: cst.For) -> cst.For:
    """A loop without what stands in it, and above it."""
    return loop.with_changes(body=cst.SimpleStatementSuite([cst.Pass()]), leading_lines=())


def is_async_step(step: cst.BaseExpression) -> bool:
    """Whether what drives a generator drives an asynchronous one."""
    return isinstance(step, cst.Call) and (_NEXT | _STEPS)[last_name(step.func)]


def is_entering(by: cst.CSTNode) -> bool:
    """Whether what drives a generator enters the context manager that it is made into."""
    return isinstance(by, cst.Call) and last_name(by.func) in _ENTERING


def lent_to(
    evaluator: Evaluator, block: Block, made: cst.Call, by: cst.BaseExpression | cst.For
) -> tuple[Thing, Block] | None:
    """What the generator that a call makes opens and lends to what drives it, and its function."""
    value = _inside(evaluator, block, made) if is_entering(by) else evaluator.value(made, block)
    return _lent(evaluator, value, is_async=isinstance(by, cst.For) or is_async_step(by))


def lent_by(
    evaluator: Evaluator, block: Block, made: cst.Call, *, is_async: bool
) -> tuple[Thing, Block] | None:
    """What the generator that a call makes opens and lends once, and its function.

    None for another generator, and for what is none.
    """
    return _lent(evaluator, evaluator.value(made, block), is_async=is_async)


def _inside(evaluator: Evaluator, block: Block, made: cst.Call) -> Value:
    """The generator in the context manager that a call makes."""
    maker = evaluator.value(made.func, block)
    if not isinstance(maker, FunctionValue):
        return UNKNOWN
    marks = {decorator_name(one) for one in maker.block.decorators} - BINDING
    is_manager = len(marks) == 1 and marks <= MANAGERS
    return returned(evaluator, maker.block) if is_manager else UNKNOWN


def _lent(evaluator: Evaluator, value: Value, *, is_async: bool) -> tuple[Thing, Block] | None:
    if not isinstance(value, Stream):
        return None
    item, lender = value.item, value.block
    if len(lender.yields) != 1 or lender.is_async is not is_async:
        return None
    name = held_by(lender.yields[0].value)
    match item:
        case Thing(type=Type(kind=Kind.SESSION), is_guess=False) if name:
            is_opened = _opens(evaluator, lender, name) or _passes_on(evaluator, lender, name)
            return (item, lender) if is_opened else None
        case _ if name and _is_unsure(item):
            thing = _promised(evaluator, lender)
            return (thing, lender) if thing and _ends(evaluator, lender, name) else None
    return None


def _is_unsure(item: Value) -> bool:
    """Whether what a generator lends is known by its annotation at best."""
    is_guess = isinstance(item, Thing) and item.is_guess
    return is_guess or item == UNKNOWN or isinstance(item, Foreign)


def _opens(evaluator: Evaluator, lender: Block, name: str) -> bool:
    """Whether a generator opens itself what it lends, or removes it from a registry."""
    return opens(evaluator, lender, name) or lenders.removes(evaluator, lender)


def opens(evaluator: Evaluator, lender: Block, name: str) -> bool:
    """Whether a generator opens itself what has a name in it."""
    bindings = [one for one in lender.bindings(name) if not is_name(one.expression, "None")]
    return bool(bindings) and all(_is_opening(evaluator, one) for one in bindings)


def _is_opening(evaluator: Evaluator, binding: Binding) -> bool:
    if binding.expression is None or binding.how not in {How.VALUE, How.WITH}:
        return False
    value = evaluator.value(binding.expression, binding.block)
    if isinstance(value, Thing):
        return value.is_fresh
    return binding.how is How.WITH and (
        isinstance(value, Managed) or lenders.closes_itself(evaluator, value)
    )


def _passes_on(evaluator: Evaluator, lender: Block, name: str) -> bool:
    """Whether all that a generator lends is what another one opens and lends."""
    match lender.bindings(name):
        case [Binding(how=How.ITERATION, expression=cst.Call() as made)]:
            return lent_by(evaluator, lender, made, is_async=lender.is_async) is not None
    return False


def _promised(evaluator: Evaluator, lender: Block) -> Thing | None:
    """The session that a generator lends by its annotation."""
    assert isinstance(lender.node, cst.FunctionDef)
    if lender.node.returns is None or lender.parent is None:
        return None
    found = lent(evaluator, lender.node.returns.annotation, lender.parent)
    return found if isinstance(found, Thing) and found.type.kind is Kind.SESSION else None


def _ends(evaluator: Evaluator, lender: Block, name: str) -> bool:
    """Whether a generator ends what it lends when it ends itself, wherever that comes from."""
    hows = {one.how for one in lender.bindings(name)}
    return hows == {How.WITH} or (hows == {How.VALUE} and lenders.closes(evaluator, lender))
