"""Lambdas that have run when the call that they are given to is over."""

from __future__ import annotations

from typing import Final

import libcst as cst

from sessionlint.facts.syntax import bare, last_name
from sessionlint.source.threads import THREADED

__all__ = ["run_at_once"]

_BY_KEY: Final = frozenset({"sorted", "min", "max", "sort"})
"""What asks its `key` for each item."""

_ALL: Final = frozenset("list tuple set frozenset dict sum any all sorted min max".split())
"""Functions that go through all they are given."""

_IN_THREAD: Final = THREADED | {"run_in_executor"}


def run_at_once(call: cst.Call, *, is_awaited: bool = False) -> set[int]:
    """The lambdas (by id) among the arguments of a call that it runs, and does not keep.

    `list(map(lambda …, rows))` runs that of `map`; what runs one in a thread has to be awaited.
    """
    name = last_name(call.func)
    found: set[int] = set()
    if name in _BY_KEY or (is_awaited and name in _IN_THREAD):
        found |= _lambdas(call)
    if name in _ALL and call.args and isinstance(call.func, cst.Name):
        match bare(call.args[0].value):
            case cst.Call(func=cst.Name(value="map" | "filter")) as below:
                found |= _lambdas(below)
    return found


def _lambdas(call: cst.Call) -> set[int]:
    values = (bare(arg.value) for arg in call.args)
    return {id(value) for value in values if isinstance(value, cst.Lambda)}
