"""Names that get another value later on, as in `session = session()`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import libcst as cst

from sessionlint.facts.scopes import Binding, Block, BlockKind, How
from sessionlint.facts.syntax import bare, is_name
from sessionlint.facts.values import Value
from sessionlint.source.walk import descend

if TYPE_CHECKING:
    from sessionlint.facts.evaluate import Evaluator

__all__ = ["before", "callee", "lasting", "loaded", "runs_later"]

_LATER: Final = frozenset({BlockKind.FUNCTION, BlockKind.LAMBDA})
"""What runs when somebody calls it."""


def callee(evaluator: Evaluator, call: cst.Call, block: Block) -> Value:
    """What a call calls: in `session = session()`, what the name was before."""
    name = call.func.value if isinstance(call.func, cst.Name) else ""
    near = block.near.names.get(name, ()) if name else ()
    if any(_is_given(one, call) for one in near):
        bindings = block.bindings(name)
        place = next(index for index, one in enumerate(bindings) if _is_given(one, call))
        if place:
            return evaluator.bound([bindings[place - 1]])
    return evaluator.value(call.func, block)


def _is_given(binding: Binding, call: cst.Call) -> bool:
    return binding.expression is not None and bare(binding.expression) is call


def before(evaluator: Evaluator, used: cst.BaseExpression, block: Block) -> Value:
    """What an expression is: in `Session = sessionmaker(class_=Session)`, what the name was."""
    name = used.value if isinstance(used, cst.Name) else ""
    bindings = block.bindings(name) if name in block.near.names else []
    for earlier, later in pairwise(bindings):
        made = later.expression
        if made is not None and any(node is used for node in descend(made)):
            return evaluator.bound([earlier])
    return evaluator.value(used, block)


def loaded(bindings: list[Binding]) -> list[Binding]:
    """The bindings of a module's name that are left when all of the module has run.

    What a statement of the module itself binds in any case replaces all that it bound before.
    """
    for place in range(len(bindings) - 1, 0, -1):
        top = bindings[place].block
        if top.kind is BlockKind.MODULE and _is_plain(bindings[place], top):
            earlier = (one for one in bindings[:place] if one.block is not top)
            return [*earlier, *bindings[place:]]
    return bindings


def runs_later(block: Block, scope: Block) -> bool:
    """Whether a scope runs when all of the one around it, a module's own, has run."""
    return scope.kind is BlockKind.MODULE and any(one.kind in _LATER for one in block.scopes)


def _is_plain(binding: Binding, top: Block) -> bool:
    """Whether a statement of the module itself gives the name its value."""
    if binding.how is How.ANNOTATION:
        return False
    if binding.target is not None:
        # What stands in another statement, an `if` for one, is not the first of it.
        return not binding.place[1] or any(
            one is binding.target.definition for one in _statements(top)
        )
    return any(part is binding.node for one in _statements(top) for part in _parts(one))


def _statements(top: Block) -> Iterator[cst.CSTNode]:
    for root in top.roots:
        yield from root.body if isinstance(root, cst.Module) else [root]


def _parts(statement: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The small statements of a line, and the names that it imports."""
    for part in statement.body if isinstance(statement, cst.SimpleStatementLine) else ():
        yield part
        if isinstance(part, (cst.Import, cst.ImportFrom)):
            yield from () if isinstance(part.names, cst.ImportStar) else part.names


def lasting(bindings: list[Binding]) -> list[Binding]:
    """The bindings of a name without those that a call of the name replaces."""
    behind = [*bindings[1:], None]
    return [one for one, later in zip(bindings, behind, strict=True) if not _replaces(later)]


def _replaces(binding: Binding | None) -> bool:
    """Whether a name is given what calling it gives."""
    match binding and binding.node:
        case cst.Assign(
            targets=[cst.AssignTarget(target=cst.Name(value=name))],
            value=cst.Call(func=cst.Name() as called),
        ):
            return is_name(called, name)
    return False
