"""Sessions that an application keeps for all of its requests: `app.state.db = SessionLocal()`.

One of Flask has no `state`, and one of FastAPI may do without: `app.db = SessionLocal()`, which
requests read by `current_app.db` or `request.app.db`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

import libcst as cst

from sessionlint.facts.aside import is_test
from sessionlint.facts.catalog import Kind
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.module import Module
from sessionlint.facts.scopes import Binding, Block, BlockKind, How
from sessionlint.facts.syntax import assigned_attribute, decorator_name, last_name
from sessionlint.flow.circumstances import serves, starts_up
from sessionlint.flow.flask_g import LIBRARIES, is_begun_before
from sessionlint.flow.nodes import Nodes
from sessionlint.flow.read_back import modules_with
from sessionlint.flow.shared import Shared, opened

__all__ = ["of_applications"]

_APPLICATION: Final = r"\w*app|application"
"""What has a `state`, or a `ctx`.

Source: Starlette, "Storing state on the app instance"; Sanic, "Application context".
"""

_LIBRARIES: Final = (*LIBRARIES, "fastapi", "starlette")
_STATES: Final = frozenset({"state", "ctx"})
_MAKERS: Final = frozenset({"Flask", "Quart", "FastAPI", "Starlette"})
_CURRENT: Final = "current_app"
"""What a request of Flask calls the application. Source: Flask, "The Application Context"."""

_ENDS: Final = frozenset({"close", "aclose", "terminate"})
_OF_REQUEST: Final = frozenset({"request", "req", "call_next", "websocket", "scope"})
"""Parameters of what runs for one request."""

_REQUEST: Final = r"(?:\w*_)?(?:request|req|websocket|ws|conn|connection)"
"""What handles requests calls them, or what else leads to the application."""


def of_applications(evaluator: Evaluator, block: Block) -> Iterator[Shared]:
    """The sessions that a function or a module gives to its application, for requests to use."""
    if block.kind not in {BlockKind.FUNCTION, BlockKind.MODULE}:
        return
    given = [
        (target, binding)
        for name, bindings in block.home.fields.items()
        for binding in bindings
        if binding.block is block and (target := _target(binding, name)) is not None
    ]
    if not given or _is_of_request(block) or is_test(block.home.path, evaluator.tree.files.root):
        return
    for target, binding in given:
        found = _given(evaluator, binding, target)
        if found is not None and _is_begun_once(evaluator, block, target):
            yield from _used(evaluator, found, block, target.attr.value)


def _is_of_request(block: Block) -> bool:
    """Whether a function runs for each request, be it one that stands around others."""
    given = {parameter.name.value for parameter in block.parameters}
    is_around = any(decorator_name(one) == "middleware" for one in block.decorators)
    return serves(block) or is_around or not given.isdisjoint(_OF_REQUEST)


def _is_begun_once(evaluator: Evaluator, block: Block, target: cst.Attribute) -> bool:
    """Whether what gives an application something is run when that starts.

    What makes the application, or is given it, and what speaks of its `state`, is run then.
    """
    owner = target.value
    is_of_module = isinstance(owner, cst.Name) and not block.bindings(owner.value)
    if is_of_module and block.kind is BlockKind.FUNCTION and not starts_up(evaluator, block):
        return False
    return not is_begun_before(evaluator, block)


def _given(evaluator: Evaluator, binding: Binding, target: cst.Attribute) -> Shared | None:
    """What an attribute of an application is given, if that is a session of nobody else."""
    if binding.how is not How.VALUE or binding.expression is None:
        return None
    made = _made(binding.expression, binding.block)
    thing = None if made is None else opened(evaluator, made, binding.block)
    if made is None or thing is None or thing.type.kind is not Kind.SESSION:
        # A connection may be there for one task, which waits for what the database tells.
        return None
    owner = target.value
    said = f"{last_name(owner)}.{target.attr.value}"
    if isinstance(owner, cst.Attribute):
        said = f"{last_name(owner.value)}.{said}"
    return Shared(said, thing, made, None, is_kept=True)


def _target(binding: Binding, name: str) -> cst.Attribute | None:
    """`app.state.name`, if a statement assigns that and nothing else."""
    target = assigned_attribute(binding.node)
    if target is None or _is_kept(target, name):
        return target
    return target if _is_application(binding.block, target) else None


def _is_application(block: Block, target: cst.Attribute) -> bool:
    """Whether what gets an attribute is an application: a new one, the module's, a parameter."""
    owner = target.value
    if not isinstance(owner, cst.Name) or not re.fullmatch(_APPLICATION, owner.value):
        return False
    if "celery" in owner.value:
        # A worker of Celery has one, too, and runs one task at a time by default.
        return False
    if not any(map(block.home.imports, _LIBRARIES)):
        return False
    if owner.value in {parameter.name.value for parameter in block.parameters}:
        return True
    named = block.bindings(owner.value) or block.home.top.bindings(owner.value)
    bound = [one.expression for one in named]
    made = [last_name(one.func) for one in bound if isinstance(one, cst.Call)]
    return bool(made) and len(made) == len(bound) and {*made} <= _MAKERS


