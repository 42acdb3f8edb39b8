"""What calls give, and who has to release it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import libcst as cst

from sessionlint.facts import choices, classes, conventions, lenders, rebound
from sessionlint.facts.binds import as_told, bind_of, bound_before, gives_back, is_connection
from sessionlint.facts.caching import is_cache
from sessionlint.facts.catalog import CALLS, METHODS, TYPES, Gift, How, Kind
from sessionlint.facts.configured import is_named
from sessionlint.facts.parameters import lacks
from sessionlint.facts.scopes import Block
from sessionlint.facts.syntax import (
    MANAGERS,
    arguments,
    decorator_name,
    keyword,
    last_name,
    last_statement,
)
from sessionlint.facts.values import (
    NONE,
    OTHER,
    UNKNOWN,
    ClassValue,
    Foreign,
    FunctionValue,
    Instance,
    Maker,
    Managed,
    Method,
    Pending,
    Stream,
    Symbol,
    Thing,
    Value,
    borrowed,
    joined,
)
from sessionlint.source.threads import PASSING, THREADED

if TYPE_CHECKING:
    from sessionlint.facts.evaluate import Evaluator

__all__ = [
    "CASTS",
    "called",
    "called_names",
    "is_declaration",
    "result",
    "returned",
    "thing",
]

_TRANSPARENT: Final = frozenset(
    "staticmethod classmethod property cached_property abstractmethod override final retry wraps "
    "inject deprecated overload typechecked beartype validate_call catch".split()
)
CASTS: Final = frozenset({"typing.cast", "typing_extensions.cast"})
"""What gives its argument back under another type, and with it to whoever gets that."""

_SAME: Final = CASTS | {"functools.partial", "asyncio.wait_for", "asyncio.shield"}
"""What gives, when it is called or awaited, what its first argument gives; a cast its last."""


def thing(name: str) -> Thing:
    """An object of the catalogue that somebody else releases."""
    return Thing(TYPES[name])


def called_names(call: cst.Call) -> Iterator[tuple[str, bool]]:
    """The last name of what a call calls, here or in a thread; and whether of an attribute."""
    func = call.func.value if type(call.func) is cst.Subscript else call.func
    name = last_name(func)
    yield name, type(func) is cst.Attribute
    if name in PASSING:
        yield from ((last_name(value), False) for value in arguments(call))


def result(evaluator: Evaluator, call: cst.Call, block: Block) -> Value:
    """What a call gives."""
    if is_named(evaluator, call.func, block, evaluator.names.managers):
        return Managed(UNKNOWN)
    if is_named(evaluator, call.func, block, evaluator.names.factories):
        return Thing(TYPES["Session"], is_fresh=True)
    callee = rebound.callee(evaluator, call, block)
    if _is_another(evaluator, callee, call, block):
        callee = UNKNOWN
    found = _result(evaluator, callee, call, block)
    if found == UNKNOWN or isinstance(found, Foreign):
        guess = conventions.guess(call, block, found)
        is_lent = guess != found and lenders.lends(evaluator, callee, call)
        return OTHER if is_lent else guess
    return found


def _is_another(evaluator: Evaluator, callee: Value, call: cst.Call, block: Block) -> bool:
    """Whether a method that was found by its name alone is another, as what is around it tells."""
    if not isinstance(callee, FunctionValue) or not isinstance(call.func, cst.Attribute):
        return False
    owner = callee.owner
    is_odd = lacks(callee, call) or (owner and conventions.is_of_no(owner, call.func, block))
    return bool(is_odd) and evaluator.value(call.func.value, block) == UNKNOWN


def _result(evaluator: Evaluator, callee: Value, call: cst.Call, block: Block) -> Value:
    match callee:
        case Symbol(name=name):
            return _library(evaluator, name, call, block)
        case Maker(made=made):
            bind = keyword(call, "bind") or bound_before(call, block)
            if bind is None or gives_back(call, block):
                return as_told(made, call)
            return _bound(evaluator, as_told(made, call), bind, block)
        case FunctionValue():
            return called(evaluator, callee)
        case ClassValue(block=of):
            known = classes.as_thing(evaluator, of)
            return _session(evaluator, known, call, block) if known else Instance(of)
        case Instance(block=of):
            method = classes.member(evaluator, of, "__call__")
            return called(evaluator, method) if isinstance(method, FunctionValue) else UNKNOWN
        case Thing():
            given = _method(callee, "__call__", callee)
            is_alone = callee.is_fresh and _is_registry_of_its_own(call)
            return replace(given, is_fresh=True) if is_alone and isinstance(given, Thing) else given
        case Method(of=of, name=name):
            return _method(of, name, of)
        case Foreign(name=name):
            return Foreign(name)
    return OTHER if callee == OTHER else UNKNOWN


def _is_registry_of_its_own(call: cst.Call) -> bool:
    """Whether nobody else has the registry that is asked: `scoped_session(maker)()`."""
    made = call.func
    return isinstance(made, cst.Call) and last_name(made.func).endswith("scoped_session")


def _library(evaluator: Evaluator, name: str, call: cst.Call, block: Block) -> Value:
    gift = CALLS.get(name)
    first = next(arguments(call), None)
    if gift is None:
        return _helper(evaluator, name, first, call, block)
    if gift.how is How.MAKER:
        made, bind = as_told(_made(evaluator, gift, call, block), call), bind_of(call)
        is_lent = bind is not None and is_connection(evaluator, bind, block, is_for_all=True)
        return Maker(replace(made, is_fresh=not is_lent and not gives_back(call, block)))
    given = _given(gift, UNKNOWN)
    if gift.how is How.BORROWED:
        return given
    if isinstance(given, Thing) and given.type.kind is Kind.SESSION:
        return _session(evaluator, given, call, block)
    if isinstance(given, Thing) and given.type.kind is Kind.REGISTRY and first is not None:
        maker = evaluator.value(first, block)
        return replace(given, is_fresh=not isinstance(maker, Maker) or maker.made.is_fresh)
    return given


def _helper(
    evaluator: Evaluator, name: str, first: cst.BaseExpression | None, call: cst.Call, block: Block
) -> Value:
    """Functions of the standard library and of frameworks that give what another gives."""
    last = name.rpartition(".")[2]
    if first is None:
        is_super = name == "builtins.super"
        return _super(evaluator, block) if is_super else _outside(name)
    if last in THREADED:
        return Pending(_result(evaluator, evaluator.value(first, block), call, block))
    if name == "random.choice":
        return choices.one_of(evaluator, first, block)
    if name in _SAME:
        return evaluator.value(list(arguments(call))[-1] if last == "cast" else first, block)
    if name in {"contextlib.closing", "contextlib.aclosing"}:
        return Managed(evaluator.value(first, block))
    return _outside(name)


def _outside(name: str) -> Value:
    return OTHER if name.startswith("builtins.") else Foreign(name)


def _super(evaluator: Evaluator, block: Block) -> Value:
    owner = next((scope.owner for scope in block.scopes if scope.owner is not None), None)
    if owner is None:
        return UNKNOWN
    above = [base for base in classes.bases(evaluator, owner) if isinstance(base, ClassValue)]
    return Instance(above[0].block) if above else UNKNOWN


def _made(evaluator: Evaluator, gift: Gift, call: cst.Call, block: Block) -> Thing:
    """What a sessionmaker gives; `class_` says whether it is asynchronous."""
    given = list(arguments(call))
    chosen = keyword(call, "class_") or (given[1] if len(given) > 1 else None)
    made = thing(gift.type)
    if chosen is None:
        return made
    match rebound.before(evaluator, chosen, block):
        case Symbol(name=name) if name in CALLS:
            return thing(CALLS[name].type)
        case ClassValue(block=of) if (known := classes.as_thing(evaluator, of)) is not None:
            return known
    return replace(made, is_own=True)


def _session(evaluator: Evaluator, given: Thing, call: cst.Call, block: Block) -> Value:
    """A session made by hand."""
    if gives_back(call, block):
        return replace(given, is_fresh=False)
    if given.type.kind is not Kind.SESSION:
        return replace(given, is_fresh=True)
    bind = bind_of(call)
    if bind is not None:
        return _bound(evaluator, as_told(given, call), bind, block)
    is_told = any(arg.keyword is not None or arg.star for arg in call.args)
    return replace(as_told(given, call), is_fresh=is_told)


def _bound(evaluator: Evaluator, given: Thing, bind: cst.BaseExpression, block: Block) -> Value:
    """A session; one bound to somebody's connection takes none of its own."""
    return replace(given, is_fresh=not is_connection(evaluator, bind, block))


