"""What the statements of a function do that have nothing to do with a resource.

They leave it as it is, whichever it is: each is worked out once for all resources of its function
and all states, which are many in a long function with a session in every branch.
"""

from __future__ import annotations

from collections.abc import Callable

import libcst as cst

from sessionlint.flow.paths import Outcomes, Path
from sessionlint.flow.resource import Resource
from sessionlint.flow.ways import Exit, State, Status

__all__ = ["Elsewhere"]

_Summary = dict[tuple[Exit, bool], Path]
"""The ways out of a statement, each with whether an error is handled on it, and one path."""


class Elsewhere:
    """Answers for one function; `run` of its `outcomes` works a statement out in a state."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, Exit], _Summary] = {}

    def outcomes(
        self,
        resource: Resource,
        statement: cst.BaseCompoundStatement,
        current: Exit,
        state: State,
        run: Callable[[State], Outcomes],
    ) -> Outcomes:
        """Every way out of a statement entered in a state.

        `current` is what left the block whose handler the statement stands in.
        """
        # A loop may use for the first time what nothing has used yet.
        if state.status is Status.FRESH or id(statement) in resource.concerned:
            return run(state)
        key = id(statement), current
        summary = self._known.get(key)
        if summary is None:
            done = run(State(Status.CLOSED, (None,) * len(resource.flags)))
            summary = self._known[key] = {
                (exit_, after.is_faulted): path for (exit_, after), path in done.items()
            }
        outcomes: Outcomes = {}
        faulted = state.faulted()
        for (exit_, is_faulted), path in summary.items():
            outcomes.setdefault((exit_, faulted if is_faulted else state), path)
        return outcomes
