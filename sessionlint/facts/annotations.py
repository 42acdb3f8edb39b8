"""What a type annotation says an object is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import libcst as cst

from sessionlint.facts import classes
from sessionlint.facts.catalog import ANNOTATIONS, CALLS, TYPES, How, Kind
from sessionlint.facts.scopes import Binding, Block
from sessionlint.facts.scopes import How as Bound
from sessionlint.facts.syntax import arguments, is_name, last_name
from sessionlint.facts.values import (
    OTHER,
    UNKNOWN,
    ClassValue,
    Hint,
    Instance,
    Items,
    Maker,
    Symbol,
    Thing,
    Value,
)
from sessionlint.source.walk import descend

if TYPE_CHECKING:
    from sessionlint.facts.evaluate import Evaluator

__all__ = ["injected", "is_injected", "is_type", "lent", "promised", "value"]

_GENERATORS: Final = frozenset(
    "Generator Iterator Iterable AsyncGenerator AsyncIterator AsyncIterable".split()
)
_TUPLES: Final = frozenset({"tuple", "Tuple"})
_INJECTING: Final = frozenset({"Depends", "Security", "Inject"})
_WRAPPERS: Final = frozenset({"Optional", "Annotated", "ClassVar", "Final"})


def value(evaluator: Evaluator, annotation: cst.BaseExpression, block: Block) -> Value:
    """The object that an annotation promises; nobody who reads it owns the object."""
    match annotation:
        case cst.SimpleString():
            return _quoted(evaluator, annotation, block)
        case cst.BinaryOperation(left=left, operator=cst.BitOr(), right=right):
            parts = [part for part in (left, right) if not is_name(part, "None")]
            return value(evaluator, parts[0], block) if len(parts) == 1 else UNKNOWN
        case cst.Subscript(value=outer):
            if last_name(outer) in _WRAPPERS:
                return value(evaluator, _first_index(annotation), block)
            if last_name(outer) in _TUPLES:
                return _items(evaluator, annotation, block)
            return _maker(evaluator, annotation, block)
        case cst.Name(value=name) if (maker := _generic(name, block)) is not None:
            return _maker(evaluator, maker, block.home.top)
    return _instance(evaluator, evaluator.value(annotation, block))


def lent(evaluator: Evaluator, annotation: cst.BaseExpression, block: Block) -> Value:
    """What a generator lends by its annotation, `Generator[Session, None, None]` for instance."""
    match annotation:
        case cst.SimpleString():
            parsed = _unquoted(annotation)
            return UNKNOWN if parsed is None else lent(evaluator, parsed, block)
        case cst.Subscript(value=outer) if last_name(outer) in _GENERATORS:
            return value(evaluator, _first_index(annotation), block)
    return UNKNOWN


def promised(evaluator: Evaluator, function: Block) -> Value:
    """What a function gives by its annotation, where that is nothing anybody has to release."""
    assert isinstance(function.node, cst.FunctionDef)
    if function.node.returns is None or function.parent is None:
        return UNKNOWN
    found = value(evaluator, function.node.returns.annotation, function.parent)
    return Items(tuple(map(_unowned, found.items))) if isinstance(found, Items) else _unowned(found)


def injected(evaluator: Evaluator, binding: Binding) -> Iterator[tuple[cst.Call, Block]]:
    """The calls that tell a framework what a parameter gets, and where they stand.

    In its default, its type, or the type that its type is a name for: `Depends(get_session)`.
    """
    default, hint, home = binding.expression, binding.annotation, binding.block
    if isinstance(hint, (cst.Name, cst.Attribute)):
        named = evaluator.value(hint, home)
        hint, home = (named.node, named.block) if isinstance(named, Hint) else (None, home)
    for part, block in ((default, binding.block), (hint, home)):
        for one in descend(part) if part is not None else ():
            if isinstance(one, cst.Call) and last_name(one.func) in _INJECTING:
                yield one, block


def is_injected(evaluator: Evaluator, block: Block) -> bool:
    """Whether FastAPI calls a lambda for a parameter: `Depends(lambda: SessionLocal())`.

    Another framework may have a `Depends` of its own in the same module.
    """
    around = block.parent
    if around is None:
        return False
    telling = (call for call in around.near.calls if last_name(call.func) in _INJECTING)
    given = (call.func for call in telling if next(arguments(call), None) is block.node)
    tellers = (evaluator.value(one, around) for one in given)
    return any(isinstance(one, Symbol) and one.name.startswith("fastapi.") for one in tellers)


def _unowned(found: Value) -> Value:
    is_resource = isinstance(found, Thing) and found.type.kind in {Kind.SESSION, Kind.CONNECTION}
    return UNKNOWN if is_resource else found


def _items(evaluator: Evaluator, annotation: cst.Subscript, block: Block) -> Value:
    """`tuple[Engine, sessionmaker[Session]]`; of `tuple[Session, ...]` nobody knows the length."""
    parts = [part.slice.value for part in annotation.slice if isinstance(part.slice, cst.Index)]
    if any(isinstance(part, cst.Ellipsis) for part in parts):
        return UNKNOWN
    return Items(tuple(value(evaluator, part, block) for part in parts))


def _instance(evaluator: Evaluator, found: Value) -> Value:
    match found:
        case Hint(node=node, block=block):
            return value(evaluator, node, block)
        case Symbol(name=name) if name in ANNOTATIONS:
            return Thing(TYPES[ANNOTATIONS[name]])
        case Symbol(name=name) if name in CALLS and CALLS[name].how is How.MAKER:
            return Maker(Thing(TYPES[CALLS[name].type], is_fresh=True))
        case ClassValue(block=block):
            thing = classes.as_thing(evaluator, block)
            if thing is not None:
                return thing
            return OTHER if _is_overridden(block) else Instance(block)
    return UNKNOWN


def _is_overridden(block: Block) -> bool:
    """Whether a class in the same module derives from this one and does something otherwise.

    A parameter of that type may be either.
    """
    # No class begins among the bases of another, so each character is looked at once.
    bases = r"[^)\n]*(?:\n(?!class\b)[^)\n]*)*"
    heads = rf"^class[ \t]+(\w+)[ \t]*\({bases}\b{re.escape(block.name)}\b"
    for match in re.finditer(heads, block.home.reader.text, re.MULTILINE):
        derived = (one.target for one in block.home.top.bindings(match[1]) if one.target)
        own = {name for one in derived for name in one.names if not name.startswith("__")}
        if not own.isdisjoint(block.names):
            return True
    return False


def _maker(evaluator: Evaluator, annotation: cst.Subscript, block: Block) -> Value:
    """`sessionmaker[AsyncSession]`, by its parameter; any other generic by its class."""
    found = _instance(evaluator, evaluator.value(annotation.value, block))
    if not isinstance(found, Maker):
        return found
    made = value(evaluator, _first_index(annotation), block)
    return Maker(Thing(made.type, is_fresh=True)) if isinstance(made, Thing) else found


def _first_index(annotation: cst.Subscript) -> cst.BaseExpression:
    inner = annotation.slice[0].slice
    return inner.value if isinstance(inner, cst.Index) else annotation.value


def _quoted(evaluator: Evaluator, annotation: cst.SimpleString, block: Block) -> Value:
    parsed = _unquoted(annotation)
    return UNKNOWN if parsed is None else value(evaluator, parsed, block)


def _unquoted(annotation: cst.SimpleString) -> cst.BaseExpression | None:
    text = annotation.evaluated_value
    try:
        parsed = cst.parse_expression(text) if isinstance(text, str) else None
    except (cst.ParserSyntaxError, cst.CSTValidationError, cst.CSTLogicError):
        return None
    return None if isinstance(parsed, cst.SimpleString) else parsed


def _generic(name: str, block: Block) -> cst.Subscript | None:
    """The generic class that a name of the module stands for: `Maker = sessionmaker[…]`."""
    match block.home.top.bindings(name):
        case [Binding(how=Bound.VALUE, expression=cst.Subscript() as found)]:
            return None if is_type(found) else found
    return None


def is_type(node: cst.Subscript) -> bool:
    """Whether something is a type alone, and nothing that is called: `Optional[Session]`."""
    return last_name(node.value) in _WRAPPERS | _TUPLES
