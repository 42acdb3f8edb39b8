"""What a program does with a session that it puts somewhere and reads back by a name or a key."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator
from itertools import chain, islice
from typing import Final, TypeAlias

import libcst as cst

from sessionlint.facts.aside import is_test
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.module import Module
from sessionlint.facts.scopes import Block, BlockKind
from sessionlint.facts.syntax import assigned_attribute, last_name
from sessionlint.facts.values import ClassValue
from sessionlint.flow.given import is_left_open
from sessionlint.flow.harmless import SETTLING
from sessionlint.flow.keeping import is_kept_open, methods
from sessionlint.flow.nodes import Nodes
from sessionlint.flow.spoken import Use, use
from sessionlint.flow.transactions import keeps_connection, leaves_open
from sessionlint.source.logical import logical

__all__ = [
    "Reads",
    "attributes",
    "is_asked",
    "is_attribute",
    "is_key",
    "is_left_open_by",
    "may_close",
    "modules_with",
    "put_aside",
    "subscripts",
]

Reads: TypeAlias = Callable[[Nodes], Iterator[cst.BaseExpression]]
"""Where the nodes of a block read a session back."""

_CLOSING: Final = rb"\.\s*\w*(?:clos|remove|reset|invalidate|release)\w*\s*\(|\bclosing\("


def modules_with(evaluator: Evaluator, word: str, pattern: re.Pattern[bytes]) -> Iterator[Module]:
    """The modules of the program in which a pattern matches."""
    tree = evaluator.tree
    spoken = (path for path, _ in tree.searched(word.encode(), pattern))
    for path in chain(spoken, tree.elsewhere(word.encode(), pattern)):
        module = None if is_test(path, tree.files.root) else tree.module(path)
        if module is not None:
            yield module


def may_close(module: Module) -> bool:
    """Whether anything at all is closed in a module."""
    text = module.reader.text.encode(errors="replace")
    return re.search(_CLOSING, logical(text).data) is not None


def put_aside(block: Block, owner: str) -> Iterator[tuple[cst.Attribute, cst.BaseExpression]]:
    """The attributes of what has a name that a block assigns, each with what it gets."""
    for bindings in list(block.home.fields.values()):
        for one in bindings:
            target = assigned_attribute(one.node) if one.block is block else None
            is_it = target is not None and last_name(target.value) == owner
            if target is not None and is_it and one.expression is not None:
                yield target, one.expression


def attributes(nodes: Nodes, owner: str, name: str) -> Iterator[cst.Attribute]:
    """Where an attribute of what has a name is read: `st.session_state.db`."""
    for part in nodes.of(cst.Attribute):
        is_it = is_attribute(part, owner, name)
        if is_it and not isinstance(next(nodes.above(part)), (cst.AssignTarget, cst.AnnAssign)):
            yield part


def is_attribute(node: cst.CSTNode | None, owner: str, name: str) -> bool:
    """Whether a node is an attribute of what has a name: `g.db`, `flask.g.db`."""
    if not isinstance(node, cst.Attribute):
        return False
    return node.attr.value == name and last_name(node.value) == owner


def subscripts(nodes: Nodes, owner: str, key: str) -> Iterator[cst.Subscript]:
    """Where what has a name is read by a key: `info.context["db"]`."""
    for part in nodes.of(cst.Subscript):
        match part.slice:
            case [cst.SubscriptElement(slice=cst.Index(value=word))] if is_key(word, key):
                if last_name(part.value) == owner:
                    yield part


def is_asked(call: cst.Call, owner: str, key: str, methods: Container[str]) -> bool:
    """Whether a call asks what has a name for a key by a method: `info.context.get("db")`."""
    match call:
        case cst.Call(
            func=cst.Attribute(value=of, attr=cst.Name(value=method)),
            args=[cst.Arg(value=word), *_],
        ):
            return method in methods and last_name(of) == owner and is_key(word, key)
    return False


def is_key(word: cst.BaseExpression, key: str) -> bool:
    """Whether an expression is a string in quotes that holds the key."""
    return isinstance(word, cst.SimpleString) and word.raw_value == key


def is_left_open_by(
    evaluator: Evaluator, modules: Iterable[Module], words: Iterable[str], reads: Reads
) -> bool:
    """Whether what reads a session takes a connection by it, and nobody may close that.

    Nothing at all is closed in the modules that speak of it. Where it is read, one of the words is
    spoken.
    """
    found = False
    for module in modules:
        if may_close(module):
            return False
        spoken = {id(block): block for word in words for block in module.speaking(word)}
        for block in spoken.values():
            answer = _holds(evaluator, block, reads)
            if answer is None:
                return False
            found = found or answer
    return found


def _holds(evaluator: Evaluator, block: Block, reads: Reads) -> bool | None:
    """Whether a block keeps a connection that it takes; None where another may not.

    For it may close the session, or ends transactions and nothing else, be they those of others.
    Where the session has no name of its own, whatever it takes counts.
    """
    if block.kind not in {BlockKind.FUNCTION, BlockKind.MODULE}:
        return False
    nodes = Nodes(block)
    found, all_spoken = False, list[cst.CSTNode]()
    for read in reads(nodes):
        if block.kind is BlockKind.MODULE and nodes.is_inside(read):
            continue
        name = _name(nodes, read)
        spoken = [read] if name is None else list(nodes.variables(name))
        all_spoken += spoken
        if any(_may_end(evaluator, nodes, one) for one in spoken):
            return None
        is_asked = leaves_open(block) if name is None else keeps_connection(block, name)
        found = found or is_asked or any(_is_lent(evaluator, nodes, one) for one in spoken)
    return None if _only_settles(nodes, all_spoken) else found


def _only_settles(nodes: Nodes, sessions: list[cst.CSTNode]) -> bool:
    """Whether transactions are ended where sessions stand, and all else is to ask for them."""
    around = [next(nodes.above(one)) for one in sessions]
    asked = [one.attr.value for one in around if isinstance(one, cst.Attribute)]
    return bool(asked) and all(method in SETTLING for method in asked)


def _may_end(evaluator: Evaluator, nodes: Nodes, session: cst.CSTNode) -> bool:
    """Whether a session goes, where it stands, to somebody who may close it.

    An object that keeps it and closes nothing may end its transaction, and not all of its methods
    do; of the object nothing but methods is asked.
    """
    if use(evaluator, nodes, session) is not Use.OTHER:
        return False
    match list(islice(nodes.above(session), 2)):
        case [cst.Arg() as given, cst.Call() as call]:
            of = evaluator.value(call.func, nodes.block)
            is_kept = isinstance(of, ClassValue) and is_kept_open(evaluator, of.block, call, given)
            return not (is_kept and methods(nodes, call))
    return True


def _is_lent(evaluator: Evaluator, nodes: Nodes, session: cst.CSTNode) -> bool:
    """Whether what is given the session takes a connection by it, and gives none back."""
    match list(islice(nodes.above(session), 2)):
        case [cst.Arg() as given, cst.Call() as call]:
            return is_left_open(evaluator, nodes, call, given)
    return False


def _name(nodes: Nodes, read: cst.BaseExpression) -> str | None:
    """The variable that is given what is read, and nothing else."""
    match list(islice(nodes.above(read), 1)):
        case [cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))])]:
            pass
        case [cst.AnnAssign(target=cst.Name(value=name), value=value)] if value is read:
            pass
        case _:
            return None
    return name if len(nodes.block.bindings(name)) == 1 else None
