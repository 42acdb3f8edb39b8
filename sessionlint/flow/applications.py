"""Sessions that an application keeps for all of its requests: `app.state.db = SessionLocal()`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

import libcst as cst

from sessionlint.facts.aside import is_test
from sessionlint.facts.catalog import Kind
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.scopes import Binding, Block, BlockKind, How
from sessionlint.facts.syntax import assigned_attribute, decorator_name, last_name
from sessionlint.flow.circumstances import serves
from sessionlint.flow.nodes import Nodes
from sessionlint.flow.shared import Shared, opened

__all__ = ["of_applications"]

_APPLICATION: Final = r"\w*app|application"
"""What has a `state`, or a `ctx`.

Source: Starlette, "Storing state on the app instance"; Sanic, "Application context".
"""

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
        if binding.block is block and (target := _target(binding.node, name)) is not None
    ]
    if not given or _is_of_request(block) or is_test(block.home.path, evaluator.tree.files.root):
        return
    for target, binding in given:
        found = _given(evaluator, binding, target)
        if found is not None:
            yield from _used(evaluator, found, block, target.attr.value)


def _is_of_request(block: Block) -> bool:
    """Whether a function runs for each request, be it one that stands around others."""
    given = {parameter.name.value for parameter in block.parameters}
    is_around = any(decorator_name(one) == "middleware" for one in block.decorators)
    return serves(block) or is_around or not given.isdisjoint(_OF_REQUEST)


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
    assert isinstance(owner, cst.Attribute)
    said = f"{last_name(owner.value)}.{owner.attr.value}.{target.attr.value}"
    return Shared(said, thing, made, None, is_kept=True)


def _target(node: cst.CSTNode | None, name: str) -> cst.Attribute | None:
    """`app.state.name`, if a statement assigns that and nothing else."""
    target = assigned_attribute(node)
    return target if target is not None and _is_kept(target, name) else None


def _is_kept(node: cst.CSTNode, name: str) -> bool:
    """Whether a node is that attribute of what an application keeps, `request.app.state.name`."""
    match node:
        case cst.Attribute(
            value=cst.Attribute(value=owner, attr=cst.Name(value="state" | "ctx")), attr=attribute
        ):
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
    use = next(_reads(block, name), None)
    if use is not None:
        yield found._replace(user=use)
    elif _is_read_elsewhere(evaluator, block, name):
        yield found


def _reads(block: Block, name: str) -> Iterator[cst.CSTNode]:
    """Where the module reads for a request what the application keeps."""
    for other in block.home.speaking(name):
        if other is block or other.kind is not BlockKind.FUNCTION:
            continue
        body = Nodes(other)
        for node in body.of(cst.Attribute):
            if _is_kept(node, name) and _is_for_requests(body, node):
                yield node


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
    assert isinstance(kept, cst.Attribute)
    asked = kept.value
    is_asked = isinstance(asked, cst.Attribute) and re.fullmatch(_REQUEST, last_name(asked.value))
    return bool(is_asked) or serves(body.block)


def _is_read_elsewhere(evaluator: Evaluator, block: Block, name: str) -> bool:
    """Whether another module of the project asks a request for it, not to end it."""
    said = rf"\b(?:{_REQUEST})\.(?:{_APPLICATION})\.(?:state|ctx)\.{re.escape(name)}\b"
    read = rf"{said}(?!\s*(?:=[^=]|\.\s*(?:{'|'.join(sorted(_ENDS))})\b))"
    pattern = re.compile(read.encode())
    return evaluator.tree.has_any(f".{name}".encode(), pattern, besides=block.home.path)
