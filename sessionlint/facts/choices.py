"""Lists and dictionaries of makers, of which whoever calls one takes any."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import libcst as cst

from sessionlint.facts.syntax import last_name
from sessionlint.facts.values import OTHER, UNKNOWN, Choice, Items, Maker, Value, joined
from sessionlint.source.gate import is_telling

if TYPE_CHECKING:
    from sessionlint.facts.evaluate import Evaluator
    from sessionlint.facts.scopes import Block

__all__ = ["collected", "one_of"]

_PUTTING: Final = "append|extend|insert|update|setdefault|add"


def collected(evaluator: Evaluator, node: cst.BaseExpression, block: Block) -> Value:
    """What a list, a dictionary or a comprehension is: a choice, where all in it are makers."""
    parts = list(_parts(node))
    is_open = None in parts or not parts
    # To follow a name costs a parse, so that those are asked by name first.
    makers = [one for one in parts if one is not None and _may_make(evaluator, one, block)]
    if not is_open and len(makers) == len(parts):
        values = [evaluator.value(one, block) for one in makers]
        found = joined(values)
        if isinstance(found, Maker) and all(isinstance(one, Maker) for one in values):
            return Choice(found)
    return UNKNOWN if isinstance(node, cst.List) else OTHER


def one_of(evaluator: Evaluator, source: cst.BaseExpression, block: Block) -> Value:
    """What each of a choice is that has a name, be it of a tuple; UNKNOWN for anything else.

    Nothing may be put into it later. What has no name, or one of an attribute that does not tell,
    the gate does not see, and so it is not to be seen by anybody.
    """
    name = last_name(source)
    is_told = isinstance(source, cst.Attribute) and is_telling(b".", name.encode())
    if not is_told and not isinstance(source, cst.Name):
        return UNKNOWN
    value = evaluator.value(source, block)
    if isinstance(value, Items) and all(isinstance(one, Maker) for one in value.items):
        return joined([*value.items])
    if not isinstance(value, Choice) or _is_growing(evaluator, name, block):
        return UNKNOWN
    return value.item


def _is_growing(evaluator: Evaluator, name: str, block: Block) -> bool:
    """Whether anything of the project may put something into what has a name."""
    put = rf"\b{name}(?:\.(?:{_PUTTING})\(|\[[^\]\n]*\][ \t]*=(?!=)|[ \t]*[+|]=)"
    pattern = re.compile(put.encode())
    if pattern.search(block.home.reader.text.encode()):
        return True
    return evaluator.tree.has_any(name.encode(), pattern)


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
