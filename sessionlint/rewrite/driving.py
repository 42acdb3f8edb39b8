"""A generator that is driven by hand, entered as the context manager it was written for."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.holding import has, is_made_of, may_keep
from sessionlint.facts.scopes import Block, How
from sessionlint.facts.syntax import bare, is_name, targets_of
from sessionlint.flow.driven import Driven
from sessionlint.flow.generators import STEPS, is_entering, lent_to, thrown_away
from sessionlint.flow.lenders import (
    begins,
    begins_work,
    closes,
    goes_on,
    handles,
    is_for_any_with,
    is_straight,
    manages,
    removes,
)
from sessionlint.flow.loops import innermost
from sessionlint.flow.nodes import Nodes
from sessionlint.flow.resource import Resource
from sessionlint.model import AddImport, Edit, Fix, Replace
from sessionlint.rewrite.doubted import is_expected_to_be_none
from sessionlint.rewrite.injecting import injected
from sessionlint.rewrite.leaving import Loaded
from sessionlint.rewrite.manners import Opening, guarding, opening
from sessionlint.rewrite.remarks import comments
from sessionlint.rewrite.replaced import stand_in
from sessionlint.source.walk import descend

__all__ = ["entered", "opening_of"]

_ENDING = frozenset(
    {"commit", "rollback", "close", "aclose", "begin", "connection", "reset", "invalidate"}
)


def entered(evaluator: Evaluator, block: Block, found: Driven) -> Fix | None:
    """The fix that enters the generator, None where that takes more than its own line.

    Source: `contextlib.contextmanager` goes on behind the `yield` when the block ends, and raises
    there what is raised in the block.
    """
    is_plain = is_straight(found.lender) and closes(evaluator, found.lender)
    is_other = found.is_wrapped or is_entering(found.by) or _may_be_another(found.made, block)
    if not is_plain or is_other:
        return None
    is_inside = manages(evaluator, found.lender) or begins(found.lender)
    if isinstance(block.node, cst.Lambda):
        doubts = _doubts_of_drawn(evaluator, block, found.made, found.lender)
        return None if is_inside else injected(block, block.node, found, doubts)
    is_async = found.lender.is_async
    manager = "asynccontextmanager" if is_async else "contextmanager"
    call = _wrapped(found.made, manager)
    edit = (
        _entering_loop(evaluator, block, found, call)
        if found.exit
        else _entering_item(block, found, call)
    )
    if edit is None or (is_inside and not _is_left_alone(block, found)):
        return None
    reason = "; ".join(_reasons(evaluator, block, found))
    edits = (edit, AddImport("contextlib", manager))
    return Fix.weighed(f"enter it by `{manager}`", edits, reason)


def opening_of(resource: Resource) -> Opening | None:
    """What to enter in the place of what acquires a resource, None where that would do more."""
    evaluator, block, made = resource.evaluator, resource.block, resource.acquired
    step = bare(made)
    generator = thrown_away(block, step) if isinstance(step, STEPS) else None
    if generator is None:
        if resource.thing.is_guess and is_expected_to_be_none(resource):
            return None
        return opening(evaluator, block, resource.thing, made) or guarding(resource.thing, made)
    found = lent_to(evaluator, block, generator, step)
    if found is None:
        return None
    opening_ = _opening_drawn(evaluator, block, generator, found[1])
    if opening_ is None or not is_entering(step):
        return opening_
    return opening_._replace(expression=generator, wrapper="")


def _opening_drawn(
    evaluator: Evaluator, block: Block, generator: cst.Call, lender: Block
) -> Opening | None:
    """What to enter in the place of `next(get_db())`."""
    is_enterable = is_for_any_with(evaluator, lender) and not _may_be_another(generator, block)
    if not is_enterable or (lender.is_async and not block.is_async):
        return None
    manager = "asynccontextmanager" if lender.is_async else "contextmanager"
    doubts = "; ".join(_doubts_of_drawn(evaluator, block, generator, lender))
    return Opening(_wrapped(generator, manager), lender.is_async, manager, doubts)


def _may_be_another(generator: cst.Call, block: Block) -> bool:
    """Whether a parameter, or a variable of the block itself, stands for the generator function."""
    name = generator.func.value if isinstance(generator.func, cst.Name) else ""
    return any(one.how in {How.PARAMETER, How.VALUE} for one in block.bindings(name))


def _wrapped(made: cst.Call, manager: str) -> cst.Call:
    return made.with_changes(func=cst.Call(cst.Name(manager), [cst.Arg(made.func)]))


def _entering_loop(
    evaluator: Evaluator, block: Block, found: Driven, call: cst.Call
) -> Edit | None:
    """`async with` in the place of a loop that takes one turn, a `break` at its end left out."""
    loop = found.by
    assert isinstance(loop, cst.For)
    assert isinstance(loop.target, cst.Name)
    if comments([loop.iter]):
        return None
    jumps = [
        node
        for node in descend(loop.body)
        if isinstance(node, (cst.Break, cst.Continue)) and innermost(loop, node) is loop
    ]
    body = loop.body
    if jumps and isinstance(body, cst.IndentedBlock) and _is_break(body.body[-1]):
        body = body.with_changes(body=body.body[:-1])
        del jumps[-1]
    if jumps or loop.orelse is not None or not body.body:
        return None
    if _is_spoken_behind(block, loop.target, loop) or _is_held_behind(evaluator, block, loop):
        return None
    if _is_given_away(block, body, loop.target.value):
        return None
    return Replace(
        loop,
        cst.With(
            [cst.WithItem(call, cst.AsName(loop.target))],
            body,
            asynchronous=loop.asynchronous,
            leading_lines=loop.leading_lines,
        ),
    )


def _is_given_away(block: Block, body: cst.BaseSuite, name: str) -> bool:
    """Whether the session is returned or kept, be it in something: it would be a closed one."""
    given = [
        one.value
        for one in descend(body)
        if isinstance(one, cst.Return)
        or (isinstance(one, cst.Assign) and not all(map(_is_variable, one.targets)))
    ]
    is_given = any(has(block, value, name) or is_made_of(value, name) for value in given)
    return is_given or name in block.kept or name in block.declared


def _is_held_behind(evaluator: Evaluator, block: Block, loop: cst.For) -> bool:
    """Whether a variable that is spoken of behind the loop may hold the session: `db = session`."""
    assert isinstance(loop.target, cst.Name)
    name = loop.target.value
    return any(
        has(block, one.value, name) or _keeps(evaluator, block, one.value, name)
        for one in descend(loop.body)
        if isinstance(one, (cst.Assign, cst.AnnAssign))
        and any(_is_spoken_behind(block, target, loop) for target in targets_of(one))
    )


def _keeps(evaluator: Evaluator, block: Block, value: cst.CSTNode | None, name: str) -> bool:
    """Whether a value is made by a call that is given the session, and may hold it."""
    call = bare(value) if isinstance(value, cst.BaseExpression) else None
    return isinstance(call, cst.Call) and any(
        is_name(arg.value, name) and may_keep(evaluator, call, arg, block) for arg in call.args
    )


def _is_variable(target: cst.AssignTarget) -> bool:
    return isinstance(target.target, cst.Name)


def _is_spoken_behind(block: Block, variable: cst.CSTNode, loop: cst.For) -> bool:
    """Whether a variable is spoken of anywhere but in a loop, behind which all is closed."""
    if not isinstance(variable, cst.Name):
        return False
    name = variable.value
    inside = sum(is_name(node, name) for node in descend(loop))
    bound = sum(one.is_none for one in block.bindings(name))
    return sum(is_name(node, name) for node in Nodes(block).nodes) > inside + bound


def _is_break(node: cst.CSTNode) -> bool:
    """Whether a line is `break` and nothing else, no comment either."""
    is_alone = isinstance(node, cst.SimpleStatementLine) and isinstance(node.body[0], cst.Break)
    if not isinstance(node, cst.SimpleStatementLine) or not is_alone:
        return False
    is_told = node.trailing_whitespace.comment is not None
    return not is_told and not any(line.comment for line in node.leading_lines)


def _entering_item(block: Block, found: Driven, call: cst.Call) -> Edit | None:
    """The generator itself where a `with` enters what it gives."""
    above = Nodes(block).above(found.by)
    item: cst.CSTNode = found.by
    holder = next(above)
    if isinstance(holder, cst.Await):
        item, holder = holder, next(above)
    if not isinstance(holder, cst.WithItem):
        return None
    around = next(above)
    is_async = isinstance(around, cst.With) and around.asynchronous is not None
    is_alike = is_async is found.lender.is_async and not comments([item])
    return Replace(item, call) if is_alike else None


def _is_left_alone(block: Block, found: Driven) -> bool:
    """Whether the session is only read from, so that nothing ends what holds it open around.

    Source: a session that is committed inside of its own `with session.begin()` refuses every
    further statement.
    """
    body = Nodes(block)
    around, name = _entered_as(body, found)
    spoken = [node for node in descend(around) if is_name(node, name)]
    above = [next(body.above(node)) for node in spoken]
    return all(
        isinstance(one, cst.Attribute) and one.value is node and one.attr.value not in _ENDING
        for node, one in zip(spoken, above, strict=True)
        if not isinstance(one, (cst.AsName, cst.For))
    )


def _entered_as(body: Nodes, found: Driven) -> tuple[cst.CSTNode, str]:
    """The statement in which the session is used, and its name there, empty if it has none."""
    path = [found.by, *body.above(found.by)]
    around = next(node for node in path if isinstance(node, (cst.For, cst.With)))
    if isinstance(around, cst.For):
        target: cst.CSTNode | None = around.target
    else:
        item = next(node for node in path if isinstance(node, cst.WithItem))
        target = item.asname and item.asname.name
    return around, target.value if isinstance(target, cst.Name) else ""


def _reasons(evaluator: Evaluator, block: Block, found: Driven) -> Iterator[str]:
    """Why the result of entering a generator would not do the same in every run."""
    yield from _doubts(evaluator, found.lender)
    if not isinstance(found.by, cst.For):
        yield from _doubts_of_thrown(found.lender)
    if isinstance(found.by, cst.For) and isinstance(found.by.target, cst.Name):
        loaded = Loaded(found.by.target.value, found.thing, block, [found.by.body])
        if next(loaded.results(), None) is not None:
            yield "what is returned may still need the session"
        others = loaded.names - {found.by.target.value}
        if any(_is_spoken_behind(block, cst.Name(name), found.by) for name in others):
            yield "what is loaded is used after the close"
        if next(loaded.kept(), None) is not None:
            yield "what is stored or passed on may still need the session"


def _doubts(evaluator: Evaluator, lender: Block) -> Iterator[str]:
    """What else happens when a generator is brought to its end."""
    if goes_on(lender) or manages(evaluator, lender):
        yield "what the dependency does behind its `yield` is done then, a commit for instance"
    if handles(lender):
        yield "an error of the block reaches the handlers of the dependency"
    if removes(evaluator, lender):
        yield "the registry may have given its session to others already"


def _doubts_of_drawn(
    evaluator: Evaluator, block: Block, generator: cst.Call, lender: Block
) -> Iterator[str]:
    """What else happens when a generator is not thrown away, and something else may be entered."""
    yield from _doubts(evaluator, lender)
    yield from _doubts_of_thrown(lender)
    if replaced := stand_in(evaluator, block, generator):
        yield replaced


def _doubts_of_thrown(lender: Block) -> Iterator[str]:
    """What else happens when it is not ended at once, and its transaction with it."""
    if begins_work(lender):
        yield "what the dependency does before its `yield` is kept then"
