"""Where a block acquires something by hand, and which of its names and conditions matter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Final

import libcst as cst

from sessionlint.facts.aside import is_test
from sessionlint.facts.catalog import CALLS, Kind
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.properties import opened_by
from sessionlint.facts.scopes import Binding, Block, BlockKind, How
from sessionlint.facts.syntax import bare, dotted, is_name, last_name
from sessionlint.facts.values import Foreign, FunctionValue, Items, Symbol, Thing
from sessionlint.flow.body import Body
from sessionlint.flow.circumstances import is_torn_down
from sessionlint.flow.generators import drawn
from sessionlint.flow.half_managed import half_managed
from sessionlint.flow.harmless import EXPECTING, MOCKS
from sessionlint.flow.resource import Resource
from sessionlint.source.fanning import is_session_name

__all__ = [
    "acquired",
    "acquisitions",
    "fallback",
    "has_mocks",
    "is_of_tests",
    "is_put_aside",
    "is_to_fail",
    "opened",
    "sure_session",
    "surely_opened",
]

_HELD: Final = frozenset({Kind.SESSION, Kind.CONNECTION})
_PATCHING: Final = frozenset({"mocker", "monkeypatch"})
_HAVING_PATCH: Final = frozenset({"", "self", "cls"})
"""What `patch` of tests stands behind, besides modules of mocks: nothing, or the test."""

_GIVING: Final = frozenset({"query_property", "configure", "registry", "session_factory"})
"""What a registry has that a session has not."""

_ASKING: Final = re.compile(
    r"assert_(?:called|awaited)(?:_once)?(?:_with)?|assert_(?:any|not)_(?:call|called|await|awaited)"
    r"|assert_has_(?:calls|awaits)"
)
"""The methods by which a test asks a mock what was done with it."""


def acquisitions(evaluator: Evaluator, block: Block) -> Iterator[Resource]:
    """Every local name of a block that is given a fresh session or connection."""
    near = [one for bindings in block.near.names.values() for one in bindings]
    if not any(opened(evaluator, one) for one in near) or _is_patched(block):
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
            thing = opened(evaluator, binding)
            if thing is None or _is_left_to_others(thing, name, binding):
                continue
            body = body or Body(block)
            assert binding.node is not None
            if thing.type.kind is Kind.REGISTRY and not _is_session(body, name):
                continue
            if any(map(is_to_fail, body.above(binding.node))) or _is_on_a_mock(binding):
                continue
            if isinstance(next(body.above(binding.node), None), cst.WithItem):
                # `with (session := maker()):` is another way to write `as session`.
                continue
            if thing.is_guess:
                confirmed = body.confirmed(thing, name)
                if confirmed is None:
                    continue
                thing = confirmed
            if thing.is_guess or sum(not one.is_none for one in bindings) == 1:
                thing = body.typed(thing, name)
            resource = body.resource(evaluator, binding, thing, name)
            if None in resource.asked_beside:
                continue
            if not _is_of_library(evaluator, binding.expression, block) or body.closes(resource):
                yield resource


def opened(evaluator: Evaluator, binding: Binding) -> Thing | None:
    """What a binding acquires, be it that a `with` opens it, or that a generator has lent it.

    Nobody ends the one, and nobody brings the other to its end.
    """
    found = acquired(evaluator, binding) or drawn(evaluator, binding)
    return found or half_managed(evaluator, binding)


def _is_left_to_others(thing: Thing, name: str, binding: Binding) -> bool:
    block = binding.block
    is_torn = block.kind is BlockKind.MODULE and is_torn_down(block, name)
    return is_torn or is_put_aside(thing, name, binding)


def is_put_aside(thing: Thing, name: str, binding: Binding) -> bool:
    """Whether a session is unpacked into `_`, which takes no connection before somebody uses it.

    Nor is every item of what may be one session or a tuple with it: the one it is has its name.
    """
    if binding.how is not How.ITEM:
        return False
    if thing.is_maybe and not is_session_name(name):
        return True
    return not name.strip("_") and thing.type.kind is Kind.SESSION


def _is_session(body: Body, name: str) -> bool:
    """Whether a registry is used like a session, and neither handed on nor asked for sessions.

    One that nobody asks anything opens nothing.
    """
    spoken = [(node, next(body.above(node))) for node in body.variables(name)]
    is_giving = any(
        isinstance(around, cst.Arg)
        or (isinstance(around, cst.Call) and around.func is node)
        or (isinstance(around, cst.Attribute) and around.attr.value in _GIVING)
        for node, around in spoken
    )
    is_used = any(isinstance(around, (cst.Attribute, cst.Yield)) for _, around in spoken)
    return is_used and not is_giving


def _is_on_a_mock(binding: Binding) -> bool:
    """Whether a test gives a mock to what is made, or to the object that makes it.

    `Session(bind=MagicMock())`, or `Context(MagicMock()).get_session()`, be it in two steps.
    """
    made = binding.expression and bare(binding.expression)
    calls = [made] if isinstance(made, cst.Call) else []
    match calls:
        case [cst.Call(func=cst.Attribute(value=cst.Call() as owner))]:
            calls.append(owner)
        case [cst.Call(func=cst.Attribute(value=cst.Name(value=owner)))]:
            makers = (one.expression for one in binding.block.bindings(owner))
            calls += (one for one in makers if isinstance(one, cst.Call))
    given = [arg.value for call in calls for arg in call.args]
    names = [value.value for value in given if isinstance(value, cst.Name)]
    bound = [one.expression for name in names for one in binding.block.bindings(name)]
    return any("mock" in name.lower() for name in names) or any(
        isinstance(value, cst.Call) and last_name(value.func) in MOCKS for value in given + bound
    )


def _is_of_library(
    evaluator: Evaluator, made: cst.BaseExpression | None, block: Block, hops: int = 2
) -> bool:
    """Whether a method of a class gives it whose library is not followed, and may keep it."""
    made = None if made is None else bare(made)
    if not isinstance(made, cst.Call):
        return False
    match evaluator.value(made.func, block):
        case Symbol(name=name) if name not in CALLS:
            return name.rpartition(".")[0].rpartition(".")[2][:1].isupper()
        case FunctionValue(block=inner) if hops:
            values = (node.value for node in inner.returns)
            return any(_is_of_library(evaluator, value, inner, hops - 1) for value in values)
    owner = made.func.value if isinstance(made.func, cst.Attribute) else None
    given = None if owner is None else evaluator.value(owner, block)
    names = given.name.split(".") if isinstance(given, Foreign) else []
    return any(name[:1].isupper() for name in names)


def is_to_fail(node: cst.CSTNode) -> bool:
    """Whether a test expects an error in a block: nothing is acquired there then."""
    return type(node) is cst.With and any(
        isinstance(item.item, cst.Call) and last_name(item.item.func) in EXPECTING
        for item in node.items
    )


def _is_patched(block: Block) -> bool:
    """Whether a test puts mocks in the place of what the block calls: nothing is what it seems."""
    for scope in block.scopes:
        marks = (dotted(one.func if isinstance(one, cst.Call) else one) for one in scope.decorators)
        if any(mark and _is_patching(mark, block) for mark in marks):
            return True
        if any(parameter.name.value in _PATCHING for parameter in scope.parameters):
            return True
    asked = (call.func.attr.value for call in block.calls if type(call.func) is cst.Attribute)
    if any(map(_ASKING.fullmatch, asked)):
        return True
    paths = {dotted(call.func) or "" for call in block.calls}
    return any(_is_patching(path, block) for path in paths)


def _is_patching(path: str, block: Block) -> bool:
    """`patch`, `mock.patch.object`; `client.patch` and `router.patch` are about HTTP."""
    owners = ["", *path.split(".")]
    if not _PATCHING.isdisjoint(owners) or ".patch." in path:
        return True
    pairs = pairwise(owners)
    return any(name == "patch" and _is_of_tests(owner, block) for owner, name in pairs)


def _is_of_tests(owner: str, block: Block) -> bool:
    """Whether a `patch` of that owner puts mocks somewhere; it may be a module of another name."""
    if owner in _HAVING_PATCH or "mock" in owner:
        return True
    imported = block.home.top.bindings(owner)
    return any("mock" in (*one.origin.split("."), one.item) for one in imported)


def sure_session(evaluator: Evaluator, made: cst.BaseExpression, block: Block) -> Thing | None:
    """The session that a call opens, if that is sure."""
    found = surely_opened(evaluator, made, block)
    return found if found is not None and found.type.kind is Kind.SESSION else None


def surely_opened(evaluator: Evaluator, made: cst.BaseExpression, block: Block) -> Thing | None:
    """The session or connection that a call opens, if that is sure."""
    is_opening = isinstance(bare(made), cst.Call) and evaluator.may_acquire(made, block)
    match evaluator.value(made, block) if is_opening else None:
        case Thing(is_fresh=True, is_sure=True) as thing if thing.type.kind in _HELD:
            return thing
    return None


def has_mocks(block: Block) -> bool:
    """Whether a block makes mocks, or has some put in the place of what it calls."""
    return _is_patched(block) or any(last_name(call.func) in MOCKS for call in block.calls)


def is_of_tests(evaluator: Evaluator, block: Block) -> bool:
    """Whether a block is for tests, or works on mocks."""
    return is_test(block.home.path, evaluator.tree.files.root) or has_mocks(block)


def acquired(evaluator: Evaluator, binding: Binding) -> Thing | None:
    """What a binding acquires, None unless it is surely fresh and has to be released."""
    if binding.expression is None or binding.how not in {How.VALUE, How.ITEM}:
        return None
    made = binding.expression
    read = opened_by(evaluator, made, binding.block)
    if read is not None:
        return read if binding.how is How.VALUE else None
    if isinstance(made, cst.ListComp) and binding.how is How.VALUE:
        made = made.elt
    other = fallback(binding)
    made = made if other is None else other
    if not evaluator.may_acquire(made, binding.block):
        return None
    value = evaluator.value(made, binding.block)
    if binding.how is How.ITEM:
        is_item = isinstance(value, Items) and binding.slot < len(value.items)
        value = value.items[binding.slot] if isinstance(value, Items) and is_item else value
    if not isinstance(value, Thing) or not value.is_fresh or not _is_held(value, binding.block):
        return None
    if other is not None:
        return replace(value, is_maybe=True)
    return None if _is_alias(bare(binding.expression), value) else value


def _is_held(thing: Thing, block: Block) -> bool:
    """Whether a block has to release what it makes: a registry, where its calls make one each."""
    kind = thing.type.kind
    return kind in _HELD or (kind is Kind.REGISTRY and block.kind is BlockKind.FUNCTION)


def fallback(binding: Binding) -> cst.Call | None:
    """The call of `session or maker()`, by which one is opened where none was given."""
    if binding.how is not How.VALUE or binding.expression is None:
        return None
    match binding.expression:
        case (
            cst.BooleanOperation(left=given, operator=cst.Or(), right=cst.Call() as call)
            | cst.IfExp(body=given, orelse=cst.Call() as call)
            | cst.IfExp(body=cst.Call() as call, orelse=given)
        ):
            is_given = isinstance(given, (cst.Name, cst.Attribute)) and not is_name(given, "None")
            return call if is_given else None
    return None


def _is_alias(made: cst.BaseExpression, value: Thing) -> bool:
    """Whether it is another name of something acquired elsewhere: `conn.execution_options()`."""
    match made:
        case cst.Call(func=cst.Attribute(value=cst.Name() | cst.Attribute(), attr=method)):
            return value.type.gives_itself(method.value)
    return isinstance(made, (cst.Name, cst.Attribute))
