"""Sessions that FastAPI gets from a function for each request, and that nobody closes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

import libcst as cst

from sessionlint.facts.annotations import injected, is_injected
from sessionlint.facts.aside import is_test
from sessionlint.facts.depending import depended_on
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.parameters import is_as_given, parameters_with
from sessionlint.facts.scopes import Block, BlockKind, How
from sessionlint.facts.syntax import bare, is_name
from sessionlint.facts.values import FunctionValue, Thing
from sessionlint.flow.acquisitions import has_mocks, sure_session
from sessionlint.flow.callers import dependents
from sessionlint.flow.given import is_left_open
from sessionlint.flow.keeping import is_wrapped
from sessionlint.flow.nodes import Nodes
from sessionlint.flow.spoken import Use, use
from sessionlint.flow.transactions import keeps_connection, outside_of_transactions
from sessionlint.source.gate import may_speak
from sessionlint.source.walk import descend

__all__ = [
    "Handed",
    "alone",
    "gets",
    "handed",
    "handed_by_lambda",
    "lent_call",
    "may_be_closed_elsewhere",
    "returned_alone",
    "returned_call",
    "users_of",
]

_SPOKEN: Final = 2
"""How often a name is spoken of that is bound and then used, and nothing else."""

_TYPES: Final = (cst.Name, cst.Attribute, cst.Subscript, cst.BinaryOperation)
"""How a type is written that gets another name."""

_CLOSING_ALL: Final = rb"\bclose_all(?:_sessions)?\("


class Handed(NamedTuple):
    """The session that a function opens and returns, and the name of one of those that get it.

    A generator may open it in its `yield`, by which it `is_lent`.
    """

    thing: Thing
    acquired: cst.Call
    user: str
    is_lent: bool = False


def handed(evaluator: Evaluator, block: Block, acquired: cst.Call) -> Iterator[Handed]:
    """The session that a function opens for FastAPI, which closes nothing that is returned.

    `acquired` is the call that the function returns.
    """
    thing = _opened(evaluator, block, acquired)
    if thing is None:
        return
    # Have: a session for whoever calls the function. All of the project is searched for them.
    users = users_of(evaluator, block) if block.name in depended_on(evaluator) else []
    if not users or may_be_closed_elsewhere(evaluator, block):
        return
    if all(_only_uses(evaluator, *one) for one in users):
        sure = (user for user in users if gets(evaluator, block, *user))
        keeping = (one.name for one, name in sure if _holds(evaluator, one, name))
        yield from (Handed(thing, acquired, name) for name in islice(keeping, 1))


def handed_by_lambda(evaluator: Evaluator, block: Block) -> Iterator[Handed]:
    """The session of `db=Depends(lambda: SessionLocal())`, which one function alone gets."""
    user, made = block.parent, bare(block.node.body) if isinstance(block.node, cst.Lambda) else None
    if user is None or user.kind is not BlockKind.FUNCTION or not isinstance(made, cst.Call):
        return
    # FastAPI would ask the request for a parameter of the lambda.
    is_asked = not block.parameters and is_injected(evaluator, block)
    thing = _opened(evaluator, block, made) if is_asked else None
    if thing is None or _closes_all(evaluator):
        return
    for name in parameters_with(user, block.node):
        if _only_uses(evaluator, user, name) and _holds(evaluator, user, name):
            yield Handed(thing, made, user.name)


def _opened(evaluator: Evaluator, block: Block, acquired: cst.Call) -> Thing | None:
    """The session that a call surely opens, for whom it is returned to."""
    thing = sure_session(evaluator, acquired, block)
    return None if thing is None or has_mocks(block) else thing


def returned_call(block: Block) -> cst.Call | None:
    """The call whose result is all that a plain function ever returns."""
    made = alone(block, returned_alone(block))
    return made if isinstance(made, cst.Call) else None


def lent_call(block: Block) -> cst.Call | None:
    """The call whose result is all that a plain generator lends, and which has no name there."""
    if not _stands_alone(block) or len(block.yields) != 1:
        return None
    made = block.yields[0].value
    return made if isinstance(made, cst.Call) else None


def returned_alone(block: Block) -> cst.BaseExpression | None:
    """What stands behind the one `return` of a plain function, which has no `yield` either."""
    if not _stands_alone(block) or block.yields or len(block.returns) != 1:
        return None
    return block.returns[0].value


def _stands_alone(block: Block) -> bool:
    """Whether it is a function, no method, and no decorator is around it."""
    return block.kind is BlockKind.FUNCTION and block.owner is None and not block.decorators


def alone(block: Block, value: cst.BaseExpression | None) -> cst.BaseExpression | None:
    """An expression, or what a variable holds that stands for that and is spoken of but here."""
    if not isinstance(value, cst.Name):
        return value
    bindings = block.bindings(value.value)
    spoken = list(Nodes(block).variables(value.value))
    if len(bindings) != 1 or bindings[0].how is not How.VALUE or len(spoken) != _SPOKEN:
        return None
    return bindings[0].expression


def users_of(evaluator: Evaluator, block: Block) -> list[tuple[Block, str]]:
    """The functions that get what FastAPI has a function make, each with its parameter.

    None at all where something else may get it.
    """
    found: list[tuple[Block, str]] = []
    for where, call in dependents(evaluator, block):
        if where.kind is BlockKind.FUNCTION:
            users = [(where, name) for name in parameters_with(where, call)]
        else:
            users = _users_of_alias(evaluator, where, call, block)
        if not users:
            return []
        found += users
    return found


def _is_in(node: cst.CSTNode, part: cst.CSTNode) -> bool:
    return any(one is node for one in descend(part))


def _users_of_alias(
    evaluator: Evaluator, where: Block, call: cst.Call, maker: Block
) -> list[tuple[Block, str]]:
    """The same by `SessionDep = Annotated[Session, Depends(get_session)]` of a module.

    By its other names as well. None at all where a class, or a file that is not looked at, may get
    it.
    """
    found: list[tuple[Block, str]] = []
    words = _aliases(where, call)
    for word in words:
        if evaluator.tree.files.is_large and not may_speak(word.encode()):
            return []
        for block in _speaking(evaluator, word):
            if block.kind is BlockKind.CLASS and _is_in_body(block, word):
                return []
            typed = [one for one in block.parameters if _is_named(one.annotation, word)]
            users = [(block, one.name.value) for one in typed]
            found += (one for one in users if gets(evaluator, maker, *one) is not False)
            words += (new for new in _renamed(block, word) if new not in words)
    return found


def _aliases(where: Block, call: cst.Call) -> list[str]:
    """The names of a module for types that a call stands in."""
    given = where.names.items() if where.kind is BlockKind.MODULE else ()
    single = ((alias, bindings[0].expression) for alias, bindings in given if len(bindings) == 1)
    return [
        alias for alias, made in single if isinstance(made, cst.Subscript) and _is_in(call, made)
    ]


def _speaking(evaluator: Evaluator, word: str) -> Iterator[Block]:
    """Every scope of the project in which a name stands."""
    pattern = re.compile(rb"\b" + word.encode() + rb"\b")
    tree = evaluator.tree
    paths = [path for path, _ in tree.searched(word.encode(), pattern)]
    for path in (*paths, *tree.elsewhere(word.encode(), pattern)):
        module = tree.module(path)
        yield from module.speaking(word) if module is not None else ()


def _is_in_body(block: Block, word: str) -> bool:
    """Whether a class says of an attribute that it is of a type with that name."""
    bindings = (one for found in block.near.names.values() for one in found)
    return any(_is_named(one.annotation, word) for one in bindings)


def _renamed(block: Block, word: str) -> Iterator[str]:
    """The names that a scope gives to what has a name, or to a type that is made of it."""
    for name, bindings in block.near.names.items():
        for one in bindings:
            is_imported = one.how is How.IMPORT_FROM and one.item == word
            is_type = one.how is How.VALUE and isinstance(one.expression, _TYPES)
            if is_imported or (is_type and _is_named(one.expression, word)):
                yield name


def _is_named(part: cst.CSTNode | None, word: str) -> bool:
    """Whether a name stands in an annotation or an expression, be it in a string."""
    for node in descend(part) if part is not None else ():
        match node:
            case cst.Name(value=value) if value == word:
                return True
            case cst.SimpleString(value=text) if re.search(rf"\b{word}\b", text):
                return True
    return False


def gets(evaluator: Evaluator, maker: Block, user: Block, name: str) -> bool | None:
    """Whether a parameter gets what a function makes, None where nobody tells."""
    told = (one for binding in user.bindings(name) for one in injected(evaluator, binding))
    values = [evaluator.value(call.args[0].value, block) for call, block in told if call.args]
    if not values:
        return None
    return any(isinstance(one, FunctionValue) and one.block is maker for one in values)


def may_be_closed_elsewhere(evaluator: Evaluator, block: Block) -> bool:
    """Whether the program closes all sessions there are, or puts another function in its place."""
    name = re.escape(block.name.encode())
    tree = evaluator.tree
    overriding = re.compile(rb"\bdependency_overrides\[\s*(?:\w+\.)*" + name + rb"\s*\]")
    paths = [path for path, _ in tree.searched(b"dependency_overrides", overriding)]
    is_overridden = any(not is_test(path, tree.files.root) for path in paths)
    return is_overridden or _closes_all(evaluator)


def _closes_all(evaluator: Evaluator) -> bool:
    """Whether the program closes all sessions there are."""
    return evaluator.tree.has(b"close_all", re.compile(_CLOSING_ALL))


def _only_uses(evaluator: Evaluator, block: Block, name: str) -> bool:
    """Whether a function does nothing with what a parameter gets that may close it."""
    if not is_as_given(block, name) or is_wrapped(evaluator, block):
        return False
    nodes = Nodes(block)
    spoken = (node for node in nodes.nodes if is_name(node, name))
    return all(use(evaluator, nodes, one) is not Use.OTHER for one in spoken)


def _holds(evaluator: Evaluator, block: Block, name: str) -> bool:
    """Whether a function takes a connection by what a parameter gets, and keeps it."""
    nodes = Nodes(block)
    return keeps_connection(block, name) or any(
        is_name(arg.value, name) and is_left_open(evaluator, nodes, call, arg)
        for call in outside_of_transactions(block)
        for arg in call.args
    )
