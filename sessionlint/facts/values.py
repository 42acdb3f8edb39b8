"""What an expression is: the small domain that names are resolved into."""

from __future__ import annotations

from dataclasses import dataclass, replace

import libcst as cst

from sessionlint.facts.catalog import EITHER, OTHER_CONNECTS, Type
from sessionlint.facts.module import Module
from sessionlint.facts.scopes import Binding, Block, How

__all__ = [
    "NONE",
    "OTHER",
    "UNKNOWN",
    "Choice",
    "ClassValue",
    "Foreign",
    "FunctionValue",
    "Hint",
    "Instance",
    "Items",
    "Maker",
    "Managed",
    "Method",
    "ModuleValue",
    "Other",
    "Pending",
    "Stream",
    "Symbol",
    "Thing",
    "Value",
    "borrowed",
    "joined",
    "taken",
]


@dataclass(frozen=True, slots=True)
class Value:
    """Nothing is known."""


@dataclass(frozen=True, slots=True)
class Other(Value):
    """Certainly nothing of interest."""


@dataclass(frozen=True, slots=True)
class Nothing(Value):
    """The constant None."""


@dataclass(frozen=True, slots=True)
class Symbol(Value):
    """A name of a library, fully qualified."""

    name: str


@dataclass(frozen=True, slots=True)
class Foreign(Value):
    """What calling a library's unlisted function gives; `name` is the function's."""

    name: str


@dataclass(frozen=True, slots=True)
class ModuleValue(Value):
    """A module of the project."""

    module: Module


@dataclass(frozen=True, slots=True)
class FunctionValue(Value):
    """A function of the project; `owner` is the class it was taken from, for a method."""

    block: Block
    owner: Block | None = None


@dataclass(frozen=True, slots=True)
class ClassValue(Value):
    """A class of the project."""

    block: Block


@dataclass(frozen=True, slots=True)
class Instance(Value):
    """An object of a project class."""

    block: Block


@dataclass(frozen=True, slots=True)
class Thing(Value):
    """An object of the catalogue.

    `is_fresh`: the call that gave it acquired it, so whoever called has to release it. `is_maybe`:
    the same call may give something else instead (None, a tuple). `is_cached`: everybody who calls
    gets the same one. `is_guess`: known by its name alone, to be confirmed by how it is used.
    `is_own`: of a class of the project that opens or closes in a way of its own. `is_lasting`: what
    a session has loaded is as it was behind a commit.
    """

    type: Type
    is_fresh: bool = False
    is_maybe: bool = False
    is_cached: bool = False
    is_guess: bool = False
    is_own: bool = False
    is_lasting: bool = False

    @property
    def is_expiring(self) -> bool:
        """Whether it loads its objects again that are read behind a commit.

        Source: SQLAlchemy 2.0, Session, `expire_on_commit`; an asynchronous one refuses to.
        """
        return self.type.is_session and not (self.type.is_async or self.is_lasting)

    @property
    def is_sure(self) -> bool:
        """Whether it is the library's own, and nothing else."""
        return not (self.is_maybe or self.is_guess or self.is_own)


@dataclass(frozen=True, slots=True)
class Maker(Value):
    """A callable that gives `made`: a sessionmaker."""

    made: Thing


@dataclass(frozen=True, slots=True)
class Method(Value):
    """A method of a catalogue object, or of a maker, not yet called."""

    of: Value
    name: str


@dataclass(frozen=True, slots=True)
class Pending(Value):
    """Something that gives `result` when awaited."""

    result: Value


@dataclass(frozen=True, slots=True)
class Managed(Value):
    """A context manager that lends `lent` for the length of a block."""

    lent: Value


@dataclass(frozen=True, slots=True)
class Stream(Value):
    """A generator object that yields `item`; `block` is the generator function."""

    item: Value
    block: Block


@dataclass(frozen=True, slots=True)
class Items(Value):
    """A tuple of known length."""

    items: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Choice(Value):
    """A list or dictionary of which each part is an `item`."""

    item: Value


@dataclass(frozen=True, slots=True)
class Hint(Value):
    """A type that somebody gave a name: `SessionDep = Annotated[Session, Depends(get_session)]`."""

    node: cst.Subscript
    block: Block


UNKNOWN = Value()
OTHER = Other()
NONE = Nothing()


def borrowed(value: Value) -> Value:
    """The same object seen by somebody who does not own it."""
    return replace(value, is_fresh=False) if isinstance(value, Thing) else value


def taken(binding: Binding, value: Value) -> Value:
    """What a target gets of a value that is entered, unpacked or iterated."""
    match binding.how, value:
        case How.ITEM, Items(items=items) if binding.slot < len(items):
            return items[binding.slot]
        case How.WITH, Managed(lent=lent):
            return borrowed(lent)
        case How.WITH, Thing() | Pending(result=Thing()):
            return borrowed(value.result if isinstance(value, Pending) else value)
        case How.ITERATION, Stream(item=item):
            return borrowed(item)
    return UNKNOWN


def joined(values: list[Value]) -> Value:
    """One value for an expression that may be any of these.

    None is left out. One kind of fresh object beside other known things is that object, perhaps;
    whatever else does not agree is unknown.
    """
    kinds: list[Value] = []
    for value in values:
        if value not in kinds:
            kinds.append(value)
    told = [value for value in kinds if value != NONE]
    if not told:
        return NONE if kinds else UNKNOWN
    is_maybe = len(told) < len(kinds)
    if any(map(_is_plain_connection, told)):
        # By configuration one of psycopg2 or of another driver: both are to be closed.
        told = [value for value in told if not _is_of_another_driver(value)]
    things = [value for value in told if isinstance(value, Thing)]
    if len(told) > 1 and len(things) == 1 and things[0].is_fresh:
        rest = [value for value in told if value is not things[0]]
        if all(isinstance(value, (Items, Other, Instance)) for value in rest):
            return replace(things[0], is_maybe=True)
    tuples = [value.items for value in told if isinstance(value, Items)]
    if len(tuples) == len(told) > 1:
        # `return session, engine` and elsewhere `return session, engine, metadata`.
        return Items(tuple(joined([*column]) for column in zip(*tuples, strict=False)))
    if len(told) != 1:
        return _agreed(things) if len(things) == len(told) else UNKNOWN
    only = told[0]
    return replace(only, is_maybe=True) if is_maybe and isinstance(only, Thing) else only


def _is_plain_connection(value: Value) -> bool:
    return isinstance(value, Thing) and value.type.name == "psycopg2.connection" and value.is_fresh


def _is_of_another_driver(value: Value) -> bool:
    return isinstance(value, Foreign) and value.name in OTHER_CONNECTS


def _agreed(things: list[Thing]) -> Value:
    """Objects of a type that differ in who owns them: the type is known, the owner is not."""
    types = {thing.type.name for thing in things}
    fresh = {thing.is_fresh for thing in things}
    either, kinds = EITHER
    if len(types) > 1 and not types <= kinds:
        return UNKNOWN
    return replace(
        things[0],
        type=either if len(types) > 1 else things[0].type,
        is_fresh=fresh == {True},
        is_maybe=len(fresh) > 1 or any(thing.is_maybe for thing in things),
        is_cached=any(thing.is_cached for thing in things),
        is_guess=any(thing.is_guess for thing in things),
        is_own=any(thing.is_own for thing in things),
        is_lasting=any(thing.is_lasting for thing in things),
    )
