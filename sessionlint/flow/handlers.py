"""Which exceptions an `except` clause catches."""

from __future__ import annotations

import builtins
from enum import Enum
from typing import Final

import libcst as cst

from sessionlint.facts.syntax import Handler, Try, dotted, last_name
from sessionlint.flow.ways import Exit, Way
from sessionlint.source.walk import descend

__all__ = [
    "Catch",
    "catches_cancellation",
    "caught",
    "listed",
    "takes",
    "taking",
    "type_name",
    "type_of",
]


class Catch(Enum):
    """Whether a handler takes an exception."""

    ALWAYS = "always"
    MAYBE = "perhaps"
    NEVER = "never"


_ALL: Final = frozenset({"BaseException"})
_CANCELLED: Final = frozenset({"CancelledError", "get_cancelled_exc_class", "Cancelled"})
_OF_FILES: Final = frozenset({"OSError", "IOError", "EnvironmentError"})
_REMOVING: Final = frozenset(
    "os.remove os.unlink os.rmdir os.removedirs shutil.rmtree os.path.exists os.path.isfile "
    "os.path.isdir os.path.join Path pathlib.Path".split()
)
_REMOVING_METHODS: Final = frozenset({"unlink", "rmdir", "exists", "is_file", "is_dir"})
_NOT_ERRORS: Final = _CANCELLED | {"GeneratorExit", "KeyboardInterrupt", "SystemExit"}


def caught(handler: Handler, exit_: Exit) -> Catch:
    """Whether a handler takes what leaves by an exit.

    Source: `asyncio.CancelledError` and `GeneratorExit` derive from BaseException alone.
    """
    return takes(_names(handler.type), exit_)


def takes(names: set[str] | None, exit_: Exit) -> Catch:
    """Whether one of these types, None for all there are, is that of what leaves by an exit."""
    if exit_.way not in {Way.ERROR, Way.CANCEL, Way.STOP, Way.RAISE}:
        return Catch.NEVER
    if names is None or names & _ALL:
        return Catch.ALWAYS
    answers = {_by_name(name, exit_) for name in names}
    if Catch.ALWAYS in answers:
        return Catch.ALWAYS
    return Catch.MAYBE if Catch.MAYBE in answers else Catch.NEVER


def taking(node: Try, exit_: Exit) -> tuple[list[Handler], bool]:
    """The handlers that may take what leaves the body, and whether one is sure to.

    That one is first: of two that lead to one end it is told, for it takes most.
    """
    perhaps: list[Handler] = []
    for handler in node.handlers:
        catch = caught(handler, exit_)
        if catch is Catch.ALWAYS or (catch is Catch.MAYBE and _takes_all_of(handler, node.body)):
            return [handler, *perhaps], True
        if catch is Catch.MAYBE:
            perhaps.append(handler)
    return perhaps, False


def _takes_all_of(handler: Handler, body: cst.BaseSuite) -> bool:
    """Whether a handler is for OSError, and all that its `try` calls removes files.

    Source: `os.remove` and its like raise OSError and nothing else, given a path.
    """
    if not _OF_FILES & (_names(handler.type) or set()):
        return False
    calls = [node for node in descend(body) if type(node) is cst.Call]
    return bool(calls) and all(
        dotted(call.func) in _REMOVING or last_name(call.func) in _REMOVING_METHODS
        for call in calls
    )


def catches_cancellation(handler: Handler) -> bool:
    """Whether a cancellation ends in a handler."""
    return caught(handler, Exit(Way.CANCEL)) is Catch.ALWAYS


def _names(kind: cst.BaseExpression | None) -> set[str] | None:
    """The names of the types a handler lists, None for a bare `except`."""
    return None if kind is None else {type_name(one) for one in listed(kind)}


def listed(kind: cst.BaseExpression) -> list[cst.BaseExpression]:
    """The types that a handler lists."""
    return [one.value for one in kind.elements] if isinstance(kind, cst.Tuple) else [kind]


def type_of(error: cst.BaseExpression) -> cst.BaseExpression:
    """The class of an error that is named by its class, or made on the spot."""
    return error.func if isinstance(error, cst.Call) else error


def type_name(error: cst.BaseExpression) -> str:
    """The last name of that class; empty where it has none."""
    return last_name(type_of(error))


def _by_name(name: str, exit_: Exit) -> Catch:
    match exit_.way:
        case Way.CANCEL:
            return Catch.ALWAYS if name in _CANCELLED else Catch.NEVER
        case Way.STOP:
            return Catch.ALWAYS if name == "GeneratorExit" else Catch.NEVER
        case Way.ERROR:
            if name == "Exception":
                return Catch.ALWAYS
            return Catch.NEVER if name in _NOT_ERRORS else Catch.MAYBE
    return _written(name, exit_.error)


def _written(name: str, raised: str) -> Catch:
    """Whether `except name` takes `raise raised(…)`."""
    if name == raised and name:
        return Catch.ALWAYS
    own, other = _builtin(name), _builtin(raised)
    if own is not None and other is not None:
        return Catch.ALWAYS if issubclass(other, own) else Catch.NEVER
    if own is Exception:
        return Catch.NEVER if raised in _NOT_ERRORS else Catch.ALWAYS
    if name in _NOT_ERRORS:
        return Catch.NEVER
    # A class of the program is never the base of a built-in one.
    return Catch.NEVER if other is not None else Catch.MAYBE


def _builtin(name: str) -> type[BaseException] | None:
    found: object = getattr(builtins, name, None)
    return found if isinstance(found, type) and issubclass(found, BaseException) else None
