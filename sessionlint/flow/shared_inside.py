"""Objects of a module that keep a session which all of its functions then share."""

from __future__ import annotations

import libcst as cst

from sessionlint.facts.aside import is_test
from sessionlint.facts.catalog import Kind
from sessionlint.facts.classes import is_throughout
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.scopes import Block, BlockKind
from sessionlint.facts.syntax import bare
from sessionlint.facts.values import ClassValue, Thing
from sessionlint.flow.given import is_asked, is_kept_open

__all__ = ["kept_inside"]


def kept_inside(evaluator: Evaluator, made: cst.BaseExpression, block: Block) -> Thing | None:
    """The session in `users = Users(SessionLocal())` of a module, if the class only works with it.

    Its class keeps it and neither closes nor replaces it, nor enters anything.
    """
    if block.kind is not BlockKind.MODULE or not isinstance(made, cst.Call):
        return None
    if is_test(block.home.path, evaluator.tree.files.root):
        return None
    opened = [(arg, arg.value) for arg in made.args if isinstance(bare(arg.value), cst.Call)]
    found = [(arg, value) for arg, value in opened if evaluator.may_acquire(value, block)]
    callee = evaluator.value(made.func, block) if found else None
    if not isinstance(callee, ClassValue) or not _works(evaluator, callee.block):
        return None
    for argument, value in found:
        match evaluator.value(value, block):
            case Thing(is_fresh=True, is_sure=True) as thing if thing.type.kind is Kind.SESSION:
                if is_kept_open(evaluator, callee.block, made, argument):
                    return thing
    return None


def _works(evaluator: Evaluator, of: Block) -> bool:
    """Whether a method takes a connection and leaves it open, and `__init__` alone stores."""
    is_settled = is_throughout(evaluator, of, _stores_once)
    return is_settled and is_asked(evaluator, of, frozenset(of.names))


def _stores_once(of: Block) -> bool:
    return all(
        len(found) == 1 and found[0].block.name == "__init__"
        for found in of.near.attributes.values()
    )
