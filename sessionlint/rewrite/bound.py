"""A resource used in the expression that opens it, given a name and a `with`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import libcst as cst

from sessionlint.facts.catalog import Type
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.scopes import Block, BlockKind
from sessionlint.facts.syntax import bare, index_of, last_name, names_in
from sessionlint.facts.values import Thing
from sessionlint.flow.nodes import Nodes
from sessionlint.flow.unbound import Unbound
from sessionlint.model import Fix, Splice
from sessionlint.rewrite.leaving import Loaded
from sessionlint.rewrite.lists import led_closely
from sessionlint.rewrite.manners import opening
from sessionlint.rewrite.region import is_target
from sessionlint.rewrite.unread import gives_unread_of
from sessionlint.source.walk import descend

__all__ = ["bound"]

_RUNNING: Final = frozenset(
    "all first one one_or_none scalar count get exists delete update list len".split()
)
"""What runs a query, or takes its rows."""

_NAMES: Final = {"session": ("session", "db"), "connection": ("connection", "conn")}


def bound(evaluator: Evaluator, block: Block, found: Unbound) -> Fix | None:
    """The fix that opens it by `with` before its statement, None where that could change more.

    Opening has to be the first thing the statement does, or the order would be another.
    """
    made = found.acquired
    if isinstance(made, cst.Attribute):
        # Each of its uses wants the same one, so that a name for this one alone is no cure.
        return None
    body = Nodes(block)
    line = next((n for n in body.above(made) if isinstance(n, cst.BaseStatement)), None)
    holder = next(body.above(line), None) if line is not None else None
    entered = opening(evaluator, block, found.thing, made)
    if entered is None or not isinstance(holder, (cst.IndentedBlock, cst.Module)):
        return None
    if block.kind is BlockKind.CLASS:
        # The name of the session would be an attribute, of a model or an enumeration a member.
        return None
    first = _first(line)
    if first is None or made not in set(_firsts(first)) or line is None:
        return None
    if _is_given_as_query(line, found) or gives_unread_of(body, found):
        return None
    start = index_of(holder.body, line)
    named = cst.SimpleStatementLine([cst.Pass()], leading_lines=getattr(line, "leading_lines", ()))
    if found.call is None:
        if not isinstance(line, cst.SimpleStatementLine) or not _is_all_of(line, made):
            # What is asked of it is what the statement is for.
            return None
        named = named.with_changes(trailing_whitespace=line.trailing_whitespace)
        around = entered.around(None, (), named, holder)
        return entered.fix(Splice(holder, start, start + 1, (around,)))
    name = _name(found.thing, body)
    if name is None:
        return None
    using = line.with_changes(leading_lines=()).deep_replace(made, cst.Name(name))
    assert isinstance(using, cst.BaseStatement)
    inside = _inside(name, found.thing, block, [using, *holder.body[start + 1 :]])
    stop = len(inside) - 1
    if any(isinstance(one, (cst.FunctionDef, cst.ClassDef)) for one in inside):
        # Have: a module whose functions read what it loads; they run behind any `with`.
        return None
    around = entered.around(name, [led_closely(inside[0]), *inside[1:]], named, holder)
    loaded = Loaded(name, found.thing, block, inside)
    reasons = list(_reasons(loaded, found.thing.type))
    if _is_spoken_behind(body, holder, start, loaded.names):
        reasons.append("what is loaded is used after the close")
    return entered.fix(Splice(holder, start, start + 1 + stop, (around,)), reasons)


def _is_all_of(line: cst.SimpleStatementLine, made: cst.BaseExpression) -> bool:
    """Whether a line does nothing but open, be it awaited."""
    only = line.body[0]
    return isinstance(only, cst.Expr) and bare(only.value) is made


def _inside(
    name: str, thing: Thing, block: Block, lines: list[cst.BaseStatement]
) -> list[cst.BaseStatement]:
    """The statements, from the first on, up to the last that may need what the first one loads."""
    for index, line in enumerate(lines[1:], 1):
        again = _bound_anew(line)
        if again is None:
            continue
        before = Loaded(name, thing, block, lines[:index])
        if len(before.names) > 2:
            # More lines load no fewer names.
            break
        if before.names == frozenset({name, again}) and next(before.kept(), None) is None:
            lines = lines[:index]
            break
    loaded = Loaded(name, thing, block, lines)
    needing = [index for index, line in enumerate(lines) if index and loaded.is_in(line)]
    return lines[: needing[-1] + 1 if needing else 1]


def _is_spoken_behind(
    body: Nodes, holder: cst.IndentedBlock | cst.Module, start: int, names: frozenset[str]
) -> bool:
    """Whether a value is asked for out of the list of statements in which it is loaded.

    In that list what needs it goes inside.
    """
    inside = {id(node) for line in holder.body[start:] for node in descend(line)}
    return any(
        id(one) not in inside and not is_target(body, one)
        for name in names
        for one in body.variables(name)
    )


def _bound_anew(line: cst.BaseStatement) -> str | None:
    """The name to which a statement gives a value that has nothing to do with its old one."""
    match line:
        case cst.SimpleStatementLine(
            body=[cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=value)]
        ):
            return None if name in names_in(value) else name
    return None


def _is_given_as_query(line: cst.CSTNode, found: Unbound) -> bool:
    """Whether nothing runs before the caller gets a query: it would be that of a closed session."""
    match line:
        case cst.SimpleStatementLine(body=[cst.Return(value=cst.Call(func=func))]):
            return found.method == "query" and last_name(func) not in _RUNNING
    return False


def _reasons(loaded: Loaded, kind: Type) -> Iterator[str]:
    if kind.name == "RawConnection":
        # Have: the pool has it at once, and may give it to somebody who commits.
        yield "what is written may have been committed by whoever got it next"
    if next(loaded.results(), None) is not None:
        yield f"what is returned may still need the {kind.noun}"
    if next(loaded.kept(), None) is not None:
        yield f"what is stored or passed on may still need the {kind.noun}"


def _name(thing: Thing, body: Nodes) -> str | None:
    """A name that means nothing yet, here or around."""
    spoken = {node.value for node in body.of(cst.Name)}
    free = (name for name in _NAMES[thing.type.kind.value] if name not in spoken)
    scopes = list(body.block.scopes)
    return next((name for name in free if not any(one.bindings(name) for one in scopes)), None)


def _first(line: cst.CSTNode | None) -> cst.CSTNode | None:
    """What a statement evaluates before anything else."""
    match line:
        case cst.SimpleStatementLine(
            body=[cst.Return(value=value) | cst.Expr(value=value) | cst.Assign(value=value)]
        ):
            return value
        case cst.SimpleStatementLine(body=[cst.AnnAssign(target=cst.Name(), value=value)]):
            return value
        case cst.For(iter=source):
            return source
    return None


def _firsts(node: cst.CSTNode | None) -> Iterator[cst.CSTNode]:
    """An expression, what it evaluates first, and so on down."""
    while node is not None:
        yield node
        match node:
            case cst.Await(expression=inner) | cst.Attribute(value=inner):
                node = inner
            case cst.Subscript(value=inner) | cst.Comparison(left=inner):
                node = inner
            case cst.BinaryOperation(left=inner) | cst.BooleanOperation(left=inner):
                node = inner
            case cst.Call(func=cst.Name(), args=[cst.Arg(value=inner, star=""), *_]):
                node = inner
            case cst.Call(func=inner):
                node = inner
            case _:
                return
