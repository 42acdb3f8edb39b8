"""The table of children and the walk, held against LibCST's own visit."""

import inspect
import re
import typing
from collections.abc import Iterator
from pathlib import Path

import libcst as cst
import pytest

from sessionlint.source.children import CHILDREN
from sessionlint.source.walk import children, descend, visited, walk

STANDARD_LIBRARY = Path(inspect.getfile(inspect)).parent
FILES = ["bisect.py", "contextlib.py", "graphlib.py", "asyncio/locks.py", "json/decoder.py"]

VISITED = re.compile(
    r"visit_(?:required|optional|sentinel|sequence|iterable|body_sequence|body_iterable)"
    r"\(\s*self,\s*\"(\w+)\""
)

NO_SYNTAX = (
    cst.BaseParenthesizableWhitespace,
    cst.TrailingWhitespace,
    cst.EmptyLine,
    cst.Newline,
    cst.Comment,
    cst.LeftParen,
    cst.RightParen,
    cst.LeftSquareBracket,
    cst.RightSquareBracket,
    cst.LeftCurlyBrace,
    cst.RightCurlyBrace,
    cst.AssignEqual,
    cst.Colon,
    cst.Comma,
    cst.Dot,
    cst.Semicolon,
    cst.BitOr,
    cst.ImportStar,
    cst.ParamSlash,
    cst.ParamStar,
    cst.Asynchronous,
    cst.BaseAugOp,
    cst.BaseBinaryOp,
    cst.BaseBooleanOp,
    cst.BaseCompOp,
    cst.BaseUnaryOp,
)
"""White space, punctuation and operator tokens."""


def derived() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every LibCST class with the fields it visits that can hold syntax, in that order."""
    for name, kind in vars(cst).items():
        is_node = isinstance(kind, type) and issubclass(kind, cst.CSTNode)
        if not is_node or inspect.isabstract(kind) or issubclass(kind, NO_SYNTAX):
            continue
        source = inspect.getsource(kind._visit_and_replace_children)
        hints = typing.get_type_hints(kind)
        fields = [field for field in VISITED.findall(source) if may_hold_syntax(hints[field])]
        if fields:
            yield name, tuple(dict.fromkeys(fields))


def may_hold_syntax(hint: object) -> bool:
    """Whether a field of that type may hold a node other than white space and punctuation."""
    if isinstance(hint, type) and not typing.get_args(hint):
        return issubclass(hint, cst.CSTNode) and not issubclass(hint, NO_SYNTAX)
    return any(may_hold_syntax(part) for part in typing.get_args(hint))


def recorder() -> tuple[cst.CSTVisitor, list[tuple[str, cst.CSTNode]]]:
    """A visitor with every hook of the table, and the calls it has got."""
    calls: list[tuple[str, cst.CSTNode]] = []

    def noting(hook: str):
        return lambda _, node: calls.append((hook, node))

    hooks = {f"{way}_{name}": noting(way) for name in CHILDREN for way in ("visit", "leave")}
    return type("_Recorder", (cst.CSTVisitor,), hooks)(), calls


def calls_of(show, tree: cst.Module) -> list[tuple[str, str, int]]:
    """What a walk calls on a tree: the hook, the class of the node and the node itself."""
    visitor, calls = recorder()
    show(tree, visitor)
    return [(hook, type(node).__name__, id(node)) for hook, node in calls]


def parsed(name: str) -> cst.Module:
    return cst.parse_module((STANDARD_LIBRARY / name).read_bytes())


def test_the_table_is_what_libcst_visits():
    assert dict(derived()) == CHILDREN


@pytest.mark.parametrize("name", FILES)
def test_calls_the_hooks_that_libcst_calls_in_its_order(name):
    tree = parsed(name)
    assert calls_of(walk, tree) == calls_of(visited, tree)


def test_calls_the_hooks_of_every_statement_and_expression():
    tree = cst.parse_module(
        "type Pair[T: int, *R, **P] = tuple[T, T]\n"
        "@d(1)\n"
        "async def f[T = int](a, /, b: int = 1, *c, d=2, **e) -> x:\n"
        "    async with a as b, (yield c): pass\n"
        "    async for i, *j in k: await m\n"
        "    else: del n, o[1:2:3]\n"
        "    return [p async for p in q if r], {s: t for s in u}, {v for v in w}, (x for x in y)\n"
        "class C(A, metaclass=B):\n"
        "    global g, h; nonlocal i\n"
        "    z: int; z += -1; assert z, f'{a!r:{b}}' 'c'\n"
        "    try: raise E from F\n"
        "    except* (G, H) as i: lambda j=1, *k: (j if k else not j and k)\n"
        "    finally: import l.m as n; from ..o import p as q\n"
        "while (a := b) < c: print(*d, **{**e}, f=g)\n"
        "match a, *b:\n"
        "    case [1, *_] | {'k': v, **w} | C(x, y=z) as q if r: pass\n"
        "    case None | -1 | a.b | (c, d): pass\n"
    )
    assert calls_of(walk, tree) == calls_of(visited, tree)


def test_leaves_out_what_is_below_a_refused_node():
    class _Names(cst.CSTVisitor):
        def __init__(self) -> None:
            super().__init__()
            self.seen: list[str] = []

        def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
            self.seen.append(node.name.value)
            return False

        def leave_FunctionDef(self, original_node: cst.FunctionDef) -> None:
            self.seen.append(f"end of {original_node.name.value}")

    names = _Names()
    walk(cst.parse_module("def a():\n    def b(): pass\ndef c(): pass\n"), names)
    assert names.seen == ["a", "end of a", "c", "end of c"]


def test_descend_gives_parents_first_and_stops_below_a_stopper():
    tree = cst.parse_module("a\ndef b():\n    c\nd\n")
    names = [node.value for node in descend(tree, cst.FunctionDef) if isinstance(node, cst.Name)]
    assert names == ["a", "d"]


def test_descend_enters_a_root_of_the_stopping_class():
    function = cst.parse_statement("def b():\n    c\n")
    names = [
        node.value for node in descend(function, cst.FunctionDef) if isinstance(node, cst.Name)
    ]
    assert names == ["b", "c"]


def test_walks_what_is_nested_deeper_than_the_stack():
    expression: cst.BaseExpression = cst.Name("x")
    for _ in range(20_000):
        expression = cst.Attribute(expression, cst.Name("y"))
    assert sum(1 for _ in descend(expression)) == 40_001


def test_a_node_without_syntax_below_has_no_children():
    assert children(cst.Name("x")) == []
