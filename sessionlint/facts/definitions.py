"""Which of the definitions and values of a name say what it is."""

from __future__ import annotations

import libcst as cst

from sessionlint.facts.catalog import CALLS, LIBRARIES, Gift
from sessionlint.facts.catalog import How as Gives
from sessionlint.facts.rebound import lasting
from sessionlint.facts.scopes import Binding, Block, BlockKind, How
from sessionlint.facts.syntax import decorator_name, dotted, last_statement
from sessionlint.facts.values import UNKNOWN, Maker, Symbol, Value
from sessionlint.source.naming import is_telling_default

__all__ = ["found_values", "implementations", "is_seen_default"]


def implementations(bindings: list[Binding]) -> list[Binding]:
    """The bindings of a name without those that are replaced, and functions that give nothing.

    These say how it is typed, or stand in for what cannot be imported and always raise.
    """
    if len(bindings) == 1:
        return bindings
    real = [
        one for one in lasting(bindings) if one.target is None or not _gives_nothing(one.target)
    ]
    return real or bindings


def found_values(bindings: list[Binding], values: list[Value]) -> list[Value]:
    """The values of a name, but for imports that are not found where one of that module is.

    `try: from app.db import make` with `except ImportError: from db import make` names one module
    for two ways to start the program, of which a checker sees one. And who imports `Session` to
    call a sessionmaker so, calls that.
    """
    if len(values) == 1:
        return values
    makers = [one for one in values if isinstance(one, Maker)]
    pairs = [
        (one, value)
        for one, value in zip(bindings, values, strict=True)
        if not (isinstance(value, Symbol) and any(_is_of_class(maker, value) for maker in makers))
    ]
    there = {id(one): one for one, value in pairs if not _is_missing(one, value)}
    return [
        value
        for one, value in pairs
        if id(one) in there or not any(_is_of_same(one, other) for other in there.values())
    ]


def _is_of_class(maker: Maker, symbol: Symbol) -> bool:
    """Whether a maker gives what a class of the library gives."""
    gift = CALLS.get(symbol.name)
    return gift is not None and gift == Gift(Gives.FRESH, maker.made.type.name)


def _is_missing(binding: Binding, value: Value) -> bool:
    if binding.how is not How.IMPORT_FROM or binding.origin.partition(".")[0] in LIBRARIES:
        return False
    name = f"{binding.origin}.{binding.item}"
    return value == UNKNOWN or (isinstance(value, Symbol) and value.name == name)


def _is_of_same(missing: Binding, found: Binding) -> bool:
    """Whether two imports take a name from modules of which one is named like the other's end."""
    if found.how is not How.IMPORT_FROM or missing.item != found.item:
        return False
    short, long = sorted((f".{one.origin.lstrip('.')}" for one in (missing, found)), key=len)
    return long.endswith(short)


def _gives_nothing(block: Block) -> bool:
    if block.kind is not BlockKind.FUNCTION:
        return False
    is_overload = any(decorator_name(one) == "overload" for one in block.decorators)
    return is_overload or _always_raises(block)


def _always_raises(block: Block) -> bool:
    if block.returns or block.yields or not isinstance(block.node, cst.FunctionDef):
        return False
    return isinstance(last_statement(block.node.body), cst.Raise)


def is_seen_default(parameter: Binding) -> bool:
    """Whether the default of a parameter, if that is a name, is looked at by the gate as well."""
    name = None if parameter.expression is None else dotted(parameter.expression)
    if name is None or not isinstance(parameter.node, cst.Param):
        return True
    return is_telling_default(name.encode(), parameter.node.name.value.encode())
