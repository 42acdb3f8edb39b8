"""Comments and statements are where Python's own tokenizer sees them."""

import ast
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from sessionlint.source.layout import layout
from sessionlint.source.text import decoded, lines

STANDARD_LIBRARY = Path(ast.__file__).parent
FILES = ["argparse.py", "asyncio/tasks.py", "datetime.py", "inspect.py", "locale.py", "turtle.py"]
LAYOUT = (tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING, tokenize.ENDMARKER)


def tokens(path: Path) -> list[tokenize.TokenInfo]:
    with path.open("rb") as file:
        return [one for one in tokenize.tokenize(file.readline) if one.type not in LAYOUT]


def statements(path: Path) -> Iterator[tuple[int, range]]:
    """Every line of a statement of several lines, with the lines of that statement."""
    start = 0
    for one in tokens(path):
        if not start and one.type not in (tokenize.NL, tokenize.COMMENT):
            start = one.start[0]
        if one.type == tokenize.NEWLINE:
            whole = range(start, one.start[0] + 1)
            yield from ((line, whole) for line in whole if len(whole) > 1)
            start = 0


@pytest.mark.parametrize("name", FILES)
def test_comments_are_those_of_the_tokenizer(name):
    path = STANDARD_LIBRARY / name
    found = layout(lines(decoded(path.read_bytes()))).comments
    assert [(one.line, one.column, one.text) for one in found.values()] == [
        (*one.start, one.string) for one in tokens(path) if one.type == tokenize.COMMENT
    ]


@pytest.mark.parametrize("name", FILES)
def test_statements_are_those_of_the_tokenizer(name):
    path = STANDARD_LIBRARY / name
    found = layout(lines(decoded(path.read_bytes()))).statements
    assert dict(found) == dict(statements(path))


@pytest.mark.parametrize(
    ("text", "line", "ending"),
    [
        ("x = 1", 1, 1),
        ("x = \\\n  1", 1, 2),
        ("x = '''\n\n'''", 1, 3),
        ("x = '''\n''' \\\n  ''", 1, 3),
        ("f(\n  1,\n)", 1, 1),
        ("x = 'a\\\nb'", 1, 2),
        ("# \\\nx = 1", 1, 1),
    ],
)
def test_a_comment_goes_where_a_line_really_ends(text, line, ending):
    assert layout(text.split("\n")).ending(line) == ending
