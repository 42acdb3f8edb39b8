"""Objects that build an engine for themselves, and that the program makes again and again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, NamedTuple

import libcst as cst

from sessionlint.facts.classes import is_throughout
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.receivers import CLOSING
from sessionlint.facts.scopes import Binding, Block, BlockKind, How
from sessionlint.facts.syntax import TRIES, bare, is_name, last_name, targets_of
from sessionlint.facts.values import ClassValue
from sessionlint.flow.acquisitions import has_mocks
from sessionlint.flow.callers import OFTEN, callers, is_dependency, named
from sessionlint.flow.circumstances import is_aside, serves, starts_up
from sessionlint.flow.loops import innermost
from sessionlint.flow.nodes import Nodes
from sessionlint.source.gate import MAKERS
from sessionlint.source.walk import descend

__all__ = ["Maker", "maker"]

_HOPS: Final = 3
"""How many objects may be inside one another, the innermost with the engine."""

_OWN: Final = frozenset({"__new__", "__del__"})
"""Methods by which a class decides itself how many of its objects there are, or how each ends."""

_ENTRANCES: Final = frozenset({"__enter__", "__aenter__"})
"""Methods that give the object itself to the `with` that ends it."""

_DISPOSING: Final = frozenset({"dispose", "terminate", "closeall"})
_LEAVING: Final = (cst.Break, cst.Return)

_PLAIN: Final = (cst.BaseString, cst.BaseNumber, cst.BaseDict, cst.BaseList, cst.BaseSet, cst.Tuple)
"""What a class has for all its objects that knows none of them, unlike a method."""


class Maker(NamedTuple):
    """What makes an object anew: a function, for each request or in a loop; or FastAPI itself.

    Where nothing says how often it runs, `other` is a second function that does; else it is empty.
    """

    name: str
    is_loop: bool = False
    other: str = ""


def maker(evaluator: Evaluator, method: Block, call: cst.Call) -> Maker | None:
    """What makes the objects that build an engine by a call in their method, and drops them."""
    owner = method.owner
    if owner is None or is_aside(evaluator, method):
        return None
    return _of_class(evaluator, owner, method.name, _attributes(method, call), _HOPS)


def _of_class(
    evaluator: Evaluator, of: Block, method: str, names: set[str], hops: int
) -> Maker | None:
    """The same for a class whose method keeps what has an engine in attributes of these names."""
    if not names or not is_throughout(evaluator, of, lambda one: not _may_end(one, names)):
        return None
    is_made = method == "__init__"
    if is_made and _is_for_requests(evaluator, of):
        return Maker("FastAPI")
    is_disposing = not is_throughout(evaluator, of, _disposes_of_nothing)
    dropping: list[Block] = []
    for function, made in callers(evaluator, of):
        if function.kind is not BlockKind.FUNCTION or has_mocks(function):
            continue
        if is_disposing and _is_entered(function, made):
            continue
        if function.name == "__init__" and function.owner is not None and is_made and hops:
            held = _attributes(function, made)
            found = _of_class(evaluator, function.owner, function.name, held, hops - 1)
        else:
            found = _repeating(evaluator, function, made, None if is_made else method)
        if found is not None:
            return found
        if is_made and not starts_up(evaluator, function) and _drops(function, made, None):
            dropping.append(function)
    if len(dropping) < OFTEN:
        return None
    one, other, *_ = map(named, dropping)
    return Maker(one, other=other)


def _is_for_requests(evaluator: Evaluator, of: Block) -> bool:
    """Whether FastAPI makes an object for each request that nobody can close.

    By `Depends(Store)`, or `store: Store = Depends()`.
    """
    if any(map(_is_end, of.names)):
        return False
    name = re.escape(of.name.encode())
    pattern = rb"\bDepends\(\s*" + name + rb"\b|:\s*" + name + rb"\s*=\s*Depends\(\s*\)"
    tree, word = evaluator.tree, cst.Name(of.name)
    modules = [tree.module(path) for path, _ in tree.searched(b"Depends", re.compile(pattern))]
    values = [evaluator.value(word, module.top) for module in modules if module is not None]
    return any(isinstance(value, ClassValue) and value.block is of for value in values)


def _is_end(name: str) -> bool:
    """Whether a method of that name ends what an object holds."""
    return CLOSING.search(name) is not None or name in {"__exit__", "__aexit__"}


def _repeating(
    evaluator: Evaluator, function: Block, made: cst.Call, method: str | None
) -> Maker | None:
    """What a function is that makes an object over and over, and drops it.

    It has to call the method, if there is one.
    """
    if starts_up(evaluator, function):
        return None
    if any(one.value is not None and bare(one.value) is made for one in function.returns):
        is_for_request = method is None and is_dependency(evaluator, function)
        return Maker("FastAPI") if is_for_request else None
    loop = innermost(function.node, made)
    is_turned = loop is not None and not any(isinstance(one, _LEAVING) for one in descend(loop))
    if not (serves(function) or is_turned) or not _drops(function, made, method):
        return None
    return Maker(function.name, is_loop=not serves(function))


def _drops(function: Block, made: cst.Call, method: str | None) -> bool:
    """Whether a function uses what it makes, by a method if there is one, and then drops it."""
    asked = _asked(function, made)
    return bool(asked) and method in {None, *asked} and not any(map(_is_end, asked))


def _attributes(init: Block, call: cst.Call) -> set[str]:
    """The attributes in which every new object keeps what a call gives; none if it may not."""
    own = init.parameters[0].name.value if init.parameters else ""
    assert isinstance(init.node, cst.FunctionDef)
    names: set[str] = set()
    found: set[str] = set()
    for node in _always(init.node.body):
        if not _has(node.value, call, names):
            continue
        for target in targets_of(node):
            match target:
                case cst.Name(value=name):
                    names.add(name)
                case cst.Attribute(value=cst.Name(value=name), attr=attribute) if name == own:
                    found.add(attribute.value)
                case _:
                    return set()
    return found


def _has(value: cst.BaseExpression | None, call: cst.Call, names: set[str]) -> bool:
    """Whether a value is what a call gives, has one of these names, or makes sessions on that."""
    value = _given(value)
    if value is call or (isinstance(value, cst.Name) and value.value in names):
        return True
    if not isinstance(value, cst.Call) or last_name(value.func).encode() not in MAKERS:
        return False
    return any(_has(arg.value, call, names) for arg in value.args)


def _given(value: cst.BaseExpression | None) -> cst.BaseExpression | None:
    """What is assigned, of `value if there_is_one else None` the first."""
    value = None if value is None else bare(value)
    if isinstance(value, cst.IfExp) and is_name(value.orelse, "None"):
        return bare(value.body)
    return value


def _always(suite: cst.BaseSuite) -> Iterator[cst.Assign | cst.AnnAssign]:
    """The assignments of a suite that run whenever it does."""
    lines: Iterable[cst.CSTNode] = suite.body
    for line in lines:
        if isinstance(line, (*TRIES, cst.With)):
            yield from _always(line.body)
        elif isinstance(line, cst.SimpleStatementLine):
            yield from (one for one in line.body if isinstance(one, (cst.Assign, cst.AnnAssign)))


def _is_entered(function: Block, made: cst.Call) -> bool:
    """Whether a `with` enters what a call makes, and ends that at its own end."""
    return isinstance(next(Nodes(function).above(made)), cst.WithItem)


def _disposes_of_nothing(of: Block) -> bool:
    """Whether no method of a class ends an engine, whatever its name is."""
    spoken = (node for block in of.blocks for node in descend(block.node))
    return not any(
        isinstance(one, cst.Attribute) and one.attr.value in _DISPOSING for one in spoken
    )


def _may_end(of: Block, held: set[str]) -> bool:
    """Whether objects of a class may end what they hold without being asked, share it, or be kept.

    What ends it when it is called so, `close()` for instance, does not count.
    """
    methods = (block for block in of.blocks if block.kind is BlockKind.FUNCTION)
    return any(
        block.name in _OWN or _disposes(block, held) or _hands_on(block) for block in methods
    )


def _disposes(method: Block, held: set[str]) -> bool:
    """Whether a method that is not called so ends something that the object holds."""
    if _is_end(method.name):
        return False
    own = method.parameters[0].name.value if method.parameters else ""
    for node in descend(method.node):
        match node:
            case cst.Attribute(attr=cst.Name(value=word)) if word in _DISPOSING:
                return True
            case cst.Attribute(value=owner, attr=cst.Name(value=word)) if _is_end(word):
                if isinstance(owner, cst.Attribute) and owner.attr.value in held:
                    owner = owner.value
                if is_name(owner, own):
                    return True
    return False


def _hands_on(method: Block) -> bool:
    """Whether an object gives itself, or one of its methods, to something that may keep it."""
    if not method.parameters or method.parent is None:
        return False
    nodes, names = Nodes(method), method.parent.names
    for one in nodes.variables(method.parameters[0].name.value):
        around, further = islice(nodes.above(one), 2)
        is_entered = isinstance(around, cst.Return) and method.name in _ENTRANCES
        if isinstance(around, cst.Param) or is_entered:
            continue
        if not isinstance(around, cst.Attribute) or around.value is not one:
            return True
        is_called = isinstance(further, cst.Call) and further.func is around
        if any(map(_may_bind, names.get(around.attr.value, ()))) and not is_called:
            return True
    return False


def _may_bind(binding: Binding) -> bool:
    """Whether what a class calls so may know the object that is asked for it, as a method does."""
    is_plain = binding.is_none or isinstance(binding.expression, _PLAIN)
    return not is_plain and binding.how is not How.ANNOTATION


def _asked(function: Block, made: cst.Call) -> frozenset[str]:
    """What is called on the object that a call makes, or on its attributes.

    Nothing where the object may go elsewhere.
    """
    nodes = Nodes(function)
    match next(nodes.above(made)):
        case cst.Attribute():
            return frozenset(_called(nodes, made))
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))]):
            pass
        case cst.WithItem():
            return frozenset({"__enter__"})
        case _:
            return frozenset()
    if len(function.bindings(name)) > 1 or name in function.declared:
        return frozenset()
    asked = [_called(nodes, one) for one in nodes.asked(name)]
    return frozenset(name for names in asked for name in names) if all(asked) else frozenset()


def _called(nodes: Nodes, owner: cst.BaseExpression) -> set[str]:
    """The attributes between an object and the call of the last of them; none without a call."""
    below: cst.CSTNode = owner
    found: set[str] = set()
    for above in nodes.above(owner):
        if isinstance(above, cst.Call) and above.func is below:
            return found
        if not isinstance(above, cst.Attribute):
            break
        found.add(above.attr.value)
        below = above
    return set()
