"""Sessions that are opened once for a job of a scheduler, and shared by all of its runs.

    scheduler.add_job(clean_up, "interval", hours=1, args=[SessionLocal()])

The first run that fails leaves the session in its failed transaction, and all later ones fail.
Source: SQLAlchemy, "This Session's transaction has been rolled back due to a previous exception".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import libcst as cst

from sessionlint.facts.aside import is_test
from sessionlint.facts.catalog import Kind
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.parameters import is_plain, parameter_of
from sessionlint.facts.receivers import Effect, effect
from sessionlint.facts.scopes import Block, BlockKind
from sessionlint.facts.syntax import bare, is_name, last_name
from sessionlint.facts.values import FunctionValue, Thing
from sessionlint.facts.worth import DATABASE
from sessionlint.flow.deferred import deferred, is_made_as_given
from sessionlint.flow.generators import taken_out
from sessionlint.flow.given import is_left_open
from sessionlint.flow.nodes import Nodes
from sessionlint.flow.shared import Shared, opened

__all__ = ["recurring"]

_ADDING: Final = "add_job"
_TRIGGERS: Final = frozenset({"interval", "cron", "IntervalTrigger", "CronTrigger"})
"""Source: APScheduler, "Triggers": those by which a job runs again and again."""

_RENEWING: Final = frozenset({"rollback", "reset", "invalidate", "begin", "begin_nested"})
"""Methods behind which a session works again, whatever failed before."""


def recurring(evaluator: Evaluator, block: Block) -> Iterator[Shared]:
    """The sessions that a function or a module opens for a job, where that never renews them."""
    if block.kind not in {BlockKind.FUNCTION, BlockKind.MODULE}:
        return
    if is_test(block.home.path, evaluator.tree.files.root):
        return
    for call in list(block.near.calls):
        is_job = last_name(call.func) == _ADDING and _is_again(block, call)
        later = deferred(call) if is_job else None
        if later is None or not is_made_as_given(evaluator, block, call):
            continue
        for argument in later.args:
            thing = _opened(evaluator, block, argument)
            if thing is None or not _is_shared(evaluator, block, later, argument):
                continue
            if not _is_told_of(evaluator, block, later, argument):
                name = last_name(later.func)
                yield Shared(name, thing, bare(argument.value), None, is_run=True)


def _is_again(block: Block, call: cst.Call) -> bool:
    """Whether a job is added that runs more than once, be it that its trigger has a name."""
    given = [one.value for one in call.args if one.keyword is None][1:2]
    named = [one.value for one in call.args if one.keyword and one.keyword.value == "trigger"]
    triggers = [*given, *named]
    if len(triggers) == 1 and isinstance(triggers[0], cst.Name):
        bound = block.bindings(triggers[0].value)
        triggers = [one.expression for one in bound if one.expression is not None]
    match triggers:
        case [cst.SimpleString() as text]:
            return text.evaluated_value in _TRIGGERS
        case [cst.Call(func=made)]:
            return last_name(made) in _TRIGGERS
    return False


def _opened(evaluator: Evaluator, block: Block, argument: cst.Arg) -> Thing | None:
    """The session that an argument opens, or takes out of a generator that nobody ends."""
    if not isinstance(bare(argument.value), cst.Call):
        return None
    drawn = taken_out(evaluator, argument.value, block)
    thing = drawn or opened(evaluator, argument.value, block)
    if thing is None or thing.type.kind is not Kind.SESSION:
        return None
    return thing if drawn is not None or (thing.is_fresh and thing.is_sure) else None


def _is_shared(evaluator: Evaluator, block: Block, job: cst.Call, argument: cst.Arg) -> bool:
    """Whether a job of the project works by its session alone, and neither ends nor renews it."""
    function = evaluator.value(job.func, block)
    if not isinstance(function, FunctionValue) or not is_plain(function.block):
        return False
    inside, name = function.block, parameter_of(function, job, argument)
    if name is None or inside.yields or len(inside.bindings(name)) != 1:
        return False
    if effect(evaluator, job, argument, block) is not Effect.LOAN:
        return False
    if any(is_name(one.value, name) for call in inside.calls for one in call.args):
        # What it is given to may renew it.
        return False
    called = [call for call in inside.calls if isinstance(call.func, cst.Attribute)]
    owned = {last_name(one.func) for one in called if is_name(_owner(one), name)}
    return not owned.isdisjoint(DATABASE) and owned.isdisjoint(_RENEWING)


def _owner(call: cst.Call) -> cst.CSTNode:
    return call.func.value if isinstance(call.func, cst.Attribute) else call.func


def _is_told_of(evaluator: Evaluator, block: Block, job: cst.Call, argument: cst.Arg) -> bool:
    """Whether a job leaves a connection out, of which another rule tells in a function."""
    if block.kind is not BlockKind.FUNCTION or taken_out(evaluator, argument.value, block):
        return False
    return is_left_open(evaluator, Nodes(block), job, argument)
