"""A program's text with all that the tree of its statements does not show."""

from __future__ import annotations

import re
import tokenize
from collections.abc import Iterator
from io import StringIO
from itertools import count
from random import Random
from typing import Final

__all__ = ["comments", "decorated", "strings"]

_USE: Final = re.compile(r'\.execute\("select 1"\)$')
_SPELLINGS: Final = (
    '.execute("""select 1\n    # no comment\n  where 1 = 1""")',
    '.execute(\n{indent}        "select 1",  # {comment}\n{indent}    )',
    '.execute(\n{indent}    "select 1",\n{indent}    # {comment}\n{indent})',
    '.execute("select "\\\n  "1")',
)
_ASIDES: Final = (
    'note = """first\n   second # no comment\n\ttabbed\n"""',
    "note = 1 + \\\n        2",
    "note = (\n1,  # {comment}\n{indent}    2,\n{indent})",
    "pass; pass",
    '"""as text\n"""',
)
_INDENTS: Final = ("    ", "    ", "  ", "\t", "   ", "        ")


def decorated(text: str, seed: int) -> str:
    """The program with comments, empty lines and other spellings; seed 0 gives it as it is."""
    if seed == 0:
        return text
    random, number = Random(seed), count(1)
    indent = random.choice(_INDENTS)
    density = random.choice((0.1, 0.3, 0.6))
    head, mark, subject = text.partition(re.search(r"(async )?def subject", text)[0])  # type: ignore[index]
    lines: list[str] = []
    for line in (mark + subject).splitlines():
        lines += _lines(line, indent, random, density, number)
    if random.random() < density:
        lines.append(f"{indent}# c{next(number)}, the last")
    ending = random.choice(("\n", "\n", "\n", ""))
    return head + "\n".join(lines) + ending


def _lines(
    line: str, unit: str, random: Random, density: float, number: count[int]
) -> Iterator[str]:
    bare = line.lstrip()
    indent = unit * ((len(line) - len(bare)) // 4)
    leads = bare.startswith(("else", "elif", "except", "finally", "case", "def", "async def", "@"))
    if random.random() < density / 3 and indent:
        yield ""
    if random.random() < density and indent:
        shifted = random.choice((indent, indent, indent + unit, indent[: -len(unit)]))
        yield f"{shifted}# c{next(number)}"
        if random.random() < density / 3:
            yield ""
    if not leads and indent and random.random() < density / 4:
        aside = random.choice(_ASIDES)
        yield indent + aside.format(indent=indent, comment=f"c{next(number)}")
    if _USE.search(bare) and random.random() < density:
        spelling = random.choice(_SPELLINGS)
        bare = _USE.sub("", bare) + spelling.format(indent=indent, comment=f"c{next(number)}")
    if random.random() < density:
        bare = f"{bare}  # c{next(number)}"
    yield indent + bare


def comments(text: str) -> list[str]:
    """Every comment, in alphabetical order."""
    return sorted(it.string for it in _tokens(text) if it.type == tokenize.COMMENT)


def strings(text: str) -> list[str]:
    """Every string that spans lines, in alphabetical order."""
    return sorted(
        it.string for it in _tokens(text) if it.type == tokenize.STRING and "\n" in it.string
    )


def _tokens(text: str) -> Iterator[tokenize.TokenInfo]:
    return tokenize.generate_tokens(StringIO(text).readline)
