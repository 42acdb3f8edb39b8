"""A dependency that a lambda drives by hand, given to FastAPI itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import libcst as cst

from sessionlint.facts.scopes import Binding, Block, BlockKind
from sessionlint.facts.syntax import dotted, last_name
from sessionlint.flow.driven import Driven
from sessionlint.model import Fix, Replace
from sessionlint.rewrite.remarks import comments
from sessionlint.source.walk import descend

__all__ = ["injected"]

_SHARING: Final = "all that depend on it in a request get the same session then"
"""Source: FastAPI, "Using the same dependency multiple times"."""


def injected(block: Block, around: cst.Lambda, found: Driven, doubts: Iterable[str]) -> Fix | None:
    """The fix from `Depends(lambda: next(get_db()))` to `Depends(get_db)`, None for other lambdas.

    FastAPI would ask the request for the parameters of the function, and so it may have none.
    """
    is_alone = around.body is found.by and not found.lender.is_async
    if not is_alone or around.params.params or found.made.args or found.lender.parameters:
        return None
    if comments([around]) or not _is_bound_before(block, found.made.func):
        return None
    what = f"let FastAPI drive `{last_name(found.made.func)}`"
    return Fix.weighed(what, (Replace(around, found.made.func),), "; ".join((*doubts, _SHARING)))


def _is_bound_before(block: Block, function: cst.BaseExpression) -> bool:
    """Whether a function of the module has its name already where a lambda is made.

    The lambda asks for it when it is called, `Depends(…)` at once.
    """
    name = (dotted(function) or "").partition(".")[0]
    inner = [one for one in block.scopes if one.kind is not BlockKind.MODULE]
    bindings = block.home.top.bindings(name)
    if not bindings or any(one.bindings(name) for one in inner):
        return False
    statement = next(_bindings_around(block, inner[-1]), None)
    return statement is not None and all(one.place < statement.place for one in bindings)


def _bindings_around(block: Block, outermost: Block) -> Iterator[Binding]:
    """What a module binds by the statement that a lambda stands in."""
    for bindings in block.home.top.near.names.values():
        for one in bindings:
            if one.target is outermost or (outermost is block and _is_in(block.node, one)):
                yield one


def _is_in(node: cst.CSTNode, binding: Binding) -> bool:
    """Whether a name is bound to something that a node is a part of."""
    value = binding.expression
    return value is not None and any(part is node for part in descend(value))
