"""Bytes to text, tree and places, held against Python and LibCST."""

import ast
import inspect
from pathlib import Path

import libcst as cst
import pytest
from libcst.metadata import MetadataWrapper, PositionProvider

from sessionlint.errors import UnreadableFile
from sessionlint.model import Span
from sessionlint.source.brackets import deepest
from sessionlint.source.parse import MAX_NESTING, Source, read_source
from sessionlint.source.text import decoded, line_starts, lines
from sessionlint.source.walk import descend

STANDARD_LIBRARY = Path(inspect.getfile(inspect)).parent
FILES = ["bisect.py", "contextlib.py", "graphlib.py", "asyncio/locks.py", "json/decoder.py"]

CODE = (
    "import a  # first\n"
    "\n"
    "@d\n"
    "def f(x, *, y=1):\n"
    "    with x as z, (\n"
    "        y\n"
    "    ):\n"
    "        return [x for x in z if 'ä𝄞' * 2] + y  # ß\n"
    "\n"
    "class C: pass; e = f(1)\n"
    'g = """two\n'
    'lines""" if f else (yield)\n'
)

TEXTS = {
    "plain": CODE.encode(),
    "byte order mark": b"\xef\xbb\xbf" + CODE.encode(),
    "CRLF": CODE.replace("\n", "\r\n").encode(),
    "CR": CODE.replace("\n", "\r").encode(),
    "mixed ends": CODE.replace("\n", "\r\n", 3).encode(),
    "tabs": CODE.replace("    ", "\t").encode(),
    "form feeds": CODE.replace("\n\n", "\n\f\n").encode(),
    "form feed first": b"\f" + CODE.encode(),
    "latin-1": b"# coding: latin-1\n" + CODE.replace("𝄞", "ö").encode("latin-1"),
    "UTF-8 coding line": b"# -*- coding: utf-8 -*-\n" + CODE.encode(),
    "line separators in a string": CODE.replace("two", "\x1c\x85\u2028two").encode(),
    "continued lines": b"a = 1 + \\\n  2\nif a and \\\n b: pass\n",
    "no newline at the end": CODE.rstrip("\n").encode(),
    "white space at the end": CODE.encode() + b"\n\n   \n# end\n  ",
    "nothing": b"",
    "a comment alone": b"# nothing\n",
}


def places(source: Source) -> tuple[dict[str, Span], dict[str, Span]]:
    """The place of every node but the module, once by us and once by LibCST."""
    wrapper = MetadataWrapper(source.module, unsafe_skip_copy=True)
    theirs = wrapper.resolve(PositionProvider)
    # The module itself ends, for LibCST, after a newline that the text may not have.
    nodes = {
        f"{type(node).__name__} {id(node)}": node for node in theirs if node is not source.module
    }
    ours = {name: source.positions.span(node) for name, node in nodes.items()}
    ranges = {name: theirs[node] for name, node in nodes.items()}
    return ours, {
        name: Span(one.start.line, one.start.column, one.end.line, one.end.column)
        for name, one in ranges.items()
    }


@pytest.mark.parametrize("name", FILES)
def test_places_are_those_of_libcst_in_the_standard_library(name):
    ours, theirs = places(read_source((STANDARD_LIBRARY / name).read_bytes()))
    assert ours == theirs


@pytest.mark.parametrize("name", TEXTS)
def test_places_are_those_of_libcst_in(name):
    ours, theirs = places(read_source(TEXTS[name]))
    assert ours == theirs


def test_the_order_of_asking_is_no_matter():
    source, other = read_source(CODE.encode()), read_source(CODE.encode())
    backwards = [other.positions.span(node) for node in reversed([*descend(other.module)][1:])]
    assert [source.positions.span(node) for node in [*descend(source.module)][1:]] == [
        *reversed(backwards)
    ]


def test_columns_count_code_points():
    source = read_source("x = '𝄞é' + y\n".encode())
    assert source.positions.span(names(source.module)["y"]) == Span(1, 11, 1, 12)


def test_a_node_of_another_module_has_no_place():
    with pytest.raises(KeyError):
        read_source(b"x = 1\n").positions.span(cst.Name("x"))


def names(module: cst.Module) -> dict[str, cst.Name]:
    """The nodes of all names, the last one of each."""
    found: dict[str, cst.Name] = {}

    class _Names(cst.CSTVisitor):
        def visit_Name(self, node: cst.Name) -> None:
            found[node.value] = node

    module.visit(_Names())
    return found


