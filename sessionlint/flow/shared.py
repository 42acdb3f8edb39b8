"""Sessions that a module or a class body opens and that its functions share."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple, TypeGuard

import libcst as cst

from sessionlint.facts.aside import is_test
from sessionlint.facts.binds import bind_of, is_connection
from sessionlint.facts.catalog import Kind
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.scopes import Binding, Block, BlockKind, How
from sessionlint.facts.syntax import TRIES, bare, dotted
from sessionlint.facts.values import UNKNOWN, Foreign, Thing
from sessionlint.flow.acquisitions import acquired, is_put_aside
from sessionlint.flow.borrowers import connection_of_maker, makes_borrower
from sessionlint.flow.circumstances import handles, is_torn_down
from sessionlint.flow.generators import taken_out
from sessionlint.flow.harmless import EXITS
from sessionlint.flow.imported import is_imported
from sessionlint.flow.nodes import SCOPES, Nodes
from sessionlint.flow.shared_inside import kept_inside
from sessionlint.source.walk import descend

__all__ = ["Shared", "is_in_function", "opened", "shared", "user", "uses"]

_HANDLER: Final = re.compile(
    r"^def \w*(?:[hH]andler|lambda|main)\w*\(\s*_*event\b[^()]*?,\s*_*context\b[^()]*?\)",
    re.MULTILINE,
)
"""What AWS Lambda calls, for one event at a time: what the module opens is there for the next.

Source: AWS Lambda, "Best practices": take advantage of execution environment reuse.
"""

_ASKING: Final = (*SCOPES, *TRIES, cst.If, cst.Comparison)
"""What is around arguments that are asked for and not needed: `"--debug" in sys.argv[1:]`."""


class Shared(NamedTuple):
    """A session or connection acquired once and used by functions; `user` is one such use.

    `user` is None where another module imports the name, and for a parameter's default. `is_free`:
    whoever uses it is alone with it. `is_under`: the name is that of what makes sessions, all of
    them on this connection. `is_kept`: an application keeps it, `is_inside`: the object does that
    has the name, `is_run`: a job of that name gets it at each of its runs, `is_of_visit`: a page
    keeps it for a visitor. `is_overwritten`: at each request the one that others still use is.
    """

    name: str
    thing: Thing
    acquired: cst.BaseExpression
    user: cst.CSTNode | None
    is_default: bool = False
    is_free: bool = False
    is_under: bool = False
    is_kept: bool = False
    is_inside: bool = False
    is_run: bool = False
    is_of_visit: bool = False
    is_overwritten: bool = False


def shared(evaluator: Evaluator, block: Block) -> Iterator[Shared]:
    """The sessions of a module or class body that outlive it, and those made as defaults."""
    if block.kind is BlockKind.FUNCTION:
        yield from _defaults(evaluator, block)
    if block.kind not in {BlockKind.MODULE, BlockKind.CLASS}:
        return
    near = [(name, one) for name, bindings in block.near.names.items() for one in bindings]
    if not any(_given(evaluator, block, *one) for one in near):
        return
    body = Nodes(block)
    for name, bindings in block.names.items():
        for binding in bindings:
            given = _given(evaluator, block, name, binding)
            if given is None or is_torn_down(block, name):
                continue
            use = user(block, name)
            if _is_shared(evaluator, body, name, use) and not _is_of_program(body, name, binding):
                is_free = _HANDLER.search(block.home.reader.text) is not None
                yield given._replace(user=use, is_free=is_free)


def _given(evaluator: Evaluator, block: Block, name: str, binding: Binding) -> Shared | None:
    """What a name is given that may be shared, before anybody has looked at who uses it."""
    made = binding.expression
    if made is None or binding.block is not block:
        return None
    if binding.how is How.ITEM:
        thing = acquired(evaluator, binding)
        if thing is None or thing.is_guess or is_put_aside(thing, name, binding):
            return None
        return Shared(name, thing, made, None)
    if binding.how is not How.VALUE:
        return None
    thing = opened(evaluator, made, block)
    if thing is not None:
        return Shared(name, thing, made, None)
    inside = kept_inside(evaluator, made, block, name)
    if inside is not None:
        return Shared(name, inside, made, None, is_inside=True)
    return _on_connection(evaluator, made, block, name)


def _defaults(evaluator: Evaluator, block: Block) -> Iterator[Shared]:
    outer = block.parent or block.home.top
    for parameter in block.parameters:
        if parameter.default is not None:
            default = parameter.default
            thing = opened(evaluator, default, outer) or taken_out(evaluator, default, outer)
            if thing is not None:
                yield Shared(parameter.name.value, thing, default, None, is_default=True)


def opened(evaluator: Evaluator, expression: cst.BaseExpression, block: Block) -> Thing | None:
    """The session or connection that an expression opens, or takes from a registry."""
    if isinstance(bare(expression), (cst.Name, cst.Attribute)):
        return None
    if not evaluator.may_acquire(expression, block):
        return None
    value = evaluator.value(expression, block)
    if not isinstance(value, Thing) or value.is_guess:
        return None
    if not value.is_fresh and not _is_of_registry(evaluator, expression, block):
        return None
    return value if value.type.kind in {Kind.SESSION, Kind.CONNECTION} else None


def _is_of_registry(evaluator: Evaluator, expression: cst.BaseExpression, block: Block) -> bool:
    """Whether a call takes from a registry the session of one thread, which others are to use."""
    call = bare(expression)
    if not isinstance(call, cst.Call):
        return False
    of = evaluator.value(call.func, block)
    return isinstance(of, Thing) and of.type.kind is Kind.REGISTRY


def _on_connection(
    evaluator: Evaluator, made: cst.BaseExpression, block: Block, name: str
) -> Shared | None:
    """A session that is made on a connection, or what opens one for all sessions it makes.

    Tests undo their work so, and have but one connection to a database in memory.
    """
    call = bare(made)
    if not isinstance(call, cst.Call) or is_test(block.home.path, evaluator.tree.files.root):
        return None
    if not evaluator.may_acquire(call, block):
        return None
    bind = bind_of(call)
    lent = UNKNOWN if bind is None else evaluator.value(bind, block)
    if isinstance(lent, Foreign) and lent.name.startswith("alembic."):
        # A migration has that to itself, and is known by bytes where only those are read.
        return None
    is_lent = bind is not None and is_connection(evaluator, bind, block)
    if is_lent and makes_borrower(evaluator, call, block):
        session = evaluator.value(call, block)
        return Shared(name, session, made, None) if isinstance(session, Thing) else None
    under = connection_of_maker(evaluator, call, block)
    return under and Shared(name, *under, None, is_under=True)


def user(block: Block, name: str) -> cst.CSTNode | None:
    """A place in a function that uses the name; that of a class as an attribute, in a method."""
    if block.kind is BlockKind.CLASS:
        nodes = (node for inner in block.blocks for node in descend(inner.node))
        return next((node.attr for node in nodes if _is_attribute(node, name)), None)
    return next((node for _, node in uses(block, name)), None)


def uses(block: Block, name: str) -> Iterator[tuple[Block, cst.CSTNode]]:
    """The functions that use a name of their module, each with every place."""
    for inner in block.home.speaking(name):
        if inner.kind is BlockKind.FUNCTION and _is_global(inner, name):
            yield from ((inner, node) for node in _spoken(inner, name))


def _is_attribute(node: cst.CSTNode, name: str) -> TypeGuard[cst.Attribute]:
    return isinstance(node, cst.Attribute) and node.attr.value == name


def _is_global(function: Block, name: str) -> bool:
    """Whether a name in a function is that of the module."""
    inside = (one for one in function.scopes if one.kind not in {BlockKind.CLASS, BlockKind.MODULE})
    return next((name in scope.declared for scope in inside if name in scope.names), True)


def _spoken(function: Block, name: str) -> Iterator[cst.CSTNode]:
    """Where the statements of a function say the name of a variable."""
    assert isinstance(function.node, cst.FunctionDef)
    body, suite = Nodes(function), function.node.body
    spoken = body.variables(name)
    return (node for node in spoken if any(above is suite for above in body.above(node)))


def _is_shared(evaluator: Evaluator, body: Nodes, name: str, use: cst.CSTNode | None) -> bool:
    """Whether functions use the name, or other modules.

    A module that closes it whenever it is loaded is a script, whose functions have used it by then.
    """
    if use is not None and (body.block.kind is BlockKind.CLASS or _is_left_open(body, name)):
        return True
    # Asked last: all of the project is searched for that.
    return is_imported(evaluator, body.block, name)


def _is_left_open(body: Nodes, name: str) -> bool:
    """Whether a module's own statements do not close its session."""
    own = [node for node in body.variables(name) if not is_in_function(body, node)]
    return not any(_is_close(body, node) and not body.is_for_program(node) for node in own)


