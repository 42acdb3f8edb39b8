"""Sessions that a middleware keeps in its request, and closes only if nothing fails, or never.

    request.state.db = SessionLocal()
    response = await call_next(request)
    request.state.db.close()

An error that the application does not handle leaves the call, and skips the close.
Source: Starlette, "BaseHTTPMiddleware": `call_next` raises what the application does.
And an asynchronous session is not closed by `request.state.db.close()`, which nobody awaits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import dropwhile
from typing import Final, NamedTuple

import libcst as cst

from sessionlint.facts.catalog import Kind
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.receivers import CLOSING
from sessionlint.facts.scopes import Binding, Block, BlockKind, How
from sessionlint.facts.syntax import TRIES, assigned_attribute, dotted, is_name, last_name, text_of
from sessionlint.facts.values import Thing
from sessionlint.flow.acquisitions import has_mocks
from sessionlint.flow.body import Body
from sessionlint.flow.expressions import Evaluation, YieldKind
from sessionlint.flow.generators import drawn
from sessionlint.flow.nodes import Nodes
from sessionlint.flow.objects import Renamed
from sessionlint.flow.read_back import may_close, modules_with
from sessionlint.flow.shared import opened
from sessionlint.flow.statements import Interpreter
from sessionlint.flow.ways import State, Status, Way

__all__ = ["Requested", "requested"]

_PASSING_ON: Final = "call_next"
"""The parameter by which a middleware asks the application.

