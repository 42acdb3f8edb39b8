"""What does not fail in practice, so that nobody expects it to skip a close."""

from __future__ import annotations

from typing import Final

import libcst as cst

from sessionlint.facts.scopes import Binding, Block, How
from sessionlint.facts.syntax import decorator_name, dotted, is_idle, is_name, last_name
from sessionlint.facts.values import ClassValue, Symbol, Thing, Value
from sessionlint.flow.beside import returned
from sessionlint.flow.displays import is_own_display
from sessionlint.flow.harmless import (
    COLLECTING,
    COMPARING,
    COMPOSING,
    CUTTING,
    EMPTY_CALLS,
    MAKING,
    MOCKS,
    PARTS,
    SAFE_CALLS,
    STATEMENTS,
    TELLING,
    is_easily_closed,
    is_logging,
    is_title,
)
from sessionlint.flow.resource import Resource
from sessionlint.flow.unfailing import is_calm, is_still, is_unfailing

__all__ = [
    "is_calm_in",
    "is_given_cursor",
    "is_safe_call",
    "is_there",
    "may_operate_in_vain",
    "only_reads",
]

_TRIED: Final = (
    *(cst.Divide, cst.FloorDivide, cst.Modulo, cst.Power, cst.MatrixMultiply),
    *(cst.DivideAssign, cst.FloorDivideAssign, cst.ModuloAssign, cst.PowerAssign),
    cst.MatrixMultiplyAssign,
)
"""Operators that fail for some values of the types they are for; others join and count."""

_FILLING: Final = frozenset("format execute executemany mogrify scalar scalars text".split())
_PLAIN: Final = frozenset({"object", "NamedTuple"})
"""Bases whose objects only keep what they are made of."""


def may_operate_in_vain(node: cst.CSTNode) -> bool:
    """Whether it is an operation that may fail: `a / b` or `a[b]`.

    Not `a + b`, `"%s" % a`, or `a[:b]`.
    """
    if type(node) is cst.Subscript:
        return not all(isinstance(one.slice, cst.Slice) for one in node.slice)
    if type(node) is cst.AugAssign:
        is_variable = isinstance(node.target, cst.Name) or _is_count(node)
        return not is_variable or isinstance(node.operator, _TRIED)
    if type(node) is not cst.BinaryOperation:
        return False
    is_text = isinstance(node.operator, cst.Modulo) and isinstance(node.left, cst.BaseString)
    return isinstance(node.operator, _TRIED) and not is_text


def _is_count(node: cst.AugAssign) -> bool:
    """`self.open += 1`."""
    match node.target:
        case cst.Attribute(value=cst.Name(value="self" | "cls")):
            return isinstance(node.value, cst.Integer)
    return False


def only_reads(resource: Resource, node: cst.Call, path: str) -> bool:
    """Whether a call puts variables into a text or a statement, or takes them nowhere."""
    return last_name(node.func) in _FILLING or is_safe_call(resource, node, path)


def is_safe_call(resource: Resource, node: cst.Call, path: str) -> bool:
    """Whether a call does not fail in practice: logging, a few built-ins, a plain class.

    `path` is the callee's name if any: calls of the same function are alike.
    """
    if not path or path in EMPTY_CALLS:
        return _is_safe(resource, node, path)
    key = path, len(node.args), resource.places(node.args)
    if key not in resource.safe:
        resource.safe[key] = _is_safe(resource, node, path)
    return resource.safe[key]