def _is_kept(node: cst.CSTNode, name: str) -> bool:
    """Whether a node is that attribute of what an application keeps, `request.app.state.name`."""
    match node:
        case cst.Attribute(
            value=cst.Attribute(value=owner, attr=cst.Name(value=state)), attr=attribute
        ) if state in _STATES:
            is_application = re.fullmatch(_APPLICATION, last_name(owner)) is not None
            return attribute.value == name and is_application
    return False


def _made(expression: cst.BaseExpression, block: Block) -> cst.BaseExpression | None:
    """The call that makes what is assigned, be it by a variable or by the target of a `with`."""
    if not isinstance(expression, cst.Name):
        return expression
    match block.bindings(expression.value):
        case [Binding(how=How.VALUE | How.WITH, expression=made)]:
            return made
    return None


def _used(evaluator: Evaluator, found: Shared, block: Block, name: str) -> Iterator[Shared]:
    """The same with a use of it, if there is one."""
    use = next(_reads(block.home, name, block), None)
    if use is not None:
        yield found._replace(user=use)
    elif _is_read_elsewhere(evaluator, block, name):
        yield found


def _reads(module: Module, name: str, besides: Block | None = None) -> Iterator[cst.CSTNode]:
    """Where a module reads for a request what the application keeps."""
    for other in module.speaking(name):
        if other is besides or other.kind is not BlockKind.FUNCTION:
            continue
        body = Nodes(other)
        for node in body.of(cst.Attribute):
            is_it = _is_kept(node, name) or (node.attr.value == name and _is_read(other, node))
            if is_it and _is_for_requests(body, node):
                yield node


def _is_read(function: Block, node: cst.Attribute) -> bool:
    """Whether a function reads an attribute of the application itself, for a request."""
    if any(decorator_name(one) == "command" for one in function.decorators):
        return False
    owner = node.value
    is_application = re.fullmatch(_APPLICATION, last_name(owner)) is not None
    if isinstance(owner, cst.Attribute) and is_application and _is_request(owner.value):
        return True
    is_named = isinstance(owner, cst.Name) and is_application
    return last_name(owner) == _CURRENT or (is_named and serves(function))


def _is_request(node: cst.CSTNode) -> bool:
    return re.fullmatch(_REQUEST, last_name(node)) is not None


def _is_for_requests(body: Nodes, node: cst.Attribute) -> bool:
    """Whether a place asks a request for it, stands in a route or returns it to such."""
    if body.is_inside(node):
        return False
    match list(islice(body.above(node), 2)):
        case [cst.AssignTarget() | cst.AnnAssign() | cst.Del(), *_]:
            return False
        case [cst.Attribute(attr=cst.Name(value=method)), cst.Call()] if method in _ENDS:
            return False
        case [cst.Return() | cst.Yield(), *_]:
            return True
    kept = node.value
    is_state = isinstance(kept, cst.Attribute) and kept.attr.value in _STATES
    asked = kept.value if isinstance(kept, cst.Attribute) and is_state else kept
    is_asked = isinstance(asked, cst.Attribute) and _is_request(asked.value)
    return is_asked or last_name(kept) == _CURRENT or serves(body.block)


def _is_read_elsewhere(evaluator: Evaluator, block: Block, name: str) -> bool:
    """Whether another module of the project asks a request for it, not to end it."""
    word = re.escape(name)
    said = rf"\b(?:{_REQUEST})\.(?:{_APPLICATION})\.(?:(?:state|ctx)\.)?{word}\b"
    read = rf"{said}(?!\s*(?:=[^=]|\.\s*(?:{'|'.join(sorted(_ENDS))})\b))"
    if evaluator.tree.has_any(f".{name}".encode(), re.compile(read.encode()), block.home.path):
        return True
    if not any(map(block.home.imports, LIBRARIES)):
        return False
    current = re.compile(rf"\b{_CURRENT}\.{word}\b".encode())
    return any(any(_reads(one, name)) for one in modules_with(evaluator, name, current))
