"""What a function asks somebody to end later: `stack.enter_context(db)`, `callback(db.close)`.

Whoever gets it from the function finds it ended in time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import libcst as cst

from sessionlint.facts.scopes import Block
from sessionlint.facts.syntax import is_name, last_name

__all__ = ["ENDS", "is_ending", "is_promised", "promised"]

ENDS: Final = frozenset({"close", "aclose", "release", "invalidate", "remove"})
"""Methods that give a session or connection back."""

_PROMISING: Final = re.compile(
    r"enter(?:_async)?_context|with_resource|call_on_close|finalize|register|push|push_async_exit|"
    r"\w*(?:callback|[cC]leanup|finalizer|handler|hook)"
)
"""Functions that end what they are given, or call what does: of `ExitStack`, click, Pyramid."""


def promised(call: cst.Call) -> Iterator[str]:
    """The names of what a call is to end later, or of functions that it is to call then."""
    if not call.args:
        return
    is_promising = _PROMISING.fullmatch(last_name(call.func)) is not None
    for arg in call.args:
        if type(arg.value) is not cst.Name:
            yield from _ended(arg.value)
        elif is_promising:
            yield arg.value.value


def _ended(argument: cst.BaseExpression) -> Iterator[str]:
    """The name of what an argument ends when it is called: `db.close`, or a lambda that does."""
    if type(argument) is cst.Lambda and type(argument.body) is cst.Call:
        argument = argument.body.func
    match argument if type(argument) is cst.Attribute else None:
        case cst.Attribute(value=cst.Name(value=name), attr=cst.Name(value=method)):
            if method in ENDS:
                yield name


def is_promised(block: Block, name: str) -> bool:
    """Whether a function asks somebody to end what a name holds, be it by a function inside."""
    told = block.promised
    if not told:
        return False
    return name in told or any(
        inner.name in told and any(is_ending(call, name) for call in inner.calls)
        for inner in block.blocks
    )


def is_ending(call: cst.Call, name: str) -> bool:
    """Whether a call ends what a name holds: `db.close()`."""
    match call.func:
        case cst.Attribute(value=owner, attr=cst.Name(value=method)):
            return method in ENDS and is_name(owner, name)
    return False
