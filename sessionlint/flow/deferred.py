"""What a thread, a pool, a scheduler or a task behind the response runs, as a call."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

import libcst as cst

from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.scopes import Block
from sessionlint.facts.syntax import last_name
from sessionlint.facts.values import ClassValue, Foreign, FunctionValue, Symbol
from sessionlint.source.threads import THREADED

__all__ = ["deferred", "is_made_as_given"]

_BEHIND: Final = {
    **dict.fromkeys(("add_task", "submit", "start_soon", "call_soon", "call_soon_threadsafe"), 0),
    **dict.fromkeys(THREADED, 0),
    **dict.fromkeys(("run_in_executor", "call_later", "call_at"), 1),
}
"""Functions that are given what runs, and its arguments behind it; the place of what runs.

Source: Python, `concurrent.futures` and `asyncio`; Starlette, "Background Tasks" and
`run_in_threadpool`; AnyIO, "Working with threads" and "Creating and managing tasks".
"""


class _Signature(NamedTuple):
    """The parameters for what runs, for its arguments and for those by keyword, with their places.

    A place of None: nobody gives it without its name.
    """

    runs: str
    place: int | None
    listed: int | None
    named: str = "kwargs"


_IN_LISTS: Final = {
    "Thread": _Signature("target", None, None),
    "Timer": _Signature("function", 1, 2),
    "add_job": _Signature("func", 0, 2),
    "apply_async": _Signature("func", 0, 1, "kwds"),
}
"""Functions that are given the arguments of what runs in a list.

Source: Python, `threading` and `multiprocessing.pool`; APScheduler, `BaseScheduler.add_job`.
"""


def deferred(call: cst.Call) -> cst.Call | None:
    """The call that is made later, by whom this call hands it to; None where it hands on none.

    Its arguments have the nodes of this one's, so that they can be told by where they stand.
    """
    name = last_name(call.func)
    if any(arg.star for arg in call.args):
        return None
    if (place := _BEHIND.get(name)) is not None:
        runs = _given(call, "", place)
        return None if runs is None else cst.Call(runs, call.args[place + 1 :])
    if (signature := _IN_LISTS.get(name)) is None:
        return None
    runs = _given(call, signature.runs, signature.place)
    listed = _given(call, "args", signature.listed)
    named = _given(call, signature.named, None)
    return None if runs is None else cst.Call(runs, [*_listed(listed), *_named(named)])


def is_made_as_given(evaluator: Evaluator, block: Block, call: cst.Call) -> bool:
    """Whether what is deferred gets its arguments and nobody else does.

    What the project itself has under that name may close them behind it, be it in a file that says
    nothing about databases.
    """
    match evaluator.value(call.func, block):
        case Symbol() | Foreign():
            return True
        case FunctionValue() | ClassValue():
            return False
    name = last_name(call.func)
    return not evaluator.once((_is_own, name), lambda: _is_own(evaluator, name.encode()))


def _is_own(evaluator: Evaluator, name: bytes) -> bool:
    """Whether the project defines something of that name."""
    own = rb"\b(?:def|class) " + name + rb"\b|^[ \t]*" + name + rb"[ \t]*="
    return evaluator.tree.has_any(name, re.compile(own, re.MULTILINE))


def _given(call: cst.Call, name: str, place: int | None) -> cst.BaseExpression | None:
    """The argument of a parameter, by its name or its place."""
    for index, arg in enumerate(call.args):
        if arg.keyword is None and index == place:
            return arg.value
        if arg.keyword is not None and arg.keyword.value == name:
            return arg.value
    return None


def _listed(value: cst.BaseExpression | None) -> Iterator[cst.Arg]:
    for element in value.elements if isinstance(value, (cst.Tuple, cst.List)) else ():
        is_several = isinstance(element, cst.StarredElement)
        yield cst.Arg(element.value, star="*" if is_several else "")


def _named(value: cst.BaseExpression | None) -> Iterator[cst.Arg]:
    """The arguments that a dictionary gives by keyword."""
    for element in value.elements if isinstance(value, cst.Dict) else ():
        match element:
            case cst.DictElement(key=cst.SimpleString() as key, value=one):
                word = key.evaluated_value
                if isinstance(word, str) and word.isidentifier():
                    yield cst.Arg(one, keyword=cst.Name(word))
