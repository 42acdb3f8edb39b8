"""A module that is read statement by statement says what one that is read whole says."""

import ast
from pathlib import Path

import libcst as cst
import pytest

from sessionlint.facts import reading
from sessionlint.facts.files import Files
from sessionlint.facts.module import Module
from sessionlint.facts.modules import Tree
from sessionlint.facts.places import Places
from sessionlint.facts.scopes import Block, BlockKind
from sessionlint.source.outline import Part, PartKind, outlined
from sessionlint.source.parse import Source, read_source
from sessionlint.source.text import decoded
from sessionlint.source.walk import descend, visited

STANDARD_LIBRARY = Path(ast.__file__).parent
FILES = [
    "abc.py",
    "asyncio/locks.py",
    "contextlib.py",
    "enum.py",
    "functools.py",
    "queue.py",
    "sqlite3/dbapi2.py",
    "textwrap.py",
]


def shown(text: str, parts: list[Part] | tuple[Part, ...] | None = None) -> list[object]:
    """What a text is cut into: names of functions, classes with their members, first lines."""
    found: list[object] = []
    for part in outlined(text) if parts is None else parts:
        if part.kind is PartKind.CLASS:
            found.append((f"class {part.name}", shown(text, part.members)))
        elif part.kind is PartKind.FUNCTION:
            found.append(f"def {part.name}")
        else:
            found.append(text[part.start : part.stop].split("\n", maxsplit=1)[0].strip())
    return found


def test_statements_are_told_apart():
    text = '"""Doc."""\nimport a\n\nfrom b import (\n    c,\n)\nx = [\n    1,\n]\nif x:\n    y = 1\nelse:\n    y = 2\n'
    assert shown(text) == ['"""Doc."""', "import a", "from b import (", "x = [", "if x:"]


def test_functions_and_classes_are_known_by_name():
    text = "@a\n@b(\n    1,\n)\nasync def f():\n    def g(): ...\n\n@c\nclass D(E):\n    x = 1\n\n    @p\n    def m(self):\n        pass\n"
    assert shown(text) == ["def f", ("class D", ["x = 1", "def m"])]


def test_a_part_ends_where_the_next_begins():
    text = "def f():\n    pass\n# about g\n\n\ndef g():\n    pass\n"
    first, second = outlined(text)
    assert text[first.start : first.stop].startswith("def f")
    assert text[second.start : second.stop] == "def g():\n    pass\n"


@pytest.mark.parametrize(
    "body",
    [
        '    x = """\ndef no():\n"""\n',
        "    x = '''\nclass No:\n'''\n",
        '    x = "\\\ndef no():"\n',
        "    x = rb'\\'; y = '#'\n",
        "    # def no():\n# it's nothing\n    pass\n",
        "    x = (\n  1,\n)\n",
        "    x = 1 + \\\n2\n",
        "        # odd\n  # odder\n    pass\n",
        "    pass; pass\n",
        "    if a:\n        pass\n    else:\n        pass\n",
        "    class Inner:\n        def m(self): ...\n",
        "\n\n    pass\n",
        "    return f'{a!r:>{b}}'\n",
    ],
)
def test_whatever_stands_in_a_function_belongs_to_it(body):
    ast.parse(f"def f():\n{body}x = 1\n")
    assert shown(f"def f():\n{body}x = 1\n") == ["def f", "x = 1"]


def test_overloads_and_long_signatures():
    text = (
        "@overload\ndef f(a: int) -> int: ...\n@overload\ndef f(a: str) -> str: ...\n"
        "def f(\n    a: int | str,\n    b: Callable[[int], str] = lambda x: ')',\n) -> int | str:\n    return a\n"
    )
    assert shown(text) == ["def f", "def f", "def f"]


def test_type_parameters():
    text = "def f[T: (int, str) = int](a: T) -> T:\n    return a\n\ntype X[T] = list[T]\n\nclass C[T](B):\n    y = 1\n"
    assert shown(text) == ["def f", "type X[T] = list[T]", "class C[T](B):"]


@pytest.mark.parametrize(
    "text",
    [
        "class A(B, metaclass=C(D)):\n    x = 1\n",
        "class A:  # why\n\n    # what\n    x = 1\n",
        'class A:\n    """Doc."""\n\n    x = 1\n',
    ],
)
def test_a_class_has_its_members(text):
    ((name, members),) = shown(text)
    assert name == "class A"
    assert members[-1] == "x = 1"