def _method(of: Value, name: str, owner: Value) -> Value:
    if isinstance(of, Maker):
        return Managed(borrowed(of.made)) if name == "begin" else OTHER
    if not isinstance(of, Thing):
        return UNKNOWN
    gift = METHODS.get((of.type.name, name))
    return OTHER if gift is None else _given(gift, owner)


def _given(gift: Gift, owner: Value) -> Value:
    if gift.how is How.ITSELF:
        return owner
    given = Thing(TYPES[gift.type])
    match gift.how:
        case How.FRESH:
            return replace(given, is_fresh=True)
        case How.FRESH_ON_AWAIT:
            return Pending(replace(given, is_fresh=True))
        case How.MANAGER:
            return Managed(given)
    return given


def called(evaluator: Evaluator, function: FunctionValue) -> Value:
    """What calling a function of the project gives, seen through its decorators."""
    block = function.block
    found = returned(evaluator, block)
    for decorator in reversed(block.decorators):
        name = decorator_name(decorator)
        if name in MANAGERS and isinstance(found, Stream):
            found = Managed(found.item)
        elif is_cache(evaluator, decorator, block):
            found = _shared(found)
        elif name not in _TRANSPARENT:
            return UNKNOWN
    return found


def _shared(value: Value) -> Value:
    if isinstance(value, Pending):
        return Pending(_shared(value.result))
    return replace(value, is_fresh=False, is_cached=True) if isinstance(value, Thing) else value


def returned(evaluator: Evaluator, block: Block) -> Value:
    """What a function's own code gives, its decorators left aside."""
    if block.yields:
        items = [evaluator.value(value, block) for value in map(_lent, block.yields) if value]
        return Stream(borrowed(joined(items)), block)
    values = [evaluator.value(node.value, block) for node in block.returns if node.value]
    gives_none = not values and not is_declaration(block)
    found = NONE if gives_none else joined(values)
    if found == UNKNOWN:
        from sessionlint.facts import annotations

        found = annotations.promised(evaluator, block)
    return Pending(found) if block.is_async else found


def _lent(node: cst.Yield) -> cst.BaseExpression | None:
    """What a plain `yield` gives; None for `yield from` and a bare `yield`."""
    return node.value if isinstance(node.value, cst.BaseExpression) else None


def is_declaration(block: Block) -> bool:
    """Whether a function says what there is, for others to do it."""
    assert isinstance(block.node, cst.FunctionDef)
    last = last_statement(block.node.body)
    raised = [last.exc] if isinstance(last, cst.Raise) and last.exc else []
    named = map(last_name, (*raised, *(call.func for call in block.calls)))
    raises = "NotImplementedError" in named
    return raises or (len(block.node.body.body) <= 2 and not block.calls)
