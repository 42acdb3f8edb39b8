"""Draws programs: one function that acquires, uses and ends a session in some way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from hypothesis import strategies as st

from tests.oracle.compounds import asked, compound, handlers, loop
from tests.oracle.pen import Nodes, Pen, Place, acquire, condition, forget, jump, release, simple
from tests.oracle.syntax import Clause, Compound, Line, Program, constructs, program, written

__all__ = ["Drawn", "block", "programs"]

_DEPTH: Final = 3


@dataclass(frozen=True, slots=True)
class Drawn:
    """A program and what it is made of."""

    program: Program
    constructs: frozenset[str]


@st.composite
def programs(draw: st.DrawFn) -> Drawn:
    """A module with one function over one or two sites, synchronous or not."""
    is_async, is_generator = draw(st.booleans()), draw(st.integers(0, 5)) == 5
    sites = draw(st.sampled_from((1, 1, 2)))
    pen = Pen(draw, is_async, is_generator, sites == 1 or draw(st.booleans()), sites, size=9)
    body = _function(pen)
    manager = "asynccontextmanager" if is_async else "contextmanager"
    decorator = f"@{manager}\n" if is_generator and draw(st.booleans()) else ""
    optional = ["s=None"] if isinstance(body[0], Line) and body[0].construct == "owned" else []
    given = ", ".join(["engine", *pen.parameters, *optional])
    head = f"{decorator}{'async ' if is_async else ''}def subject({given}):"
    return Drawn(program("\n".join([head, *written(body)])), frozenset(constructs(body)))


def _function(pen: Pen) -> Nodes:
    """A whole body: what stands before, an acquisition with its end, what stands after."""
    place = Place(depth=_DEPTH)
    before: Nodes = ()
    if pen.is_single and not pen.is_generator and pen.chance(10):
        return _owned(pen, place)
    if pen.is_single and pen.chance(20):
        pen.has_flag = True
        before += (Line("own = False", "flag"),)
    if pen.is_single and pen.chance(20):
        before += (forget("s"),)
        place = replace(place, known=place.known | {"s"})
    if pen.is_generator:
        return before + _acquired(pen, place, "s")
    if pen.chance(15):
        return (*before, loop(pen, place.inner(), _acquiring_block))
    return before + _acquiring_block(pen, place)


def _acquiring_block(pen: Pen, place: Place) -> Nodes:
    return block(pen, place, must_acquire=True)


def _owned(pen: Pen, place: Place) -> Nodes:
    """A session that the caller may have given: only ours is released."""
    asks, names = pen.pick(("if own:", "own = s is None"), ("if s is None:", "own = False"))
    got = (acquire(pen, "s"), Line("own = True", "flag"))
    pen.has_flag = True
    inside = place.holding("s")
    body = _body(pen, inside.inner())
    ends = (Compound("if flag", (Clause("if own:", (release(pen, "s"),)),)),)
    shape = pen.pick("finally", "finally", "straight")
    rest: Nodes = body + ends
    if shape == "finally":
        rest = (Compound("try", (Clause("try:", body), Clause("finally:", ends))),)
    return (Line(names, "owned"), Compound("guard", (Clause(asks, got),)), *rest)


def block(pen: Pen, place: Place, *, must_acquire: bool = False) -> Nodes:
    """One to three statements; nothing follows a jump."""
    nodes: Nodes = ()
    at = pen.draw(st.integers(0, 1)) if must_acquire else -1
    for turn in range(pen.draw(st.integers(max(1, at + 1), 3))):
        if turn == at:
            drawn, place = _acquiring(pen, place)
        elif turn > at and pen.chance(18):
            return (*nodes, jump(pen, place))
        else:
            drawn, place = _statement(pen, place)
        nodes += drawn
    return nodes


def _statement(pen: Pen, place: Place) -> tuple[Nodes, Place]:
    """A statement and the place after it."""
    pen.size -= 1
    if pen.size > 0 and pen.sites > 0 and place.depth > 0 and pen.chance(30):
        return _acquiring(pen, place)
    if pen.size > 0 and place.depth > 0 and pen.chance(45):
        return (compound(pen, place, block),), place
    # Deeper down, what follows the block would not know that the session is gone.
    if pen.is_single and place.known and place.depth == _DEPTH and pen.chance(15):
        return (forget("s"),), replace(place, held=place.held - {"s"})
    return (simple(pen, place),), place


def _acquiring(pen: Pen, place: Place) -> tuple[Nodes, Place]:
    if pen.sites == 0:
        return (simple(pen, place),), place
    name = "s" if pen.is_single or "s" not in place.held else "t"
    if pen.chance(20):
        return (acquire(pen, name),), place.holding(name)
    return _acquired(pen, place, name), place.holding(name)


def _acquired(pen: Pen, place: Place, name: str) -> Nodes:
    """An acquisition and what is done so that it ends, well or badly."""
    if pen.chance(15):
        return _guarded(pen, place, name)
    inside = place.holding(name)
    got: Nodes = (acquire(pen, name),)
    if pen.chance(20):
        got += (simple(pen, inside),)
    shape = pen.pick("straight", "finally", "finally", "manager", "except", "except", "nothing")
    if shape in ("straight", "nothing"):
        end = (release(pen, name),) if shape == "straight" else ()
        return got + _body(pen, inside) + end
    if shape == "manager":
        return (*got, Compound(*_managed(pen, inside, name)))
    if shape == "finally":
        return (*got, _try(pen, inside, _ending(pen, inside, name)))
    return got + _excepted(pen, inside, name)


def _guarded(pen: Pen, place: Place, name: str) -> Nodes:
    """The variable is None until it is acquired inside the `try`."""
    inside = place.inner().holding(name)
    body = (acquire(pen, name), *_body(pen, inside))
    test = pen.pick(f"if {name} is not None:", f"if {name}:")
    ends = (Compound("guard", (Clause(test, (release(pen, name),)),)),)
    clauses = (
        Clause("try:", body),
        *handlers(pen, place.inner(), block),
        Clause("finally:", ends),
    )
    return (forget(name), Compound("try", clauses))


def _managed(pen: Pen, place: Place, name: str) -> tuple[str, tuple[Clause, ...]]:
    word = "async with" if pen.is_async else "with"
    construct, item = pen.pick(("with", name), ("closing", f"closing({name})"))
    item = f"a{item}" if pen.is_async and construct == "closing" else item
    return construct, (Clause(f"{word} {item}:", _body(pen, place.inner())),)


def _body(pen: Pen, place: Place) -> Nodes:
    """A block; in a generator it holds the one `yield`, perhaps inside something."""
    if not pen.is_generator or pen.has_yielded:
        return block(pen, place)
    before: Nodes = (simple(pen, place),) if pen.chance(20) else ()
    after: Nodes = (simple(pen, place),) if pen.chance(30) else ()
    pen.has_yielded, core = True, Line("yield s", "yield", "s")
    wrap = pen.pick("nothing", "nothing", "try", "guard") if place.depth > 0 else "nothing"
    if wrap == "try":
        final = Clause("finally:", block(pen, place.inner()))
        caught = handlers(pen, place.inner(), block) or [final]
        return (*before, Compound("try", (Clause("try:", (core, *after)), *caught)))
    if wrap == "guard":
        word = "async with" if pen.is_async else "with"
        return (*before, Compound("stranger", (Clause(f"{word} guard():", (core, *after)),)))
    return (*before, core, *after)


def _ending(pen: Pen, place: Place, name: str) -> Nodes:
    """A block that releases, sometimes only under a condition or after something that fails."""
    end: Nodes = (release(pen, name),)
    if pen.chance(20):
        end = (Line(pen.awaited(f"{name}.rollback()"), "rollback", name), *end)
    if pen.chance(10):
        end = (Compound("if", (Clause(f"if {condition(pen, place)}:", end),)),)
    elif pen.is_single and pen.chance(15):
        end = (asked(pen, place, end),)
    if pen.chance(15):
        end = (simple(pen, place), *end)
    return end


def _excepted(pen: Pen, place: Place, name: str) -> Nodes:
    """Released in a handler, and after it or in the `else`."""
    caught = ["except BaseException:", "except:", "except Exception:", "except Fault:"]
    end = (*_ending(pen, place, name), pen.pick(Line("raise", "reraise"), jump(pen, place)))
    clauses = (Clause("try:", _body(pen, place.inner())), Clause(pen.pick(*caught), end))
    after = _ending(pen, place, name) if pen.chance(80) else ()
    if after and pen.chance(30):
        return (Compound("try", (*clauses, Clause("else:", after))),)
    return (Compound("try", clauses), *after)


def _try(pen: Pen, place: Place, ends: Nodes) -> Compound:
    clauses = [Clause("try:", _body(pen, place.inner())), *handlers(pen, place.inner(), block)]
    return Compound("try", (*clauses, Clause("finally:", ends)))
