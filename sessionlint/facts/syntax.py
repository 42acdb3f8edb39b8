"""Small questions about LibCST expressions that need no facts.

A class is compared where many nodes are asked: LibCST's classes are abstract base classes, and
`isinstance` takes four times as long to say no to one.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import libcst as cst

from sessionlint.source.walk import descend

__all__ = [
    "HANDLERS",
    "JUMPS",
    "MANAGERS",
    "TRIES",
    "Handler",
    "Try",
    "arguments",
    "asked_by_name",
    "assigned_attribute",
    "bare",
    "decorator_name",
    "dotted",
    "held_by",
    "index_of",
    "is_idle",
    "is_name",
    "is_only_called",
    "is_untold",
    "keyword",
    "last_name",
    "last_statement",
    "names_in",
    "targets_of",
    "text_of",
]

Try = cst.Try | cst.TryStar
TRIES: Final = (cst.Try, cst.TryStar)
"""Statements with handlers; LibCST has a class of its own for those with `except*`."""

Handler = cst.ExceptHandler | cst.ExceptStarHandler
HANDLERS: Final = (cst.ExceptHandler, cst.ExceptStarHandler)

JUMPS: Final = (cst.Return, cst.Raise, cst.Break, cst.Continue)
"""Statements behind which the next one does not run."""


def dotted(expression: cst.CSTNode) -> str | None:
    """`a.b.c` of a name or a chain of attributes; None for anything else."""
    if type(expression) is cst.Name:
        return expression.value
    parts: list[str] = []
    while type(expression) is cst.Attribute:
        parts.append(expression.attr.value)
        expression = expression.value
    if type(expression) is not cst.Name:
        return None
    parts.append(expression.value)
    return ".".join(reversed(parts))


def last_name(expression: cst.CSTNode) -> str:
    """The last name of a callee: `c` of `a.b.c`, of `a().c` and of `c`; else empty."""
    if type(expression) is cst.Attribute:
        return expression.attr.value
    return expression.value if type(expression) is cst.Name else ""


MANAGERS: Final = frozenset({"contextmanager", "asynccontextmanager"})
"""The decorators that make a context manager of a generator."""


def decorator_name(decorator: cst.BaseExpression) -> str:
    """The last name of a decorator, called or not."""
    return last_name(decorator.func if isinstance(decorator, cst.Call) else decorator)


def is_only_called(nodes: Iterable[cst.CSTNode], function: str) -> bool:
    """Whether a function is called wherever it is spoken of, in nodes that define it once.

    A method or a keyword of the same name, `table.insert()` beside `insert()`, speaks of another.
    """
    called = spoken = labels = 0
    for node in nodes:
        called += type(node) is cst.Call and is_name(node.func, function)
        labels += type(node) is cst.Attribute and is_name(node.attr, function)
        labels += type(node) is cst.Arg and is_name(node.keyword, function)
        spoken += is_name(node, function)
    # The definition itself speaks of the name once.
    return spoken == called + labels + 1


def targets_of(node: cst.Assign | cst.AnnAssign | cst.AugAssign) -> list[cst.BaseExpression]:
    """What an assignment gives a value to."""
    if isinstance(node, cst.Assign):
        return [target.target for target in node.targets]
    return [node.target]


def assigned_attribute(node: cst.CSTNode | None) -> cst.Attribute | None:
    """The attribute that a statement gives a value, None where it gives one to anything else."""
    match node:
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Attribute() as target)]):
            return target
        case cst.AnnAssign(target=cst.Attribute() as target):
            return target
    return None


def names_in(node: cst.CSTNode) -> set[str]:
    """Every name that is spoken in a node, those of attributes and keywords among them."""
    return {below.value for below in descend(node) if isinstance(below, cst.Name)}


def last_statement(suite: cst.BaseSuite) -> cst.CSTNode | None:
    """What a suite ends with: a compound statement, or the last one of its last line."""
    last = suite.body[-1] if suite.body else None
    return last.body[-1] if isinstance(last, cst.SimpleStatementLine) else last


def asked_by_name(node: cst.CSTNode) -> tuple[cst.BaseExpression | None, str]:
    """The object and the attribute of `getattr(object, "attribute")`; of anything else, none."""
    if type(node) is cst.Call and is_name(node.func, "getattr"):
        match list(arguments(node)):
            case [owner, cst.SimpleString() as word, *_]:
                return owner, word.raw_value
    return None, ""


def held_by(expression: cst.CSTNode | None) -> str | None:
    """The name that holds what an expression gives: `db`, or `(db := maker())`; else None."""
    name = expression.target if type(expression) is cst.NamedExpr else expression
    return name.value if type(name) is cst.Name else None


def bare(expression: cst.BaseExpression) -> cst.BaseExpression:
    """An expression without the `await` in front of it."""
    while isinstance(expression, cst.Await):
        expression = expression.expression
    return expression


def arguments(call: cst.Call) -> Iterator[cst.BaseExpression]:
    """The plain positional arguments of a call, up to the first starred one."""
    for arg in call.args:
        if arg.star:
            return
        if arg.keyword is None:
            yield arg.value


def keyword(call: cst.Call, name: str) -> cst.BaseExpression | None:
    """The argument given by that name."""
    for arg in call.args:
        if arg.keyword is not None and arg.keyword.value == name:
            return arg.value
    return None


def is_untold(test: cst.BaseExpression, name: str) -> bool:
    """Whether a condition says that nothing was given: `session is None`, `not session`."""
    match test:
        case cst.UnaryOperation(operator=cst.Not(), expression=inner):
            return is_name(inner, name)
        case cst.Comparison(left=left, comparisons=[cst.ComparisonTarget(cst.Is(), right)]):
            return is_name(left, name) and is_name(right, "None")
    return False


def is_idle(statement: cst.CSTNode) -> bool:
    """Whether a statement does nothing: a docstring, `pass`, a bare `return`."""
    match statement:
        case cst.Pass() | cst.Return(value=None) | cst.Expr(value=cst.BaseString()):
            return True
    return False


def is_name(node: cst.CSTNode | None, name: str) -> bool:
    """Whether a node is just that name."""
    return type(node) is cst.Name and node.value == name


def text_of(node: cst.CSTNode) -> str:
    """The source of a node on one line."""
    return " ".join(cst.Module([]).code_for_node(node).split())


def index_of(body: Sequence[cst.CSTNode], node: cst.CSTNode) -> int:
    """Where a statement stands in a list that holds it."""
    return next(index for index, one in enumerate(body) if one is node)
