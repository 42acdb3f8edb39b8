"""What every part of the drawing shares: the choices, the budget, and the simple statements."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TypeVar

from hypothesis import strategies as st

from tests.oracle.syntax import Line, Node

__all__ = ["Nodes", "Pen", "Place", "acquire", "condition", "forget", "jump", "release", "simple"]

T = TypeVar("T")
Nodes = tuple[Node, ...]


@dataclass(slots=True)
class Pen:
    """Draws, and remembers what a program may hold only so often.

    `sites` acquisitions and `size` statements are left. `is_single` says that there is only one
    variable: only then conditions may ask about it, because the state of one resource does not
    tell what another variable holds.
    """

    draw: st.DrawFn
    is_async: bool
    is_generator: bool
    is_single: bool
    sites: int
    size: int
    has_yielded: bool = False
    parameters: list[str] = field(default_factory=list)
    has_flag: bool = False

    def pick(self, *options: T) -> T:
        """One of the options; the first is the simplest."""
        return self.draw(st.sampled_from(options))

    def chance(self, percent: int) -> bool:
        """True so often."""
        return self.draw(st.integers(0, 99)) >= 100 - percent

    def awaited(self, call: str) -> str:
        """The call, waited for where the program is asynchronous."""
        return f"await {call}" if self.is_async else call

    def parameter(self) -> str:
        """A new parameter: a value that may be anything and cannot fail."""
        self.parameters.append(f"c{len(self.parameters) + 1}")
        return self.parameters[-1]


@dataclass(frozen=True, slots=True)
class Place:
    """What may stand here.

    `held` are the variables that hold a session when all went well so far, `known` those that are
    bound at all. `depth` is how many levels of blocks may still open.
    """

    depth: int
    held: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()
    is_turning: bool = False
    is_once: bool = True
    is_handler: bool = False

    def holding(self, name: str) -> Place:
        """The place after `name` is acquired.

        To raise again there what was caught before would be neither an error nor a way chosen.
        """
        held, known = self.held | {name}, self.known | {name}
        return replace(self, held=held, known=known, is_handler=False)

    def inner(self) -> Place:
        """One level deeper."""
        return replace(self, depth=self.depth - 1)


def acquire(pen: Pen, name: str) -> Line:
    """A new session in the variable."""
    pen.sites -= 1
    kind = "AsyncSession" if pen.is_async else "Session"
    return Line(f"{name} = {kind}(engine)", "acquire", name)


def release(pen: Pen, name: str) -> Line:
    """A release by hand, now and then by the module's helper."""
    if pen.chance(15):
        helper = "close_later" if pen.is_async else "close_it"
        return Line(pen.awaited(f"{helper}({name})"), "helper", name)
    return Line(pen.awaited(f"{name}.close()"), "release", name)


def forget(name: str) -> Line:
    """The variable forgets."""
    return Line(f"{name} = None", "none", name)


def simple(pen: Pen, place: Place) -> Line:
    """A statement on one line that does not leave the block."""
    name = pen.pick(*sorted(place.held)) if place.held else ""
    options = ["work", "work"]
    if name:
        options += ["use", "use", "commit", "rollback", "release", "release", "keep"]
    if pen.has_flag and pen.chance(30):
        options += ["flag", "flag"]
    return _simple(pen, pen.pick(*options), name)


def _simple(pen: Pen, choice: str, name: str) -> Line:
    if choice == "use":
        return Line(pen.awaited(f'{name}.execute("select 1")'), "use", name)
    if choice in ("commit", "rollback"):
        return Line(pen.awaited(f"{name}.{choice}()"), choice, name)
    if choice == "release":
        return release(pen, name)
    if choice == "keep":
        return Line(f"holder.kept = {name}", "keep", name)
    if choice == "flag":
        return Line(f"own = {pen.pick('True', 'False')}", "flag")
    return Line("await pause()" if pen.is_async and pen.chance(50) else "work()", "work")


def jump(pen: Pen, place: Place) -> Line:
    """A statement that leaves the block."""
    options = ["return", "raise", "raise", "return use"]
    options += ["reraise", "reraise"] if place.is_handler else []
    options += ["break", "continue", "break", "continue"] if place.is_turning else []
    options += ["return it"] if place.held and not pen.is_generator else []
    choice = pen.pick(*options)
    if choice == "raise":
        return Line(pen.pick("raise Fault", 'raise ValueError("no")'), "raise")
    if choice == "reraise":
        return Line("raise", "reraise")
    if choice in ("break", "continue"):
        return Line(choice, choice)
    name = pen.pick(*sorted(place.held)) if place.held else ""
    if choice == "return it":
        return Line(f"return {name}", "return it", name)
    if choice == "return use" and name and not pen.is_generator:
        use = pen.awaited(f'{name}.execute("select 1")')
        return Line(f"return {use}", "return", name)
    return Line("return", "return")


def condition(pen: Pen, place: Place) -> str:
    """A question with an answer nobody knows; asking may fail, or not.

    A parameter is asked once in a run, for a second answer would be the same.
    """
    if place.is_once and pen.chance(40):
        return pen.pick("", "not ") + pen.parameter()
    return "choose(2)"
