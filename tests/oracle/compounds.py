"""Statements with blocks; what stands in the blocks is drawn by the function they are given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.oracle.pen import Nodes, Pen, Place, condition, jump, release
from tests.oracle.syntax import Clause, Compound, Line

__all__ = ["Block", "asked", "compound", "handlers", "loop"]

Block = Callable[[Pen, Place], Nodes]


def compound(pen: Pen, place: Place, block: Block) -> Compound:
    """Any statement with blocks that is about no acquisition."""
    options = [_branch, _branch, _try, _try, _while, _for, _match, _stranger]
    if place.held:
        options.append(_managed)
    if pen.is_single and "s" in place.known:
        options += [_guard, _guard]
    if pen.has_flag:
        options += [_flagged, _flagged]
    return pen.pick(*options)(pen, place.inner(), block)


def _branch(pen: Pen, place: Place, block: Block) -> Compound:
    clauses = [Clause(f"if {condition(pen, place)}:", block(pen, place))]
    if pen.chance(25):
        clauses.append(Clause(f"elif {condition(pen, place)}:", block(pen, place)))
    if pen.chance(50):
        clauses.append(Clause("else:", block(pen, place)))
    return Compound("if", tuple(clauses))


def asked(pen: Pen, place: Place, body: Nodes) -> Compound:
    """The body, only when the variable holds a session."""
    test = pen.pick("s is not None", "s", "s is not None and choose(2)")
    return Compound("guard", (Clause(f"if {test}:", body),))


def _guard(pen: Pen, place: Place, block: Block) -> Compound:
    """A question about the variable itself."""
    held = replace(place, held=place.held | {"s"})
    none = replace(place, held=place.held - {"s"})
    shape = pen.pick("held", "held or not", "none")
    if shape == "none":
        body = (jump(pen, none),) if pen.chance(50) else block(pen, none)
        return Compound("guard", (Clause(pen.pick("if s is None:", "if not s:"), body),))
    body = (release(pen, "s"),) if pen.chance(60) else block(pen, held)
    clauses = asked(pen, place, body).clauses
    if shape == "held or not":
        clauses += (Clause("else:", block(pen, none)),)
    return Compound("guard", clauses)


def _flagged(pen: Pen, place: Place, block: Block) -> Compound:
    """A question about the ownership flag."""
    body = (release(pen, "s"),) if place.held and pen.chance(60) else block(pen, place)
    clauses: tuple[Clause, ...] = (Clause(pen.pick("if own:", "if own:", "if not own:"), body),)
    if pen.chance(25):
        clauses += (Clause("else:", block(pen, place)),)
    return Compound("if flag", clauses)


def _try(pen: Pen, place: Place, block: Block) -> Compound:
    clauses = [Clause("try:", block(pen, place)), *handlers(pen, place, block)]
    if len(clauses) > 1 and pen.chance(30):
        clauses.append(Clause("else:", block(pen, place)))
    if len(clauses) == 1 or pen.chance(25):
        clauses.append(Clause("finally:", block(pen, place)))
    return Compound("try", tuple(clauses))


def handlers(pen: Pen, place: Place, block: Block) -> list[Clause]:
    """No, one or two handlers, none of them out of reach."""
    narrow = ["except Fault:", "except ValueError:", "except (Fault, ValueError):"]
    wide = ["except Exception:", "except Exception as error:", "except BaseException:", "except:"]
    narrow += ["except asyncio.CancelledError:"] if pen.is_async else []
    shape = pen.pick("wide", "narrow", "both", "none")
    heads = [pen.pick(*narrow)] if shape in ("narrow", "both") else []
    heads += [pen.pick(*wide)] if shape in ("wide", "both") else []
    inside = replace(place, is_handler=True)
    return [Clause(head, _handler(pen, inside, block)) for head in heads]


def _handler(pen: Pen, place: Place, block: Block) -> Nodes:
    if pen.chance(15):
        return (Line("pass", "pass"),)
    return block(pen, place)


def _turning(place: Place) -> Place:
    return replace(place, is_turning=True, is_once=False)


def _otherwise(pen: Pen, place: Place, block: Block) -> tuple[Clause, ...]:
    return (Clause("else:", block(pen, place)),) if pen.chance(25) else ()


def loop(pen: Pen, place: Place, block: Block) -> Compound:
    """A loop of any kind."""
    return pen.pick(_while, _for)(pen, place, block)


def _while(pen: Pen, place: Place, block: Block) -> Compound:
    body = block(pen, _turning(place))
    if pen.chance(60):
        clauses = (Clause("while choose(2):", body), *_otherwise(pen, place, block))
        return Compound("while", clauses)
    leaving = pen.pick(Line("break", "break"), jump(pen, replace(place, is_turning=False)))
    way_out = Clause("if choose(2):", (leaving,))
    return Compound("while true", (Clause("while True:", (Compound("if", (way_out,)), *body)),))


def _for(pen: Pen, place: Place, block: Block) -> Compound:
    heads = ["for item in items:"]
    heads += ["async for item in stream:"] * 2 if pen.is_async else []
    clauses = (Clause(pen.pick(*heads), block(pen, _turning(place))),)
    return Compound("for", clauses + _otherwise(pen, place, block))


def _match(pen: Pen, place: Place, block: Block) -> Compound:
    subject = pen.parameter() if place.is_once and pen.chance(30) else "choose(3)"
    heads = ["case 0:", "case 1:", "case _:"][: pen.pick(2, 3, 1)]
    cases = tuple(Clause(head, block(pen, place)) for head in heads)
    return Compound("match", (Clause(f"match {subject}:", ()), *cases))


def _stranger(pen: Pen, place: Place, block: Block) -> Compound:
    word = "async with" if pen.is_async and pen.chance(60) else "with"
    return Compound("stranger", (Clause(f"{word} guard():", block(pen, place)),))


def _managed(pen: Pen, place: Place, block: Block) -> Compound:
    name = pen.pick(*sorted(place.held))
    word = "async with" if pen.is_async else "with"
    return Compound("with", (Clause(f"{word} {name}:", block(pen, place)),))