Source: Starlette, "BaseHTTPMiddleware"; FastAPI, "Middleware".
"""

_FAULTS: Final = frozenset({Way.ERROR, Way.CANCEL})
_AROUND: Final = (*TRIES, cst.With)


class Requested(NamedTuple):
    """A session that a request keeps under a name, and why it stays open.

    `reason` is the call whose failure skips its close, or the close itself, where that is asked
    `in_vain`: nobody awaits it.
    """

    thing: Thing
    name: str
    acquired: cst.BaseExpression
    reason: cst.CSTNode
    in_vain: bool = False


def requested(evaluator: Evaluator, block: Block) -> Iterator[Requested]:
    """The sessions that a middleware keeps in its request and leaves open there."""
    given = {parameter.name.value for parameter in block.parameters}
    if block.kind is not BlockKind.FUNCTION or not block.is_async or _PASSING_ON not in given:
        return
    for word, bindings in block.home.fields.items():
        match [one for one in bindings if one.block is block]:
            case [Binding(how=How.VALUE, expression=cst.BaseExpression() as made) as binding]:
                owner = _owner(binding, word)
            case _:
                continue
        if owner is None or owner.partition(".")[0] not in given or has_mocks(block):
            continue
        thing = opened(evaluator, made, block) or drawn(evaluator, binding)
        if thing is None or thing.type.kind is not Kind.SESSION:
            continue
        path = f"{owner}.{word}"
        skipping = _skipping(evaluator, block, binding, thing, Renamed(owner, word, {}))
        reasons = _in_vain(block, thing, path) if skipping is None else [skipping]
        if not reasons or _is_closed_by_others(evaluator, block, word, len(reasons)):
            continue
        if skipping is not None or not _is_closed_by_readers(evaluator, block, word):
            yield Requested(thing, path, made, reasons[0], in_vain=skipping is None)


def _in_vain(block: Block, thing: Thing, path: str) -> list[cst.Call]:
    """The closes of a session for which nobody waits, if there are no others."""
    nodes = Nodes(block)
    closes = [
        call
        for call in nodes.of(cst.Call)
        if isinstance(call.func, cst.Attribute)
        and thing.type.is_release(call.func.attr.value)
        and thing.type.is_coroutine(call.func.attr.value)
        and dotted(call.func.value) == path
    ]
    is_all = all(isinstance(next(nodes.above(call)), cst.Expr) for call in closes)
    return closes if is_all else []


def _owner(binding: Binding, word: str) -> str | None:
    """The `state` of a request whose attribute a statement assigns, and nothing else."""
    target = assigned_attribute(binding.node)
    if target is None:
        return None
    owner = dotted(target.value)
    is_state = owner is not None and owner.count(".") == 1 and owner.endswith(".state")
    return owner if is_state and target.attr.value == word else None


def _behind(block: Block, binding: Binding) -> list[cst.BaseStatement] | None:
    """The statements of a function behind one of its own, None if that stands deeper."""
    assert isinstance(block.node, cst.FunctionDef)
    lines = block.node.body.body
    for place, line in enumerate(lines):
        if isinstance(line, cst.SimpleStatementLine) and line.body[-1] is binding.node:
            return [one for one in lines[place + 1 :] if isinstance(one, cst.BaseStatement)]
    return None


def _skipping(
    evaluator: Evaluator,
    block: Block,
    binding: Binding,
    thing: Thing,
    renamed: Renamed,
) -> cst.CSTNode | None:
    """The call of the application that skips the close, where all ordinary ways have one."""
    rest = _behind(block, binding)
    if rest is None:
        return None
    assert isinstance(block.node, cst.FunctionDef)
    function = block.node.with_changes(body=cst.IndentedBlock(rest))
    inside, node = renamed.followed(block, function)
    body = Body(inside)
    resource = body.resource(evaluator, binding, thing, renamed.variable)
    start = State(Status.OPEN, (None,) * len(resource.flags))
    interpreter = Interpreter(resource, Evaluation(resource, YieldKind.DATA))
    outcomes = interpreter.block(node.body, start)
    ordinary = [state.status for way, state in outcomes if way.way not in _FAULTS]
    is_left_open = any(way.way is Way.ERROR and state.status.is_open for way, state in outcomes)
    if not is_left_open or not ordinary or any(one is not Status.CLOSED for one in ordinary):
        return None
    asking = _asking(body, renamed.variable)
    return None if asking is None else renamed.origins.get(id(asking), asking)


def _asking(body: Body, name: str) -> cst.Call | None:
    """The call of the application, if the close stands behind it.

    Nor does any `try` or `with` stand around it, which may keep errors to itself.
    """
    called = [call for call in body.of(cst.Call) if is_name(call.func, _PASSING_ON)]
    if len(called) != 1 or any(isinstance(above, _AROUND) for above in body.above(called[0])):
        return None
    behind = dropwhile(lambda node: node is not called[0], body.nodes)
    is_behind = any(_is_closing(node, name) for node in behind)
    return called[0] if is_behind else None


def _is_closing(node: cst.CSTNode, name: str) -> bool:
    match node:
        case cst.Attribute(value=owner, attr=cst.Name(value="close" | "aclose")):
            return is_name(owner, name)
    return False


def _is_closed_by_others(evaluator: Evaluator, block: Block, word: str, known: int) -> bool:
    """Whether the session of a request is closed in more places: where an error is answered."""
    closed = rf"\.state\.{re.escape(word)}\s*\.\s*\w*(?:clos|remove|reset|invalidate)"
    if len(re.findall(closed, block.home.reader.text)) != known:
        return True
    pattern = re.compile(closed.encode())
    return evaluator.tree.has_any(f".{word}".encode(), pattern, besides=block.home.path)


def _is_closed_by_readers(evaluator: Evaluator, block: Block, word: str) -> bool:
    """Whether anything at all is closed where others read the session of a request by its name."""
    read = re.compile(rf"\.state\.{re.escape(word)}\b|[\"']{re.escape(word)}[\"']".encode())
    modules = modules_with(evaluator, word, read)
    if any(may_close(one) for one in modules if one.path != block.home.path):
        return True
    for one in block.home.speaking(word):
        if one is block or one.kind is not BlockKind.FUNCTION:
            continue
        is_closing = any(CLOSING.search(last_name(call.func)) for call in one.calls)
        if is_closing and read.search(text_of(one.node).encode()):
            return True
    return False
