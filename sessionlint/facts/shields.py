"""What protects an `await` from cancellation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import libcst as cst

from sessionlint.facts.configured import is_named, is_one_of
from sessionlint.facts.scopes import Binding, Block, How
from sessionlint.facts.syntax import dotted, keyword, last_name
from sessionlint.facts.values import Foreign, Symbol
from sessionlint.source.mentions import aliases, imports_in
from sessionlint.source.walk import descend

if TYPE_CHECKING:
    from sessionlint.facts.evaluate import Evaluator

__all__ = [
    "is_asyncio_shield",
    "is_protected",
    "is_shield",
    "is_shielding",
    "local_shield",
]

_ASYNCIO: Final = frozenset({"asyncio.shield", "asyncio.tasks.shield"})
_OWN_MODULE: Final = "sessionlint.shield"
_WRAPPERS: Final = ("shielded", "shielded_all")
_DECORATOR: Final = "uncancellable"
_SCOPES: Final = frozenset({"CancelScope", "open_cancel_scope", "move_on_after", "fail_after"})
"""Scopes of anyio and trio that take `shield=True`."""


def is_shield(evaluator: Evaluator, callee: cst.BaseExpression, block: Block) -> bool:
    """Whether what a function is given runs to its end whatever is cancelled meanwhile."""
    return (
        is_asyncio_shield(evaluator, callee, block)
        or _is_our_shield(evaluator, callee, block)
        or is_named(evaluator, callee, block, evaluator.names.shields)
    )


def is_asyncio_shield(evaluator: Evaluator, callee: cst.BaseExpression, block: Block) -> bool:
    """Whether this is `asyncio.shield`, not what a module of the project called so has."""
    if dotted(callee) in _ASYNCIO:
        return True
    value = evaluator.value(callee, block)
    return isinstance(value, (Symbol, Foreign)) and value.name in _ASYNCIO


def _is_our_shield(
    evaluator: Evaluator,
    callee: cst.BaseExpression,
    block: Block,
    wrappers: tuple[str, ...] = _WRAPPERS,
) -> bool:
    """Whether this is a function of `sessionlint.shield`, or of the project's copy of it."""
    return is_named(evaluator, callee, block, _ours(evaluator, wrappers))


def _ours(evaluator: Evaluator, names: tuple[str, ...]) -> frozenset[str]:
    """The full names of some functions of the shield, in both places it may be in."""
    modules = (_OWN_MODULE, evaluator.names.shield_module)
    return frozenset(f"{module}.{name}" for module in modules for name in names)


def is_protected(evaluator: Evaluator, block: Block) -> bool:
    """Whether all of a function runs in a shield, by a decorator."""
    callees = (one.func if isinstance(one, cst.Call) else one for one in block.decorators)
    outer = block.parent or block
    return any(
        _is_our_shield(evaluator, callee, outer, (_DECORATOR,))
        or is_named(evaluator, callee, outer, evaluator.names.shields)
        for callee in callees
    )


def is_shielding(evaluator: Evaluator, node: cst.With, block: Block) -> bool:
    """Whether a `with` protects its body: `with anyio.CancelScope(shield=True):`.

    A scope that gets `scope.shield = …` inside counts as well, whatever the value.
    """
    for item in node.items:
        call = item.item
        callee = call.func if isinstance(call, cst.Call) else call
        if is_named(evaluator, callee, block, evaluator.names.shields):
            return True
        if not isinstance(call, cst.Call) or last_name(callee) not in _SCOPES:
            continue
        asked = keyword(call, "shield")
        if asked is not None and dotted(asked) != "False":
            return True
        name = item.asname.name if item.asname is not None else None
        if isinstance(name, cst.Name) and _gets_shield(node, name.value):
            return True
    return False


def _gets_shield(node: cst.With, name: str) -> bool:
    return any(
        dotted(target.target) == f"{name}.shield"
        for one in descend(node.body)
        if isinstance(one, cst.Assign)
        for target in one.targets
    )


def local_shield(evaluator: Evaluator, block: Block, name: str) -> str | None:
    """What an import at the top of the module calls a function of the shield; None without one."""
    top, ours = block.home.top, _ours(evaluator, (name,))
    for local, bindings in top.names.items():
        is_import = all(one.how is How.IMPORT_FROM and one.item == name for one in bindings)
        if not is_import or not _is_at_top(top.node, bindings[0]):
            continue
        if is_one_of(evaluator.lookup(local, block), ours):
            return local
    return None


def _is_at_top(module: cst.CSTNode, binding: Binding) -> bool:
    """Whether an import stands under no condition."""
    assert isinstance(module, cst.Module)
    return any(
        alias is binding.node
        for line in module.body
        for node in imports_in(line)
        for alias in aliases(node)
    )
