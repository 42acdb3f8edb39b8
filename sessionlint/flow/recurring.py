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
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.parameters import is_as_given, is_plain, parameter_of
from sessionlint.facts.receivers import Effect, effect
from sessionlint.facts.scopes import Block, BlockKind
from sessionlint.facts.syntax import bare, is_name, last_name
from sessionlint.facts.values import FunctionValue
from sessionlint.facts.worth import DATABASE
from sessionlint.flow.acquisitions import sure_session
from sessionlint.flow.callers import is_clock
from sessionlint.flow.deferred import deferred, is_made_as_given
from sessionlint.flow.generators import taken_out
from sessionlint.flow.given import is_left_open
from sessionlint.flow.nodes import Nodes
from sessionlint.flow.shared import Shared

__all__ = ["recurring"]

_ADDING: Final = "add_job"
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
            drawn = taken_out(evaluator, argument.value, block)
            thing = drawn or sure_session(evaluator, argument.value, block)
            if thing is None or not _is_shared(evaluator, block, later, argument):
                continue
            if drawn is not None or not _is_told_of(evaluator, block, later, argument):
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
    return len(triggers) == 1 and is_clock(triggers[0])


def _is_shared(evaluator: Evaluator, block: Block, job: cst.Call, argument: cst.Arg) -> bool:
    """Whether a job of the project works by its session alone, and neither ends nor renews it."""
    function = evaluator.value(job.func, block)
    if not isinstance(function, FunctionValue) or not is_plain(function.block):
        return False
    inside, name = function.block, parameter_of(function, job, argument)
    if name is None or inside.yields or not is_as_given(inside, name):
        return False
    if effect(evaluator, job, argument, block) is not Effect.LOAN:
        return False
    if any(is_name(one.value, name) for call in inside.calls for one in call.args):
        # What it is given to may renew it.
        return False
    methods = [call.func for call in inside.calls if isinstance(call.func, cst.Attribute)]
    asked = {one.attr.value for one in methods if is_name(one.value, name)}
    return not asked.isdisjoint(DATABASE) and asked.isdisjoint(_RENEWING)


def _is_told_of(evaluator: Evaluator, block: Block, job: cst.Call, argument: cst.Arg) -> bool:
    """Whether a job leaves a connection out, of which another rule tells in a function."""
    is_inside = block.kind is BlockKind.FUNCTION
    return is_inside and is_left_open(evaluator, Nodes(block), job, argument)
