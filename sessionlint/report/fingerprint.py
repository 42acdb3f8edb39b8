"""What a finding is known by when the lines around it move."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import PurePath
from typing import TYPE_CHECKING

from sessionlint.report.paths import text_name

if TYPE_CHECKING:
    from sessionlint.model import Finding
    from sessionlint.report.text import Lines

__all__ = ["fingerprints", "home"]

_HEADER = re.compile(r"\s*(?:async\s+def|def|class)\s+(\w+)")
_STRING_OR_COMMENT = re.compile(
    r"""('{3}|"{3})(?:\\.|.)*?\1|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|#[^\n]*""", re.DOTALL
)


def fingerprints(found: Iterable[tuple[str, Finding]], lines: Lines) -> list[str]:
    """One fingerprint for each finding, all of them different.

    It is made of the file's path as it is shown, the code, the function and the source line
    without its white space. Findings that share all of this are numbered.
    """
    codes: dict[str, list[str]] = {}
    seen: Counter[tuple[str, ...]] = Counter()
    prints: list[str] = []
    for path, finding in found:
        text = text_name(path, finding.span)
        if text not in codes:
            codes[text] = _code(lines(text))
        number = finding.span.line
        source = "".join(lines(text)[number - 1 : number])
        where = PurePath(path).as_posix()
        parts = where, finding.code, home(codes[text], number), "".join(source.split())
        told = "\0".join((*parts, str(seen[parts])))
        seen[parts] += 1
        prints.append(sha256(told.encode(errors="surrogatepass")).hexdigest()[:32])
    return prints


def home(lines: Sequence[str], number: int) -> str:
    """The dotted name of the function or class that holds a line, empty at module level.

    It goes by indentation, so that a file need not parse and every version of Python says the
    same.
    """
    names: list[str] = []
    depth = _indent("".join(lines[number - 1 : number]))
    for line in reversed(lines[: number - 1]):
        if not line.strip() or line.lstrip()[0] in "#)]}" or _indent(line) >= depth:
            continue
        depth = _indent(line)
        header = _HEADER.match(line)
        names += [header[1]] if header else []
    return ".".join(reversed(names))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _code(lines: Sequence[str]) -> list[str]:
    """The lines, empty where they begin inside a string: its text has an indentation of its own."""
    text = "\n".join(lines)
    return _STRING_OR_COMMENT.sub(lambda match: "\n" * match[0].count("\n"), text).split("\n")