@pytest.mark.parametrize(
    ("data", "reason", "line"),
    [
        (b"x = '\xff'\ny = 1\n", "not utf-8: byte 0xff cannot be decoded", 1),
        (b"\xef\xbb\xbfx = '\xff'\n", "not utf-8: byte 0xff cannot be decoded", 1),
        (b"# one\n# \xe9\n", "not utf-8: byte 0xe9 cannot be decoded", 2),
        (b"# \xe9\n# coding: latin-1\n", "not utf-8: byte 0xe9 cannot be decoded", 1),
        (b"x = 1\ny = '\xff'\n", "not utf-8: byte 0xff cannot be decoded", 2),
        (b"# coding: ascii\nx = 1\ny = '\xe4'\n", "not ascii: byte 0xe4 cannot be decoded", 3),
        (b"# coding: klingon\nx = 1\n", "unknown encoding: klingon", 1),
        (b"# coding: hex\nx = 1\n", "hex is not a text encoding", 1),
        (b"\xef\xbb\xbf# coding: latin-1\n", "encoding problem: utf-8", 1),
        (b"x = 1\n\ny = '\0'\n", "source contains a NUL byte", 3),
    ],
)
def test_says_why_bytes_are_no_text(data, reason, line):
    with pytest.raises(UnreadableFile) as caught:
        decoded(data)
    assert (caught.value.reason, caught.value.line) == (reason, line)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"x", "x"),
        (b"\xef\xbb\xbfx", "x"),
        (b"# coding: latin-1\n\xe4", "# coding: latin-1\nä"),
        (b"#!/bin/python\n# vim: set fileencoding=cp1252 :\n\x80", "#!/bin/python\n# vim: set fileencoding=cp1252 :\n€"),
        (b"a\r\nb\rc", "a\r\nb\rc"),
    ],
)  # fmt: skip
def test_reads_what_python_reads(data, text):
    assert decoded(data) == text


def test_lines_end_where_python_ends_them():
    assert lines("a\fb\r\nc\rd\x1c\x85\u2028e\n") == ["a\fb", "c", "d\x1c\x85\u2028e", ""]


def test_line_starts_are_indices_into_the_text():
    assert line_starts("a\r\nb\rc\n") == [0, 3, 5, 7]


@pytest.mark.parametrize(
    ("text", "depth"),
    [
        ("a", 0),
        ("f(1)", 1),
        ("f([{1: (2)}])", 4),
        ("() () ()", 1),
        ("'((((' + f(1)", 1),
        ("# ((((\nf(1)", 1),
        ('"""((\n((""" + f(1)', 1),
        (r"'\'((((' + f(1)", 1),
        ("f('')(''')(''', (1))", 2),
        (")))", 0),
        ("(((", 3),
    ],
)
def test_counts_brackets_outside_strings_and_comments(text, depth):
    # A limit of zero makes it scan even the shortest text, one more would stop it early.
    assert deepest(text + "\n#" + "(" * 50, 49)[0] == depth


def test_names_the_line_where_the_deepest_nesting_begins():
    assert deepest("f(1)\n\nx = [\n (2,\n  (3))]\n", 2) == (3, 3)


def test_parses_what_nests_as_deep_as_allowed():
    data = b"(" * MAX_NESTING + b"1" + b")" * MAX_NESTING + b"\n"
    assert read_source(data).module.bytes == data


def test_refuses_what_nests_deeper_and_says_where():
    data = b"x = 1\n" + b"(" * (MAX_NESTING + 1) + b"1" + b")" * (MAX_NESTING + 1)
    with pytest.raises(UnreadableFile, match="more than 200 nested brackets") as caught:
        read_source(data)
    assert caught.value.line == 2


@pytest.mark.parametrize(
    "text",
    [
        "x = 1\nif x\n    y = 2\n",
        "def f():\n    return 1\n\nprint 'old'\n",
        "x = (1,\n     2\ny = 3\n",
        "exec 'x' in y\n",
        "x = 1\n{{ template }} = 2\nclass {{ name }}: pass\n",
        "def f():\n  a\n    b\n",
        "x = 'open\ny = 2\n",
        'x = """never\nclosed\n',
    ],
)
def test_a_syntax_error_stands_where_python_sees_it(text):
    with pytest.raises(SyntaxError) as expected:
        ast.parse(text)
    with pytest.raises(UnreadableFile) as caught:
        read_source(text.encode())
    assert caught.value.line == expected.value.lineno


def test_a_syntax_error_is_named():
    with pytest.raises(UnreadableFile, match="syntax error: expected ':'"):
        read_source(b"if x\n    y\n")


def test_keeps_bytes_text_and_lines():
    source = read_source(b"\xef\xbb\xbfa = 1\r\nb = 2\r\n")
    assert (source.data, source.text, source.lines) == (
        b"\xef\xbb\xbfa = 1\r\nb = 2\r\n",
        "a = 1\r\nb = 2\r\n",
        ["a = 1", "b = 2", ""],
    )
