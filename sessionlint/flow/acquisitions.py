"""Where a block acquires something by hand, and which of its names and conditions matter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import libcst as cst

from sessionlint.facts.catalog import CALLS, Kind
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.scopes import Binding, Block, How
from sessionlint.facts.syntax import bare, dotted, last_name
from sessionlint.facts.values import Items, Symbol, Thing
from sessionlint.flow.body import Body
from sessionlint.flow.resource import Resource
from sessionlint.source.fanning import is_session_name

__all__ = ["acquired", "acquisitions", "has_mocks", "is_to_fail"]

_HELD: Final = frozenset({Kind.SESSION, Kind.CONNECTION})
_PATCHING: Final = frozenset({"patch", "mocker", "monkeypatch"})
_EXPECTING: Final = frozenset({"raises", "assertRaises", "assertRaisesRegex"})
_MOCKS: Final = frozenset({"Mock", "MagicMock", "AsyncMock", "create_autospec"})


def acquisitions(evaluator: Evaluator, block: Block) -> Iterator[Resource]:
    """Every local name of a block that is given a fresh session or connection."""
    near = [one for bindings in block.near.names.values() for one in bindings]
    if not any(acquired(evaluator, one) for one in near) or _is_patched(block):
        return
    # Have: something to follow, so the whole block matters from here on.
    seen: set[int] = set()
    body: Body | None = None
    for name, bindings in block.names.items():
        if name in block.declared:
            continue
        for binding in bindings:
            if binding.how is How.VALUE and id(binding.expression) in seen:
                continue
            seen.add(id(binding.expression))
            thing = acquired(evaluator, binding)
            if thing is None or _is_put_aside(thing, name, binding):
                continue
            body = body or Body(block)
            assert binding.node is not None
            if any(map(is_to_fail, body.above(binding.node))) or _is_on_a_mock(binding):
                continue
            if thing.is_guess:
                confirmed = body.confirmed(thing, name)
                if confirmed is None:
                    continue
                thing = confirmed
            resource = body.resource(evaluator, binding, thing, name)
            if not _is_of_library_class(evaluator, binding) or body.closes(resource):
                yield resource


def _is_put_aside(thing: Thing, name: str, binding: Binding) -> bool:
    """Whether a session is unpacked into `_`, which takes no connection before somebody uses it.

    Nor is every item of what may be one session or a tuple with it: the one it is has its name.
    """
    if binding.how is not How.ITEM:
        return False
    if thing.is_maybe and not is_session_name(name):
        return True
    return not name.strip("_") and thing.type.kind is Kind.SESSION


def _is_on_a_mock(binding: Binding) -> bool:
    """Whether a test gives a mock to what is made: `Session(bind=MagicMock())`."""
    made = binding.expression and bare(binding.expression)
    given = [arg.value for arg in made.args] if isinstance(made, cst.Call) else []
    names = [value.value for value in given if isinstance(value, cst.Name)]
    bound = [one.expression for name in names for one in binding.block.bindings(name)]
    return any("mock" in name.lower() for name in names) or any(
        isinstance(value, cst.Call) and last_name(value.func) in _MOCKS for value in given + bound
    )


def _is_of_library_class(evaluator: Evaluator, binding: Binding) -> bool:
    """Whether a method of a class gives it whose library is not followed, and may keep it."""
    made = binding.expression and bare(binding.expression)
    callee = evaluator.value(made.func, binding.block) if isinstance(made, cst.Call) else None
    if not isinstance(callee, Symbol) or callee.name in CALLS:
        return False
    *modules, owner, _ = ("", *callee.name.split("."))
    return len(modules) > 1 and owner[:1].isupper()


def is_to_fail(node: cst.CSTNode) -> bool:
    """Whether a test expects an error in a block: nothing is acquired there then."""
    return isinstance(node, cst.With) and any(
        isinstance(item.item, cst.Call) and last_name(item.item.func) in _EXPECTING
        for item in node.items
    )


def _is_patched(block: Block) -> bool:
    """Whether a test puts mocks in the place of what the block calls: nothing is what it seems."""
    scope: Block | None = block
    while scope is not None:
        marks = (dotted(one.func if isinstance(one, cst.Call) else one) for one in scope.decorators)
        if any(mark and _PATCHING & set(mark.split(".")) for mark in marks):
            return True
        if any(parameter.name.value in _PATCHING for parameter in scope.parameters):
            return True
        scope = scope.parent
    paths = {dotted(call.func) or "" for call in block.calls}
    return any(not _PATCHING.isdisjoint(path.split(".")) for path in paths)


def has_mocks(block: Block) -> bool:
    """Whether a block makes mocks, or has some put in the place of what it calls."""
    return _is_patched(block) or any(last_name(call.func) in _MOCKS for call in block.calls)


def acquired(evaluator: Evaluator, binding: Binding) -> Thing | None:
    """What a binding acquires, None unless it is surely fresh and has to be released."""
    if binding.expression is None or binding.how not in {How.VALUE, How.ITEM}:
        return None
    made = binding.expression
    if isinstance(made, cst.ListComp) and binding.how is How.VALUE:
        made = made.elt
    if not evaluator.may_acquire(made, binding.block):
        return None
    value = evaluator.value(made, binding.block)
    if binding.how is How.ITEM:
        is_item = isinstance(value, Items) and binding.index < len(value.items)
        value = value.items[binding.index] if isinstance(value, Items) and is_item else value
    if not isinstance(value, Thing) or not value.is_fresh or value.type.kind not in _HELD:
        return None
    return None if _is_alias(bare(binding.expression), value) else value


def _is_alias(made: cst.BaseExpression, value: Thing) -> bool:
    """Whether it is another name of something acquired elsewhere: `conn.execution_options()`."""
    match made:
        case cst.Call(func=cst.Attribute(value=cst.Name() | cst.Attribute(), attr=method)):
            return value.type.gives_itself(method.value)
    return isinstance(made, (cst.Name, cst.Attribute))
