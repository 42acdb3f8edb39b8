"""Logical lines by bytes, against those of the tokenizer."""

import io
import json
import sys
import tokenize
from pathlib import Path

import pytest

import sessionlint
from sessionlint.source.logical import Logical

HERE = Path(sessionlint.__file__).parent
LIBRARY = Path(json.__file__).parent.parent
FILES = [
    *HERE.rglob("*.py"),
    *(LIBRARY / name for name in ("argparse.py", "ast.py", "pdb.py", "turtle.py", "typing.py")),
]
if sys.version_info >= (3, 12):
    # Before, a field could not hold the quote of its string. Some installations come without it.
    FILES += (LIBRARY / "test").glob("test_fstring.py")


def first_lines(data: bytes) -> list[int]:
    """Where each line begins that a logical line begins on, by the tokenizer."""
    starts = [0, *(at + 1 for at, byte in enumerate(data) if byte == ord("\n"))]
    silent = {tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING}
    found = []
    is_new = True
    for token in tokenize.tokenize(io.BytesIO(data).readline):
        if token.type == tokenize.NEWLINE:
            is_new = True
        elif is_new and token.type not in silent | {tokenize.ENDMARKER}:
            found.append(starts[token.start[0] - 1])
            is_new = False
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_lines_begin_where_the_tokenizer_says(path):
    data = path.read_bytes().replace(b"\r\n", b"\n")
    text = Logical(data)
    assert len(text.data) == len(data)
    assert text.lines[0] == first_lines(data)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"a = 'b#' # c", b"a = '  '    "),
        (b"a = (\n b)\n", b"a = (  b)\n"),
        (b"a = \\\n b\n", b"a =    b\n"),
        (b"'''\nSELECT (\n'''\n", b"'              '\n"),
        (b"a\r\nb\rc", b"a\nb\nc"),
        (b"a = \\\r\n b\r\n", b"a =    b\n"),
        (b"f'a {b(\"c\")} d'", b"f'  {b(\" \")}  '"),
        (b"f'{{a}} {b()}'", b"f'      {b()}'"),
        (b"f'{a():#x} #'", b"f'{a():#x}  '"),
        (b'f"{a.b("#")}" #', b'f"{a.b(" ")}"  '),
        (b'f"{a.b("(")[0]}" + c', b'f"{a.b(" ")[0]}" + c'),
        (b"f'{a({})} x'", b"f'{a({})}  '"),
        (b"f'{(a := b())!r:>{c}} x'", b"f'{(a := b())!r  {c}}  '"),
        (b"f'{a:{b(\"c\")}}'", b"f'{a {b(\" \")}}'"),
        (b"f\"{a(f'{b} c')} d\"", b"f\"{a(f'{b}  ')}  \""),
        (b"t't {a({})} b'", b"t'  {a({})}  '"),
        (b"f'''{a['b']}\n{({})} {{}}'''", b"f'  {a[' ']} {({})}       '"),
        (b"f'''{a({}) # b\n}''' c", b"f'  {a({})     }  ' c"),
        (b"f'{a({}\n", b"f'{a({}\n"),
        (b"f'{{ {a({})} \\'' c", b"f'   {a({})}   ' c"),
        (b"\x0cdef f(): ...", b"def f(): ..."),
        (b"(a\nb", b"(a\nb"),
        (b"a)\nb", b"a)\nb"),
    ],
)
def test_what_is_left_of_a_text(text, expected):
    assert Logical(text).data == expected


def test_the_brackets_around_a_place():
    text = Logical(b"f(a, [b, (c)], d)")
    assert list(text.opened(9)) == [5, 1]
    assert list(text.opened(10)) == [9, 5, 1]
    assert list(text.opened(15)) == [1]
    assert list(text.opened(10, start=2)) == [9, 5]
    assert list(text.opened(0)) == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"a = b()", b"    a = "),
        (b"a = 1; c = b()", b" c = "),
        (b"if a: c = b()", b" c = "),
        (b"if a[1:2]: c = b()", b" c = "),
        (b"if (c := b()): ...", b"    if (c := "),
        (b"if c := b(): ...", b"    if c := "),
        (b"def f(a: int = b()): ...", b"    def f(a: int = "),
        (b"case 1: c = b()", b" c = "),
        (b"case = b()", b"    case = "),
    ],
)
def test_where_a_statement_begins(line, expected):
    data = b"x = 1\n    " + line
    at = data.index(b"b()")
    assert data[Logical(data).statement(6, at) : at] == expected


def test_where_an_item_begins():
    data = b"f(a, b: C[d, e] = g())"
    assert data[Logical(data).item(18) :] == b" b: C[d, e] = g())"
