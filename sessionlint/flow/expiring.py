"""Objects of a session, which a commit expires: to read one takes the connection again.

Source: SQLAlchemy 2.0, "Committing". An asynchronous session refuses to load what is missing by
itself, so there nothing takes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

import libcst as cst

from sessionlint.facts.scopes import Binding, Block, How
from sessionlint.facts.syntax import arguments, bare, dotted, is_name, last_name
from sessionlint.flow.harmless import ASKING, COLLECTING, EMPTY_CALLS, REFINING, SAFE_CALLS, logs

if TYPE_CHECKING:
    from sessionlint.flow.nodes import Nodes

__all__ = ["NOTHING", "Loaded", "is_read", "is_taken_to_read", "loaded"]

_ONE: Final = frozenset("first one one_or_none get scalar_one scalar_one_or_none scalar".split())
"""Methods of a query or a result that give an object."""

_SAME: Final = REFINING | {"all", "unique", "with_for_update", "populate_existing", "yield_per"}
"""Methods of a query or a result that give another one, or all of its objects."""

_LISTING: Final = frozenset({"list", "tuple", "set", "sorted", "reversed"})
_LEAVING: Final = frozenset({"delete", "expunge", "make_transient"})
"""What takes objects out of their session, which loads them no more."""

_NOT_READING: Final = ASKING | SAFE_CALLS | EMPTY_CALLS | COLLECTING


class Loaded(NamedTuple):
    """The variables that hold an object of a session, and those that hold a list or query of them.

    A variable may hold nothing instead.
    """

    objects: frozenset[str] = frozenset()
    lists: frozenset[str] = frozenset()

    @property
    def names(self) -> frozenset[str]:
        """All of them."""
        return self.objects | self.lists

    def without(self, names: set[str]) -> Loaded:
        """The same but for some variables."""
        return Loaded(self.objects - names, self.lists - names)


NOTHING: Final = Loaded()


class _Kind(Enum):
    """What an expression gives."""

    OBJECT = "an object of the session"
    LIST = "objects of the session, or a query of them"
    RESULT = "rows that hold an object each"


_RUNNING: Final = {
    **dict.fromkeys(("scalars", "exec"), _Kind.LIST),
    "scalar": _Kind.OBJECT,
    "execute": _Kind.RESULT,
}
"""Methods of a session that run a statement."""


def loaded(body: Nodes, sessions: frozenset[str]) -> Loaded:
    """What a function has loaded by a session that has one of these names, or has added to it."""
    calls = [(last_name(call.func), call) for call in body.of(cst.Call)]
    if any(method == "expunge_all" for method, _ in calls):
        return NOTHING
    left = {name for method, call in calls if method in _LEAVING for name in _named(call)}
    own = [(method, call) for method, call in calls if _owner(call) in sessions]
    added = frozenset(name for method, call in own if method == "add" for name in _named(call))
    lists = [call for method, call in own if method == "add_all"]
    several = frozenset(name for call in lists for name in _named(call))
    single = frozenset(name for call in lists for name in _named_in_display(call))
    found = Loaded(added | single, several)
    return _all_loaded(body.block, sessions, found).without(left)


def is_read(found: Loaded, value: cst.BaseExpression) -> bool:
    """Whether an attribute or a method of an object is asked for: `user.name`, `users[0].name`."""
    match value:
        case cst.Attribute(attr=cst.Name(value=name)) if name.startswith("__"):
            return False
        case cst.Attribute(value=cst.Name(value=name)):
            return name in found.objects
        case cst.Attribute(value=cst.Subscript(value=cst.Name(value=name))):
            return name in found.lists
    return False


def is_taken_to_read(found: Loaded, call: cst.Call) -> bool:
    """Whether a call gets objects, and may read them: `UserOut.model_validate(user)`."""
    if last_name(call.func) in _NOT_READING or dotted(call.func) in _NOT_READING or logs(call):
        return False
    return is_read(found, call.func) or any(
        isinstance(x.value, cst.Name) and x.value.value in found.names for x in call.args
    )


def _owner(call: cst.Call) -> str:
    """The name of what has the method that is called, empty where it has none."""
    owner = call.func.value if isinstance(call.func, cst.Attribute) else None
    return owner.value if isinstance(owner, cst.Name) else ""


def _named(call: cst.Call) -> Iterator[str]:
    """The variables that a call gets."""
    return (value.value for value in arguments(call) if isinstance(value, cst.Name))


def _named_in_display(call: cst.Call) -> Iterator[str]:
    """The variables in a list that is written out in a call."""
    displays = (value for value in arguments(call) if isinstance(value, (cst.List, cst.Tuple)))
    values = (part.value for display in displays for part in display.elements)
    return (value.value for value in values if isinstance(value, cst.Name))


def _all_loaded(block: Block, sessions: frozenset[str], found: Loaded) -> Loaded:
    """The same with all variables that get their values from these, or from a session."""
    given = _Given(block, sessions, found)
    names = [name for name in block.names if name not in found.names]
    objects = frozenset(name for name in names if given.is_ever(name, _Kind.OBJECT))
    lists = frozenset(name for name in names if given.is_ever(name, _Kind.LIST))
    if not objects and not lists:
        return found
    return _all_loaded(block, sessions, Loaded(found.objects | objects, found.lists | lists))


class _Given(NamedTuple):
    """What expressions of a function give, as far as that comes from a session."""

    block: Block
    sessions: frozenset[str]
    found: Loaded

    def is_ever(self, name: str, kind: _Kind) -> bool:
        """Whether a variable holds nothing of another kind, but perhaps None.

        `query = query.limit(1)` says nothing new.
        """
        bindings = [one for one in self.block.bindings(name) if not one.is_none]
        if not any(self._of_binding(one, name) is kind for one in bindings):
            return False
        more = Loaded(self.found.objects, self.found.lists | {name})
        given = self._replace(found=more) if kind is _Kind.LIST else self
        return all(given._of_binding(one, name) is kind for one in bindings)

    def _of_binding(self, binding: Binding, name: str) -> _Kind | None:
        match binding.node:
            case cst.For(target=target, iter=several) | cst.CompFor(target=target, iter=several):
                is_one = is_name(target, name) and self._of(several) is _Kind.LIST
                return _Kind.OBJECT if is_one else None
        return self._of(binding.expression) if binding.how is How.VALUE else None

    def _of(self, value: cst.BaseExpression | None) -> _Kind | None:
        match None if value is None else bare(value):
            case cst.Name(value=name) if name in self.found.objects:
                return _Kind.OBJECT
            case cst.Name(value=name):
                return _Kind.LIST if name in self.found.lists else None
            case cst.Subscript(value=several, slice=[cst.SubscriptElement(slice=part)]):
                one = _Kind.OBJECT if isinstance(part, cst.Index) else _Kind.LIST
                return one if self._of(several) is _Kind.LIST else None
            case cst.Call(func=cst.Name(value=name), args=[first, *_]) if name in _LISTING:
                return self._of(first.value)
            case cst.Call(func=cst.Attribute(value=owner, attr=cst.Name(value=method))) as call:
                if isinstance(owner, cst.Name) and owner.value in self.sessions:
                    return self._of_session(method, call)
                return _after(self._of(owner), method)
        return None

    def _of_session(self, method: str, call: cst.Call) -> _Kind | None:
        """What a method of a session gives; a query or statement has to be of one class."""
        asked = list(arguments(call))
        if method in {"get", "get_one", "merge"}:
            return _Kind.OBJECT
        if method == "query":
            return _Kind.LIST if len(asked) == 1 and _is_entity(asked[0]) else None
        if method not in _RUNNING or not asked or not self._selects(asked[0]):
            return None
        return _RUNNING[method]

    def _selects(
        self, statement: cst.BaseExpression | None, asked: frozenset[str] = frozenset()
    ) -> bool:
        """Whether a statement is `select(User)` with anything behind it, be it by a name.

        `asked` are the names on the way: `statement = statement.where(…)` says nothing new.
        """
        match statement:
            case cst.Name(value=name):
                bindings, inside = self.block.bindings(name), asked | {name}
                return name in asked or (
                    bool(bindings) and all(self._selects(x.expression, inside) for x in bindings)
                )
            case cst.Call(func=func, args=args) if last_name(func) == "select":
                return len(args) == 1 and _is_entity(args[0].value)
            case cst.Call(func=cst.Attribute(value=owner, attr=cst.Name(value=method))):
                return method != "with_only_columns" and self._selects(owner, asked)
        return False


def _after(kind: _Kind | None, method: str) -> _Kind | None:
    """What a method of a query or a result gives."""
    if kind is None or kind is _Kind.OBJECT:
        return None
    if method in _ONE:
        return _Kind.OBJECT
    if kind is _Kind.RESULT:
        return _Kind.LIST if method == "scalars" else None
    return _Kind.LIST if method in _SAME else None


def _is_entity(value: cst.BaseExpression) -> bool:
    """Whether a query asks for a class, `User` or `models.User`, and not for columns."""
    name = last_name(value)
    return name[:1].isupper() and not (len(name) > 1 and name.isupper())
