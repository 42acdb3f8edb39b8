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

__all__ = ["kept", "swallowed"]

_EXITS: Final = ("__exit__", "__aexit__")

_RAISING: Final = frozenset({"abort", "fail", "reraise"})
"""What is called to raise. Source: flask.abort, pytest.fail, TestCase.fail, six.reraise."""


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
    return kept(Nodes(block), block.yields[0], exit_)


def kept(body: Nodes, node: cst.CSTNode, exit_: Exit) -> Catch:
    """Whether the handlers around a node keep what leaves it by an exit."""
    is_kept = False
    below = node
    for above in body.around(node):
        if isinstance(above, TRIES) and above.body is below:
            is_now, is_over = _by_handlers(above.handlers, exit_)
            is_kept = is_kept or is_now
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
        inside = list(descend(handler.body))
        is_left = any(isinstance(one, cst.Return) for one in inside)
        is_kept = is_kept or is_left or not _is_raising(last_statement(handler.body))
        if any(map(_is_raising, inside)):
            return is_kept, False
        if catch is Catch.ALWAYS:
            return True, True
    return is_kept, False


def _is_raising(node: cst.CSTNode | None) -> bool:
    """Whether a node raises, be it by a call: `abort(400)` of Flask, `self.fail(…)` of a test."""
    called = node.value if isinstance(node, cst.Expr) else node
    return isinstance(node, cst.Raise) or (
        isinstance(called, cst.Call) and last_name(called.func) in _RAISING
    )


def _by_class(made: Block) -> Catch:
    """Whether the `__exit__` of a class returns something that may be true."""
    found = [one for name in _EXITS if (one := made.function(name)) is not None]
    values = [one.value for block in found for one in block.returns if not _is_false(one.value)]
    if not values:
        return Catch.NEVER
    body = found[0].node
    is_true = len(found) == 1 and all(is_name(one, "True") for one in values)
    is_plain = is_true and not any(map(_is_raising, descend(body)))
    if is_plain and len(found[0].returns) == len(values) and isinstance(body, cst.FunctionDef):
        is_last = isinstance(last_statement(body.body), cst.Return)
        return Catch.ALWAYS if is_last else Catch.MAYBE
    return Catch.MAYBE


def _is_false(value: cst.BaseExpression | None) -> bool:
    return value is None or is_name(value, "None") or is_name(value, "False")
