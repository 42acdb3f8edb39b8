"""Which errors of its block a `with` keeps to itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Final

import libcst as cst

from sessionlint.facts.scopes import Block
from sessionlint.facts.syntax import TRIES, Handler, arguments, is_name, last_name, last_statement
from sessionlint.facts.values import ClassValue, FunctionValue
from sessionlint.flow.handlers import Catch, caught, takes
from sessionlint.flow.harmless import EXPECTING
from sessionlint.flow.nodes import Nodes
from sessionlint.flow.resource import Resource
from sessionlint.flow.ways import Exit
from sessionlint.source.walk import descend

__all__ = ["swallowed"]

_EXITS: Final = ("__exit__", "__aexit__")


def swallowed(resource: Resource, item: cst.BaseExpression, exit_: Exit) -> Catch:
    """Whether a with-item keeps what leaves its block by an exit.

    Source: a manager's `__exit__` that returns something true does, and so does a generator
    under `contextmanager` that ends after the error was raised at its `yield`.
    """
    if not isinstance(item, cst.Call):
        return Catch.NEVER
    name = last_name(item.func)
    if name == "suppress" or name in EXPECTING:
        kinds = list(arguments(item))[: 1 if name in EXPECTING else None]
        named = {last_name(one) for kind in kinds for one in _each(kind)}
        return takes(named or {""}, exit_)
    made = resource.evaluator.value(item.func, resource.block)
    if isinstance(made, FunctionValue) and len(made.block.yields) == 1:
        work_out = partial(_by_generator, made.block, exit_)
        return resource.evaluator.once((swallowed, made.block, exit_), work_out)
    if isinstance(made, ClassValue) and caught(_BARE, exit_) is Catch.ALWAYS:
        return _by_class(made.block)
    return Catch.NEVER


_BARE: Final = cst.ExceptHandler(cst.IndentedBlock([]))


def _each(kind: cst.BaseExpression) -> Iterator[cst.BaseExpression]:
    if isinstance(kind, cst.Tuple):
        yield from (one.value for one in kind.elements)
    else:
        yield kind


def _by_generator(block: Block, exit_: Exit) -> Catch:
    """Whether the handlers around a `yield` keep what is raised there."""
    is_kept = False
    below: cst.CSTNode = block.yields[0]
    for above in Nodes(block).above(below):
        if isinstance(above, TRIES) and above.body is below:
            kept, is_over = _by_handlers(above.handlers, exit_)
            is_kept = is_kept or kept
            if is_over:
                return Catch.ALWAYS if is_kept else Catch.NEVER
        below = above
    return Catch.MAYBE if is_kept else Catch.NEVER


def _by_handlers(handlers: Iterable[Handler], exit_: Exit) -> tuple[bool, bool]:
    """Whether one of the handlers may keep an error, and whether none goes on."""
    is_kept = False
    for handler in handlers:
        catch = caught(handler, exit_)
        if catch is Catch.NEVER:
            continue
        jumps = {type(one) for one in descend(handler.body)} & {cst.Raise, cst.Return}
        is_last = isinstance(last_statement(handler.body), cst.Raise)
        is_kept = is_kept or not is_last or cst.Return in jumps
        if cst.Raise in jumps:
            return is_kept, False
        if catch is Catch.ALWAYS:
            return True, True
    return is_kept, False


def _by_class(made: Block) -> Catch:
    """Whether the `__exit__` of a class returns something that may be true."""
    found = [one for name in _EXITS if (one := made.function(name)) is not None]
    values = [one.value for block in found for one in block.returns if not _is_false(one.value)]
    if not values:
        return Catch.NEVER
    is_plain = len(found) == 1 and all(is_name(one, "True") for one in values)
    body = found[0].node
    if is_plain and len(found[0].returns) == len(values) and isinstance(body, cst.FunctionDef):
        is_last = isinstance(last_statement(body.body), cst.Return)
        return Catch.ALWAYS if is_last else Catch.MAYBE
    return Catch.MAYBE


def _is_false(value: cst.BaseExpression | None) -> bool:
    return value is None or is_name(value, "None") or is_name(value, "False")
