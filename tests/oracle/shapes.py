"""Draws programs in the shapes that people close sessions in, for the rewriting to take apart."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from tests.oracle.compounds import handlers
from tests.oracle.pen import Nodes, Pen, Place, acquire, condition, forget, jump, simple
from tests.oracle.programs import block
from tests.oracle.syntax import Clause, Compound, Line, program, written

__all__ = ["shapes"]


@st.composite
def shapes(draw: st.DrawFn) -> str:
    """The text of a module with one function over one or two sessions closed by hand."""
    pen = Pen(draw, draw(st.booleans()), is_generator=False, is_single=False, sites=0, size=6)
    shape = pen.pick(_tried, _two, _branches, _loop, _reraised, _unborn, _two_unborn, _lost)
    body = shape(pen, Place(depth=3))
    given = ", ".join(["engine", *pen.parameters])
    head = f"{'async ' if pen.is_async else ''}def subject({given}):"
    return program("\n".join([head, *written(body)])).text


def _close(pen: Pen, name: str) -> Line:
    return Line(pen.awaited(f"{name}.close()"), "release", name)


def _asked(pen: Pen, name: str) -> Compound:
    test = pen.pick(f"if {name} is not None:", f"if {name}:")
    return Compound("guard", (Clause(test, (_close(pen, name),)),))


def _maybe(pen: Pen, place: Place, percent: int) -> Nodes:
    return (simple(pen, place),) if pen.chance(percent) else ()


def _aside(pen: Pen, percent: int) -> Nodes:
    """Something that is not about a session."""
    return (Line("work()", "work"),) if pen.chance(percent) else ()


def _final(pen: Pen, *ends: Line | Compound) -> Clause:
    """A `finally` that ends something, between other statements."""
    return Clause("finally:", (*_aside(pen, 25), *ends, *_aside(pen, 25)))


def _tried(pen: Pen, place: Place) -> Nodes:
    inside = place.holding("s")
    clauses = [Clause("try:", block(pen, inside.inner())), *handlers(pen, inside.inner(), block)]
    if len(clauses) > 1 and pen.chance(25):
        clauses.append(Clause("else:", block(pen, inside.inner())))
    clauses.append(_final(pen, _close(pen, "s")))
    after = _aside(pen, 40)
    return (acquire(pen, "s"), *_maybe(pen, inside, 25), Compound("try", tuple(clauses)), *after)


def _two(pen: Pen, place: Place) -> Nodes:
    inside = place.holding("s").holding("t")
    ends = [_close(pen, "t"), _close(pen, "s")]
    ends = ends[::-1] if pen.chance(40) else ends
    clauses = (Clause("try:", block(pen, inside.inner())), _final(pen, *ends))
    return (acquire(pen, "s"), acquire(pen, "t"), Compound("try", clauses), *_aside(pen, 30))


def _left(pen: Pen, place: Place, name: str) -> Nodes:
    """A close and, at once or nearly, a way out."""
    return (_close(pen, name), *_aside(pen, 15), jump(pen, replace(place, held=frozenset())))


def _branches(pen: Pen, place: Place) -> Nodes:
    inside = place.holding("s")
    nodes: Nodes = (acquire(pen, "s"),)
    for _ in range(pen.pick(1, 2)):
        nodes += _maybe(pen, inside, 50)
        clauses = [Clause(f"if {condition(pen, inside)}:", _left(pen, inside, "s"))]
        if pen.chance(30):
            clauses.append(Clause("else:", block(pen, inside.inner())))
        nodes += (Compound("if", tuple(clauses)),)
    nodes += _maybe(pen, inside, 50)
    return (*nodes, _close(pen, "s"), *_aside(pen, 30))


def _loop(pen: Pen, place: Place) -> Nodes:
    """A session for each turn."""
    turning = replace(place.inner(), is_turning=True, is_once=False)
    shape = pen.pick(_tried, _branches, _reraised, _branches)
    heads = ["for item in items:", "while choose(2):"]
    heads += ["async for item in stream:"] if pen.is_async else []
    clauses = [Clause(pen.pick(*heads), (*_aside(pen, 20), *shape(pen, turning)))]
    if pen.chance(20):
        clauses.append(Clause("else:", (Line("work()", "work"),)))
    return (Compound("for", tuple(clauses)), *_aside(pen, 30))


def _reraised(pen: Pen, place: Place) -> Nodes:
    """Rolled back where it fails, closed in any case."""
    inside = place.holding("s")
    heads = ("except Exception:", "except:", "except Fault:", "except ValueError as error:")
    undone = Line(pen.awaited("s.rollback()"), "rollback", "s")
    leaving = pen.pick(Line("raise", "reraise"), jump(pen, replace(inside, held=frozenset())))
    tried = Clause("try:", (*block(pen, inside.inner()), *_maybe(pen, inside, 50)))
    handler = Clause(pen.pick(*heads), (undone, *_aside(pen, 15), leaving))
    if pen.chance(60):
        clauses = (tried, handler, _final(pen, _close(pen, "s")))
        return (acquire(pen, "s"), Compound("try", clauses), *_aside(pen, 30))
    closing = replace(handler, body=(undone, _close(pen, "s"), leaving))
    after = (*_aside(pen, 15), _close(pen, "s"), *_aside(pen, 15))
    return (acquire(pen, "s"), Compound("try", (tried, closing)), *after)


def _unborn(pen: Pen, place: Place) -> Nodes:
    inside = place.inner().holding("s")
    body = (*_aside(pen, 30), acquire(pen, "s"), *block(pen, inside))
    clauses = [Clause("try:", body), *handlers(pen, place.inner(), block)]
    is_bare = pen.chance(20)
    clauses.append(_final(pen, _close(pen, "s") if is_bare else _asked(pen, "s")))
    before = () if is_bare else (forget("s"), *_aside(pen, 20))
    return (*before, Compound("try", tuple(clauses)), *_aside(pen, 30))


def _two_unborn(pen: Pen, place: Place) -> Nodes:
    inside = place.inner().holding("s").holding("t")
    body = (acquire(pen, "s"), *_aside(pen, 20), acquire(pen, "t"), *block(pen, inside))
    ends = [_asked(pen, "t"), _asked(pen, "s")]
    ends = ends[::-1] if pen.chance(40) else ends
    clauses = (Clause("try:", body), _final(pen, *ends))
    return (forget("s"), forget("t"), Compound("try", clauses), *_aside(pen, 30))


def _lost(pen: Pen, place: Place) -> Nodes:
    """Never closed, or only on one way."""
    inside = place.holding("s")
    nodes = (acquire(pen, "s"), *_maybe(pen, inside, 70), *block(pen, inside))
    if pen.chance(50):
        test = f"if {condition(pen, inside)}:"
        nodes += (Compound("if", (Clause(test, (_close(pen, "s"),)),)),)
    return (*nodes, *_aside(pen, 60))