@pytest.mark.parametrize(
    "text",
    [
        "class A: x = 1\n",
        "class A:\n\tx = 1\n",
        "class A(B(C(D))):\n    x = 1\n",
        "class A(b=')'):\n    x = 1\n",
        "class A(\n    # why\n    B,\n):\n    x = 1\n",
    ],
)
def test_an_odd_class_is_one_statement(text):
    assert shown(text) == [text.split("\n")[0]]


def test_a_class_inside_a_class_is_one_statement():
    text = "class A:\n    class B:\n        x = 1\n\n    y = 1\n"
    assert shown(text) == [("class A", ["class B:", "y = 1"])]


@pytest.mark.parametrize(
    "text",
    [
        "def f():\r\n    pass\r\nx = 1\r\n",
        "\fdef f():\n    pass\nx = 1\n",
        "def f():\n    x = (\n1,\n    )\nx = 1\n",
        "x = [\n1,\n2]\ny = 1\n",
        "x = '\ny = 1\n",
        'x = """\ny = 1\n',
        "f(\nx = 1\n",
        "@a\n",
    ],
)
def test_an_odd_text_is_one_part(text):
    assert outlined(text) == [Part(PartKind.CODE, 0, len(text))]


def test_nothing_is_cut_into_nothing():
    assert outlined("") == []
    assert outlined("# only this\n") == []


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_the_standard_library_is_cut_as_python_reads_it(name):
    text = decoded((STANDARD_LIBRARY / name).read_bytes())
    parts = outlined(text)
    lines = [text.count("\n", 0, part.start) + 1 for part in parts]
    tree = ast.parse(text)
    assert lines == first_lines(tree.body)
    for node, part in zip(distinct(tree.body), parts, strict=True):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert (part.kind, part.name) == (PartKind.FUNCTION, node.name)
        if isinstance(node, ast.ClassDef) and part.members:
            inside = [text.count("\n", 0, one.start) + 1 for one in part.members]
            assert inside == first_lines(node.body)


def distinct(body: list[ast.stmt]) -> list[ast.stmt]:
    """Of the statements that share a line the first."""
    return [
        one
        for before, one in zip([None, *body[:-1]], body, strict=True)
        if not before or before.end_lineno < one.lineno
    ]


def first_lines(body: list[ast.stmt]) -> list[int]:
    return [
        min([one.lineno, *(mark.lineno for mark in getattr(one, "decorator_list", []))])
        for one in distinct(body)
    ]


def modules(path: Path) -> tuple[tuple[Source, Module], tuple[Source, Module]]:
    """A file read by pieces, and as a whole."""
    found = []
    for visit in ((), (visited,)):
        files = Files(path.parent, lambda name: Path(name).read_bytes())
        tree = Tree(files, Places(files), *visit)
        source = tree.source(path, path.read_bytes())
        module = tree.module(path)
        assert module is not None
        found.append((source, module))
    return found[0], found[1]