def _is_safe(resource: Resource, node: cst.Call, path: str) -> bool:
    if path in SAFE_CALLS or ("." in path and _unaliased(resource, path) in SAFE_CALLS):
        return True
    if path in EMPTY_CALLS and not any(_is_work(resource, one.value) for one in node.args):
        return True
    if last_name(node.func) in MOCKS or is_unfailing(node, resource):
        return True
    if _is_made_here(resource, node):
        return True
    if _is_statement(resource, node):
        return True
    if type(node.func) is not cst.Attribute:
        is_asking = path == "getattr" and len(node.args) == 3
        return is_asking or _makes_plain(resource, node)
    owner, method = node.func.value, node.func.attr.value
    if method == "getLogger":
        return True
    if method in {"join", "format"} and isinstance(owner, cst.BaseString):
        return True
    if (method == "pop" and len(node.args) == 2) or (method == "discard" and len(node.args) == 1):
        return True
    if type(owner) is cst.Call:
        return method in TELLING and is_safe_call(resource, owner, dotted(owner.func) or "")
    if method in COLLECTING and is_own_display(resource, owner):
        return True
    if _closes_another(resource, node.func):
        return True
    return is_logging(owner, method)


def is_there(resource: Resource, read: cst.Attribute) -> bool:
    """Whether an attribute can be read without fail in practice.

    That of a text or time made on the spot, one that was read before, or one of the object
    itself, a class or a module.
    """
    if is_title(read) or id(read) in resource.read_again or _is_made_here(resource, read):
        return True
    path = dotted(read.value)
    if path is None:
        return False
    root = path.partition(".")[0]
    return root in {"self", "cls"} or root[:1].isupper() or resource.is_imported(root)


def _is_made_here(resource: Resource, node: cst.CSTNode) -> bool:
    """Whether it is a text or a time made on the spot, or cut out of one: `uuid4().hex[:8]`."""
    match node:
        case cst.Subscript(value=whole, slice=parts):
            is_cut = all(isinstance(one.slice, cst.Slice) for one in parts)
            return is_cut and _is_made_here(resource, whole)
        case cst.Attribute(value=whole, attr=cst.Name(value=name)):
            return name in PARTS and _is_made_here(resource, whole)
        case cst.Call(func=func) if (path := dotted(func)) is not None:
            return path in MAKING or ("." in path and _unaliased(resource, path) in MAKING)
        case cst.Call(func=cst.Attribute(value=whole, attr=cst.Name(value=name))):
            return name in CUTTING and _is_made_here(resource, whole)
    return isinstance(node, cst.BaseString)


def _unaliased(resource: Resource, path: str) -> str:
    """A dotted name with what its first part is imported as: `time.time` of `_time.time`."""
    root, _, rest = path.partition(".")
    bindings = resource.block.seen(root)
    if len(bindings) != 1 or bindings[0].how not in {How.IMPORT, How.IMPORT_FROM}:
        return path
    [one] = bindings
    return f"{one.origin}.{one.item}.{rest}" if one.item else f"{one.origin}.{rest}"


def _is_statement(resource: Resource, node: cst.Call) -> bool:
    """Whether calls put a statement together, `select(User).where(…)`, and do not run it."""
    made: cst.BaseExpression = node
    while type(made) is cst.Call and last_name(made.func) in COMPOSING:
        made = made.func.value if isinstance(made.func, cst.Attribute) else made.func
    if type(made) is not cst.Call:
        return isinstance(made, cst.Name) and made.value in resource.queries
    if made is not node and _is_query(resource, made):
        return True
    if last_name(made.func) not in STATEMENTS:
        return _is_of_column(made)
    given = resource.evaluator.value(made.func, resource.block)
    return isinstance(given, Symbol) and given.name.partition(".")[0] in {"sqlalchemy", "sqlmodel"}


def _is_query(resource: Resource, call: cst.Call) -> bool:
    """`session.query(User)`, which runs when somebody asks it for rows."""
    match call.func:
        case cst.Attribute(value=cst.Name(value=owner), attr=cst.Name(value="query")):
            return owner in resource.names
    return False


def _is_of_column(call: cst.Call) -> bool:
    """`User.name.desc()`: a method of an attribute of a class makes a part of a statement."""
    method = call.func
    if type(method) is not cst.Attribute or type(method.value) is not cst.Attribute:
        return False
    return method.attr.value in COMPARING and last_name(method.value.value)[:1].isupper()


