"""What calls do with a resource that is among their arguments."""

from __future__ import annotations

from typing import Final

import libcst as cst

from sessionlint.facts.receivers import Effect, effect
from sessionlint.facts.syntax import is_name, last_name
from sessionlint.flow.acts import Act
from sessionlint.flow.resource import Resource
from sessionlint.source.threads import THREADED

__all__ = ["Effects", "is_all_there_is"]

_ACTS: Final = {
    Effect.LOAN: Act.USE,
    Effect.RELEASES: Act.RELEASE,
    # Whatever it does, it is no matter of those who leave before.
    Effect.PROMISES: Act.HAND_OVER,
    Effect.KEEPS: Act.HAND_OVER,
    Effect.UNKNOWN: Act.DOUBT,
}


class Effects:
    """Answers for one resource; calls of the same function at the same place are alike."""

    def __init__(self, resource: Resource) -> None:
        self._resource = resource
        self._is_list = isinstance(resource.acquired, cst.ListComp)
        self._known: dict[tuple[str, int, str], Effect] = {}

    def act(self, call: cst.Call, path: str, index: int) -> Act:
        """What a call does with its argument of that index; `path` is the callee's name if any."""
        if self._is_list:
            return Act.DOUBT
        found = self._effect(call, path, index)
        is_held = found is Effect.LOAN and id(call) in self._resource.holders
        return Act.HAND_OVER if is_held else _ACTS[found]

    def _effect(self, call: cst.Call, path: str, index: int) -> Effect:
        argument = call.args[index]
        key = path, index, "" if argument.keyword is None else argument.keyword.value
        if key in self._known:
            return self._known[key]
        found = effect(self._resource.evaluator, call, argument, self._resource.block)
        if path and last_name(call.func) not in THREADED:
            self._known[key] = found
        return found


def is_all_there_is(arg: cst.Arg) -> bool:
    """Whether an argument is `locals()`, in which every variable is."""
    return type(arg.value) is cst.Call and is_name(arg.value.func, "locals")
