"""The states a resource can be in, the ways out of a statement, and what they add up to."""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import libcst as cst

    from sessionlint.facts.values import Thing
    from sessionlint.flow.resource import Resource

__all__ = [
    "ABSENT",
    "PASSING",
    "End",
    "Ending",
    "Exit",
    "Lifetime",
    "Place",
    "Shape",
    "State",
    "Status",
    "Step",
    "StepKind",
    "Way",
]


class Status(IntEnum):
    """Where one resource stands in its life.

    FRESH and IDLE are open with nothing checked out, before the first use and after a commit.
    """

    UNBORN = 0
    NONE = 1
    OPEN = 2
    IDLE = 3
    CLOSED = 4
    HANDED_OVER = 5
    UNKNOWN = 6
    FRESH = 7

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to release it."""
        return self in _OPEN


_OPEN = frozenset({Status.OPEN, Status.IDLE, Status.FRESH})

ABSENT: Final = frozenset({Status.UNBORN, Status.NONE})
"""Where there is no resource, so that nothing matters to it."""


class State(NamedTuple):
    """A status, what lies behind while it is open, and what is known of the flags.

    `is_faulted`: an error was handled, `is_lent`: a `yield` has lent it. `flags[i]` is the truth
    of the i-th tracked condition, None when it is not known.
    """

    status: Status
    flags: tuple[bool | None, ...] = ()
    is_faulted: bool = False
    is_lent: bool = False

    def to(self, status: Status) -> State:
        """The same moment with the resource in another status."""
        is_lent = self.is_lent and status.is_open
        return State(status, self.flags, self.is_faulted, is_lent)

    def idle(self) -> State:
        """The same moment behind the end of a transaction, with no connection if it was open."""
        return self.to(Status.IDLE) if self.status.is_open else self

    def faulted(self) -> State:
        """The same moment with an error behind, which matters only once there is a resource."""
        return self._replace(is_faulted=self.status not in ABSENT)


class Way(Enum):
    """A way out of a statement or a function."""

    NEXT = "falls through"
    RETURN = "returns"
    BREAK = "breaks"
    CONTINUE = "continues"
    RAISE = "raises by a raise in the code"
    ERROR = "fails"
    CANCEL = "is cancelled"
    STOP = "is not resumed after a yield"
    LOST = "binds the name to something else"
    EXIT = "ends the process"

    # Ways are keys of every outcome, and `Enum` hashes by name in Python.
    __hash__ = object.__hash__


PASSING: Final = frozenset({Way.LOST, Way.EXIT})
"""The ways out that pass a `finally` by, and the exit of a `with`."""


class Exit(NamedTuple):
    """A way out, with the name of the exception that a `raise` names."""

    way: Way
    error: str = ""


class StepKind(Enum):
    """What a step of a path tells."""

    TRUE = "true"
    FALSE = "false"
    TURN = "turn"
    HANDLED = "handled"
    CASE = "case"
    YIELD = "yield"
    LEAVE = "leave"
    ACQUIRE = "acquire"


class Step(NamedTuple):
    """One decision or exit on a path, at a node."""

    kind: StepKind
    node: cst.CSTNode


class Ending(Enum):
    """How a resource ends on one way out of its function."""

    RELEASED = "released"
    LEFT_OPEN = "left open"
    HANDED_OVER = "handed over"
    UNKNOWN = "unknown"


class End(NamedTuple):
    """One way out of the function and what has become of the resource there.

    `node` is where the function is left, None when it falls off its end, behind `last`; of a
    module, and of what is not left open, there is no `last`. `is_faulted`: an error that was
    handled lies on the path. `is_idle`: open, but a commit or rollback gave its connection back,
    or, if it `is_fresh`, nothing has taken one. `is_unprotected`: a `yield` has lent it, and
    nothing else had to fail for this end. `is_raised`: the handler itself leaves by a `raise`, and
    if it `is_raised_again`, of the error that it has caught. `steps` lead from the acquisition to
    the exit.
    """

    ending: Ending
    way: Way
    node: cst.CSTNode | None
    is_faulted: bool
    is_idle: bool
    is_unprotected: bool
    steps: tuple[Step, ...]
    is_fresh: bool = False
    is_raised: bool = False
    is_raised_again: bool = False
    last: cst.CSTNode | None = None

    @property
    def is_ordinary(self) -> bool:
        """Whether no error had to happen for this end to be reached."""
        written = {Way.NEXT, Way.RETURN, Way.RAISE, Way.LOST}
        return self.way in written and not self.is_faulted


class Shape(Enum):
    """What all ends of a lifetime add up to; every lifetime has exactly one."""

    SILENT = "managed, handed over, or not decided"
    BY_HAND = "released on every way out, by hand"
    YIELDED = "left open around a yield"
    IN_LOOP = "acquired in a loop"
    NEVER = "released on no way out"
    EARLY = "left open on an ordinary way out"
    FAILING = "left open when something fails"


class Lifetime(NamedTuple):
    """One acquisition and how it ends on every way out of its function.

    `acquired` is the acquiring expression, `loop` the loop or comprehension it stands in,
    `closed_uses` are the uses that find it closed. A session `is_filled` that objects are added to.
    """

    resource: Resource
    name: str
    thing: Thing
    acquired: cst.BaseExpression
    loop: cst.CSTNode | None
    ends: tuple[End, ...]
    shape: Shape
    closed_uses: tuple[cst.CSTNode, ...] = ()
    is_filled: bool = False

    @property
    def is_session(self) -> bool:
        """Whether it takes its connection only while a transaction lasts."""
        return self.thing.type.is_session

    @property
    def is_list(self) -> bool:
        """Whether the name holds a list of them, which a comprehension makes."""
        return self.loop is not None and self.loop is self.resource.binding.expression

    @property
    def is_entered(self) -> bool:
        """Whether a `with` opens it, and leaves it open."""
        return self.resource.is_entered

    @property
    def has_releases(self) -> bool:
        """Whether it is released on any way out."""
        return any(end.ending is Ending.RELEASED for end in self.ends)

    @property
    def noun(self) -> str:
        """What the resource is called in messages."""
        return self.thing.type.noun

    @property
    def leaks(self) -> tuple[End, ...]:
        """The ends that leave it open: ordinary ones first, last what takes two errors."""
        open_ends = [end for end in self.ends if end.ending is Ending.LEFT_OPEN]
        return tuple(sorted(open_ends, key=_plausibility))


def _plausibility(end: End) -> tuple[int, bool, int]:
    """How much has to happen for an end.

    Of equal ones, one with a connection comes first, then one with fewer errors handled before.
    """
    handled = sum(step.kind is StepKind.HANDLED for step in end.steps)
    if end.is_ordinary:
        return 0, end.is_idle, handled
    if end.way in {Way.NEXT, Way.RETURN, Way.LOST}:
        return 1, end.is_idle, handled
    is_single = not end.is_faulted or end.is_raised
    return (2 if is_single else 4) + (end.way is Way.CANCEL), end.is_idle, handled


class Place(Enum):
    """Where a clean-up stands."""

    FINALLY = "finally"
    HANDLER = "handler of cancellations"
    EXIT = "__aexit__"