def _is_work(resource: Resource, given: cst.BaseExpression) -> bool:
    """Whether an argument is more than a type, as in `defaultdict(int)`, or what is written out."""
    match given:
        case cst.Name(value=name) if name in EMPTY_CALLS | {"int"}:
            return False
        case cst.Call(func=cst.Attribute(value=owner, attr=cst.Name(value=method))):
            return method not in COLLECTING or not is_own_display(resource, owner)
    return not is_own_display(resource, given)


def _closes_another(resource: Resource, method: cst.Attribute) -> bool:
    """`first.close(); second.close()`: the first is not expected to fail."""
    if not isinstance(method.value, cst.Name):
        return False
    block = resource.block
    bindings = block.bindings(method.value.value)
    if method.attr.value == "close":
        is_given = bool(bindings) and all(is_given_cursor(resource, one) for one in bindings)
        if is_given or is_easily_closed(bindings):
            return True
    value = resource.evaluator.value(method.value, block)
    return isinstance(value, Thing) and value.type.is_release(method.attr.value)


def is_given_cursor(resource: Resource, binding: Binding) -> bool:
    """Whether `conn, cursor = open_both()` gives a cursor there."""
    if binding.how is not How.ITEM:
        return False
    tuples = returned(resource.evaluator, binding.expression, resource.block)
    given = [(parts[binding.slot], block) for parts, block in tuples if binding.slot < len(parts)]
    return bool(given) and all(
        is_easily_closed(block.bindings(part.value))
        if isinstance(part, cst.Name)
        else isinstance(part, cst.Call) and last_name(part.func) == "cursor"
        for part, block in given
    )


def _makes_plain(resource: Resource, node: cst.Call) -> bool:
    """Whether a class of the project is called that does nothing but keep its arguments."""
    if not last_name(node.func).lstrip("_")[:1].isupper():
        return False
    made = resource.evaluator.value(node.func, resource.block)
    return isinstance(made, ClassValue) and _is_plain(made.block)


def is_calm_in(made: Value, method: str) -> bool:
    """Whether objects of a class do nothing that fails when they are made, and in a method."""
    if not isinstance(made, ClassValue) or not _is_plain(made.block):
        return False
    does = made.block.function(method)
    return does is not None and is_calm(does)


def _is_plain(made: Block) -> bool:
    head = made.definition
    assert isinstance(head, cst.ClassDef)
    if head.keywords or any(last_name(base.value) not in _PLAIN for base in head.bases):
        return False
    marks = {decorator_name(one) for one in made.decorators}
    if marks:
        return marks == {"dataclass"} and not made.bindings("__post_init__")
    given = made.bindings("__init__")
    functions = [one.target for one in given if one.how is How.DEFINITION and one.target]
    return (
        not made.bindings("__new__")
        and len(functions) == len(given) <= 1
        and all(_only_keeps(one, made) for one in functions)
    )


def _only_keeps(init: Block, made: Block) -> bool:
    """Whether a function only assigns what it is given to plain attributes."""
    assert isinstance(init.node, cst.FunctionDef)
    lines = init.node.body.body
    parts = [
        part for line in lines if isinstance(line, cst.SimpleStatementLine) for part in line.body
    ]
    return all(isinstance(line, cst.SimpleStatementLine) for line in lines) and all(
        _is_kept(part, made) for part in parts
    )


def _is_kept(part: cst.BaseSmallStatement, made: Block) -> bool:
    match part:
        case cst.Assign(targets=[cst.AssignTarget(target=target)], value=value):
            pass
        case cst.AnnAssign(target=target, value=cst.BaseExpression() as value):
            pass
        case _:
            return is_idle(part)
    if not isinstance(target, cst.Attribute) or not is_name(target.value, "self"):
        return False
    return not made.bindings(target.attr.value) and is_still(value)