def is_in_function(body: Nodes, node: cst.CSTNode) -> bool:
    """Whether a node of a module belongs to one of its functions."""
    return any(isinstance(above, cst.FunctionDef) for above in body.above(node))


def _is_close(body: Nodes, name: cst.Name) -> bool:
    """Whether a method of what has the name is called there that closes it."""
    match list(islice(body.above(name), 2)):
        case [
            cst.Attribute(attr=cst.Name(value="close" | "aclose")) as method,
            cst.Call(func=func),
        ]:
            return method.value is name and func is method
    return False


def _is_of_program(body: Nodes, name: str, binding: Binding) -> bool:
    """Whether it is made only where the module is the program, which nobody else shares.

    A module whose own statements end the process, or ask what it was started with, is nothing but a
    program. What handles requests shares it all the same.
    """
    block = body.block
    if block.kind is BlockKind.MODULE and any(handles(inner) for inner, _ in uses(block, name)):
        return False
    if block.kind is BlockKind.MODULE and (
        any(dotted(call.func) in EXITS for call in block.calls) or _takes_arguments(body)
    ):
        return True
    return binding.node is not None and body.is_for_program(binding.node)


def _takes_arguments(body: Nodes) -> bool:
    """Whether a module takes what its program was started with whenever it is loaded."""
    return "sys.argv[" in body.block.home.reader.text and any(
        dotted(node.value) == "sys.argv"
        and not _is_own_path(node)
        and not any(isinstance(above, _ASKING) for above in body.around(node))
        for node in body.of(cst.Subscript)
    )


def _is_own_path(node: cst.Subscript) -> bool:
    """`sys.argv[0]`, which every process has."""
    match node.slice:
        case [cst.SubscriptElement(slice=cst.Index(value=cst.Integer(value="0")))]:
            return True
    return False
