"""Clean-up put into a shield, or into the context manager that has one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Final

import libcst as cst

from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.scopes import Block
from sessionlint.facts.shields import local_shield
from sessionlint.facts.syntax import JUMPS, dotted, index_of, names_in
from sessionlint.flow.cleanups import CleanUp
from sessionlint.flow.nodes import Nodes
from sessionlint.flow.protection import EarlyShield, NestedBegin
from sessionlint.flow.waits import Wait
from sessionlint.model import AddImport, Edit, Fix, RemoveImportIfUnused, Replace, Safety, Splice
from sessionlint.rewrite.blanks import blanks_behind, with_blanks_behind
from sessionlint.rewrite.lists import empty_lines, tried
from sessionlint.rewrite.remarks import comments
from sessionlint.rewrite.replaced import stand_in
from sessionlint.source.walk import descend

__all__ = ["begun_by_maker", "shielded", "waited_for"]

_TITLE: Final = "shield the clean-up"
_Holder = cst.IndentedBlock | cst.Module


def shielded(
    evaluator: Evaluator, block: Block, found: CleanUp, others: Sequence[CleanUp]
) -> Fix | None:
    """The fix after which a cancellation does not keep the resource from being given back.

    Waits that stand together get one shield, for a shield raises the cancellation at its end, and
    what follows would not be reached. What stands before a release otherwise is put into a `try`
    with the release in its `finally`. None where that would change the way out.
    """
    body = Nodes(block)
    own = [one for one in others if one.around is found.around]
    lines = _together(body, found, own)
    if lines:
        return _in_one(evaluator, block, body, lines)
    if found.skipped is not None:
        return _protected(evaluator, block, body, own, found.wait, found.skipped)
    before = own[: own.index(found)]
    if before:
        fix = _protected(evaluator, block, body, own, before[0].wait, found.wait)
        if fix is not None:
            return fix
    edits = _shield(evaluator, block, found.wait)
    return Fix(_TITLE, Safety.SAFE, edits) if edits else None


def _shield(evaluator: Evaluator, block: Block, wait: Wait) -> tuple[Edit, ...]:
    """The edits that put one wait into a shield, none where it is in one or is no `await`."""
    node = wait.node
    if wait.is_shielded or not isinstance(node, cst.Await):
        return ()
    name, imported = _imported(evaluator, block, "shielded")
    call = cst.Call(cst.Name(name), [cst.Arg(node.expression)])
    return (Replace(node.expression, call), *imported)


def _in_one(
    evaluator: Evaluator, block: Block, body: Nodes, lines: Sequence[cst.SimpleStatementLine]
) -> Fix:
    """One shield for statements that do nothing but wait."""
    holder = next(body.above(lines[0]))
    assert isinstance(holder, (cst.IndentedBlock, cst.Module))
    name, imported = _imported(evaluator, block, "shielded_all")
    calls = [call for line in lines if (call := _call_of(line)) is not None]
    whole = cst.Call(cst.Name(name), [cst.Arg(_step(call)) for call in calls])
    line = cst.SimpleStatementLine(
        [cst.Expr(cst.Await(whole))],
        leading_lines=lines[0].leading_lines,
        trailing_whitespace=lines[-1].trailing_whitespace,
    )
    start = index_of(holder.body, lines[0])
    return Fix(_TITLE, Safety.SAFE, (Splice(holder, start, start + len(lines), (line,)), *imported))


def _protected(
    evaluator: Evaluator,
    block: Block,
    body: Nodes,
    own: Sequence[CleanUp],
    first: Wait,
    release: Wait,
) -> Fix | None:
    """A `try` around everything from the first wait on, with the release in its `finally`.

    What undoes gets a shield, too, for a connection is thrown away when that is cut off.
    """
    ends = dict(_steps_to(body, release.node))
    place = next(((one, at) for one, at in _steps_to(body, first.node) if one in ends), None)
    if place is None or place[1] >= ends[place[0]]:
        return None
    holder, start = place
    *head, last = holder.body[start : ends[holder] + 1]
    before = [one for statement in head for one in descend(statement)]
    if any(isinstance(one, JUMPS) for one in (*before, *descend(last))):
        # In a `finally` it would hide what is being raised; who leaves before leaves it open.
        return None
    within = set(map(id, before))
    spoken = names_in(last) & block.names.keys()
    if any(id(one.node) in within for name in spoken for one in block.names[name]):
        # What decides about the release may have failed.
        return None
    whole = tried(head, [last], holder, empty_lines(head[0]))
    edits: list[Edit] = [Splice(holder, start, ends[holder] + 1, (whole,))]
    undone = [one.wait for one in own if one.wait.is_rollback and id(one.wait.node) in within]
    for wait in (*undone, release):
        edits += [one for one in _shield(evaluator, block, wait) if one not in edits]
    return Fix(_TITLE, Safety.SAFE, tuple(edits))


def _steps_to(body: Nodes, node: cst.CSTNode) -> Iterator[tuple[_Holder, int]]:
    """The lists of statements that hold a node, innermost first, and where it stands in each."""
    below = node
    for above in body.above(node):
        if isinstance(above, (cst.IndentedBlock, cst.Module)):
            yield above, index_of(above.body, below)
        below = above


def _together(
    body: Nodes, found: CleanUp, own: Sequence[CleanUp]
) -> Sequence[cst.SimpleStatementLine]:
    """The consecutive statements that do nothing but release or undo, this one among them.

    None of them where it stands alone, or where a comment would lose its place.
    """
    waits = {id(one.wait.node) for one in own if one.wait.is_release or one.wait.is_rollback}
    above = body.above(found.wait.node)
    line = next((one for one in above if isinstance(one, cst.SimpleStatementLine)), None)
    holder = next(body.above(line), None) if line is not None else None
    if line is None or not isinstance(holder, (cst.IndentedBlock, cst.Module)):
        return ()

    def is_alike(one: cst.CSTNode) -> bool:
        return _waiting(one) in waits and _call_of(one) is not None

    if not is_alike(line):
        return ()
    at = index_of(holder.body, line)
    before = list(takewhile(is_alike, reversed(holder.body[:at])))[::-1]
    after = takewhile(is_alike, holder.body[at + 1 :])
    lines = [one for one in (*before, line, *after) if isinstance(one, cst.SimpleStatementLine)]
    between = [white for one in lines[1:] for white in one.leading_lines]
    trailing = [one.trailing_whitespace for one in lines[:-1]]
    return lines if len(lines) > 1 and not comments([*between, *trailing]) else ()


def _waiting(line: cst.CSTNode) -> int:
    """The id of the `await` that is all of a statement, 0 for any other."""
    match line:
        case cst.SimpleStatementLine(body=[cst.Expr(value=cst.Await() as node)]):
            return id(node)
    return 0


def _call_of(line: cst.CSTNode) -> cst.Call | None:
    """The call that a statement awaits, if it can be put off in a lambda."""
    match line:
        case cst.SimpleStatementLine(
            body=[cst.Expr(value=cst.Await(expression=cst.Call() as call))]
        ):
            now = (cst.Await, cst.Yield, cst.NamedExpr)
            return None if any(isinstance(one, now) for one in descend(call)) else call
    return None


def _step(call: cst.Call) -> cst.BaseExpression:
    """What gives the awaitable when it is called: `db.close`, `lambda: pool.release(conn)`."""
    is_plain = not call.args and isinstance(call.func, cst.Attribute)
    return call.func if is_plain else cst.Lambda(cst.Parameters(), call)


def _imported(evaluator: Evaluator, block: Block, name: str) -> tuple[str, tuple[Edit, ...]]:
    """What a function of the shield is called here, and the import if there is none yet."""
    known = local_shield(evaluator, block, name)
    if known is not None:
        return known, ()
    return name, (AddImport(evaluator.names.shield_module, name),)


def begun_by_maker(evaluator: Evaluator, block: Block, found: NestedBegin) -> Fix | None:
    """The fix that lets the maker begin: one context manager instead of two.

    None where the transaction has a name, one of the calls takes something, or a comment would lose
    its place.
    """
    begin = found.begin
    if begin.asname is not None or found.made.args or not _is_plain_call(begin.item):
        return None
    maker = found.made.with_changes(func=cst.Attribute(found.made.func, cst.Name("begin")))
    first = found.outer.items[found.index].with_changes(item=maker)
    before = found.outer.items[: found.index]
    if found.inner is found.outer:
        gone = found.outer.items[found.index : found.index + 2]
        if comments(one.comma for one in gone if isinstance(one.comma, cst.Comma)):
            return None
        items = [*before, first, *found.outer.items[found.index + 2 :]]
        new: cst.BaseStatement = found.outer.with_changes(items=_ended(items))
    elif len(found.outer.items) == found.index + 1 and not _has_comments_between(found):
        items = [*before, first, *found.inner.items[1:]]
        whole = found.outer.with_changes(items=_ended(items), body=found.inner.body)
        new = with_blanks_behind(whole, blanks_behind(found.outer))
    else:
        return None
    doubt = stand_in(evaluator, block, found.made)
    return Fix.weighed("let the maker begin", (Replace(found.outer, new),), doubt)


def _is_plain_call(call: cst.BaseExpression) -> bool:
    return isinstance(call, cst.Call) and not call.args


def _ended(items: Sequence[cst.WithItem]) -> list[cst.WithItem]:
    """Items of a `with` without a comma after the last."""
    return [*items[:-1], items[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)]


def _has_comments_between(found: NestedBegin) -> bool:
    """Whether a comment would lose its place when two statements become one."""
    outer = found.outer.body
    assert isinstance(outer, cst.IndentedBlock)
    return bool(comments([outer.header, *outer.footer, *found.inner.leading_lines]))


def waited_for(evaluator: Evaluator, block: Block, found: EarlyShield) -> Fix:
    """The fix that waits for what is shielded."""
    name, imported = _imported(evaluator, block, "shielded")
    call = cst.Call(cst.Name(name), [cst.Arg(found.inner)])
    root = (dotted(found.shield.func) or "").partition(".")[0]
    edits: tuple[Edit, ...] = (Replace(found.shield, call), *imported)
    if root:
        edits = (*edits, RemoveImportIfUnused(root))
    return Fix("wait for it in a shield", Safety.SAFE, edits)
