"""Lists and dictionaries of makers, of which whoever calls one takes any."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from sessionlint.facts.syntax import last_name
from sessionlint.facts.values import OTHER, UNKNOWN, Choice, Items, Maker, Value, joined

if TYPE_CHECKING:
    from sessionlint.facts.evaluate import Evaluator
    from sessionlint.facts.scopes import Block

__all__ = ["collected", "one_of"]


def collected(evaluator: Evaluator, node: cst.BaseExpression, block: Block) -> Value:
    """What a list, a dictionary or a comprehension is: a choice, where all in it are makers."""
    parts = list(_parts(node))
    is_open = None in parts or not parts
    # To follow a name costs a parse, so that those are asked by name first.
    makers = [one for one in parts if one is not None and _may_make(evaluator, one, block)]
    if not is_open and len(makers) == len(parts):
        found = joined([evaluator.value(one, block) for one in makers])
        if isinstance(found, Maker):
            return Choice(found)
    return UNKNOWN if isinstance(node, cst.List) else OTHER


def one_of(value: Value) -> Value:
    """What each of a choice is, be it of a tuple; UNKNOWN for what is none."""
    if isinstance(value, Items) and all(isinstance(one, Maker) for one in value.items):
        return joined([*value.items])
    return value.item if isinstance(value, Choice) else UNKNOWN


def _parts(node: cst.BaseExpression) -> Iterator[cst.BaseExpression | None]:
    """What stands in it, None for what is unpacked there."""
    match node:
        case cst.List(elements=elements) | cst.Dict(elements=elements):
            for one in elements:
                is_plain = isinstance(one, (cst.Element, cst.DictElement))
                yield one.value if is_plain else None
        case cst.ListComp(elt=made) | cst.DictComp(value=made):
            yield made


def _may_make(evaluator: Evaluator, part: cst.BaseExpression, block: Block) -> bool:
    """Whether something may be a maker, by its name or that of what is called there."""
    if isinstance(part, cst.Call):
        return evaluator.may_acquire(part, block)
    if not isinstance(part, (cst.Name, cst.Attribute)):
        return False
    is_attribute = isinstance(part, cst.Attribute)
    is_calling = evaluator.by_name.is_calling
    return is_calling(last_name(part), block.home, is_attribute=is_attribute)