def told(block: Block) -> list[object]:
    """Everything that is known of a scope, without the nodes."""
    return [
        (block.kind, block.name, block.parent.name if block.parent else None),
        {
            name: [(one.how, one.item, one.slot) for one in block.names[name]]
            for name in block.names
        },
        {name: len(bindings) for name, bindings in block.near.attributes.items()},
        (block.stars, sorted(block.declared)),
        (len(block.returns), len(block.yields), len(block.calls), len(block.decorators)),
        [inner.name for inner in block.blocks],
        (block.is_async, [one.name.value for one in block.parameters]),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_all_scopes_are_those_of_the_whole(name):
    (_, pieces), (_, whole) = modules(STANDARD_LIBRARY / name)
    assert len(pieces.reader.pieces) > 1
    assert [told(block) for block in pieces.blocks] == [told(block) for block in whole.blocks]


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_a_name_alone_is_what_it_is_in_the_whole(name):
    (source, pieces), (other, whole) = modules(STANDARD_LIBRARY / name)
    for known in [whole.top, *(one for one in whole.top.blocks if one.kind is BlockKind.CLASS)]:
        block = pieces.top
        if known is not whole.top:
            targets = [one.target for one in pieces.top.bindings(known.name)]
            block = targets[whole.top.names[known.name].index(binding_of(whole, known))]
        for word in [*reversed(known.names), *known.near.attributes]:
            both = [
                [*block.bindings(word), *block.attribute(word)],
                [*known.bindings(word), *known.attribute(word)],
            ]
            ours, theirs = (
                [(one.how, place(at, one.node)) for one in bindings]
                for at, bindings in zip((source, other), both, strict=True)
            )
            assert ours == theirs, word


def binding_of(module: Module, block: Block):
    return next(one for one in module.top.names[block.name] if one.target is block)


def place(source: Source, node: cst.CSTNode | None):
    return None if node is None else source.positions.span(node)


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_places_are_those_of_the_whole_file(name):
    path = STANDARD_LIBRARY / name
    (source, pieces), _ = modules(path)
    whole = read_source(path.read_bytes())
    ours = [node for node in descend(pieces.top.node) if not is_composed(node)]
    theirs = [node for node in descend(whole.module) if not is_composed(node)]
    assert [type(node) for node in ours] == [type(node) for node in theirs]
    assert [source.positions.span(node) for node in ours] == [
        whole.positions.span(node) for node in theirs
    ]


def is_composed(node: cst.CSTNode) -> bool:
    return isinstance(node, (cst.Module, cst.ClassDef, cst.IndentedBlock))


def small(tmp_path: Path, text: str) -> tuple[Source, Module]:
    path = tmp_path / "a.py"
    path.write_text(text)
    return modules(path)[0]


def test_only_what_is_asked_for_is_parsed(tmp_path):
    source, module = small(
        tmp_path, "import a\nfrom b import c\n\ndef f():\n    return c\n\ndef g():\n    return f\n"
    )
    assert source.trees == []
    assert [one.item for one in module.top.bindings("c")] == ["c"]
    assert [tree.module.code for tree in source.trees] == ["from b import c\n\n"]
    (found,) = module.top.bindings("g")
    assert len(source.trees) == 1
    assert found.target is not None
    assert len(found.target.returns) == 1
    assert len(source.trees) == 2


def test_imports_of_everything_are_looked_for_once(tmp_path, monkeypatch):
    """Each name that nothing binds asks for them, and there may be thousands."""

    class Counted:
        times = 0

        def finditer(self, text: str):
            self.times += 1
            return star.finditer(text)

    star, counted = reading._STAR, Counted()
    monkeypatch.setattr(reading, "_STAR", counted)
    _, module = small(tmp_path, "from a import *\n\ndef f():\n    return b, c\n")
    assert [module.top.stars for _ in range(3)] == [["a"]] * 3
    assert counted.times == 1


def test_a_global_is_found_where_a_function_declares_it(tmp_path):
    _, module = small(
        tmp_path, "def f():\n    global x, y\n    x = 1\n    y = 2\n\ndef g():\n    z = x\n"
    )
    assert len(module.top.bindings("x")) == 1
    assert len(module.top.bindings("y")) == 1
    assert module.top.bindings("z") == []


@pytest.mark.parametrize(
    "line",
    [
        "self.x = 1",
        "self.x: int = 1",
        "self.x += 1",
        "self . x = 1",
        "self.x, y = 1, 2",
        "(y, self.x) = 1, 2",
        "[y, self.x] = 1, 2",
        "y = self.x = 1",
        "with a as self.x: pass",
        "with a as (y, self.x): pass",
        "for self.x in y: pass",
        "for y, self.x in z: pass",
        "(self.x  # so\n         ) = 1",
    ],
)
def test_an_attribute_is_found_however_it_is_assigned(tmp_path, line):
    _, module = small(tmp_path, f"class A:\n    def f(self):\n        {line}\n\n    y = 1\n")
    (binding,) = module.top.bindings("A")
    assert binding.target is not None
    assert len(binding.target.attribute("x")) == 1
    assert len(module.assigning("x")) == 1


def test_the_whole_tree_is_there_for_whoever_asks(tmp_path):
    source, _ = small(tmp_path, "import a\n\n\ndef f():\n    return a\n")
    assert source.module.code == source.text
