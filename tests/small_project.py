"""What all rules find in texts and small folders, each a project of its own."""

import re
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import dedent

from sessionlint.check import Project, check_source
from sessionlint.facts.names import Names
from sessionlint.fix import without_edits
from sessionlint.model import Finding
from sessionlint_rules import RULES

WANT = re.compile(r"# want: (SES\d+)")

START = """\
from functools import partial
from typing import Any, cast

from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

engine = create_engine("sqlite://")
"""

USE = """\
from store import opener


def count(query):
    it = opener()
    return it.execute(query)
"""


def bytes_of(path: Path) -> bytes | None:
    """What stands in a file, None when there is no such file."""
    return path.read_bytes() if path.is_file() else None


def findings(text: str, engine: str = "fast", names: Names | None = None) -> list[Finding]:
    """What is found in a single text that no other file stands beside."""
    return _found("example.py", dedent(text).encode(), engine, names)


def found_alone(path: Path, engine: str = "fast") -> list[Finding]:
    """What is found in a file as if no other stood beside it."""
    return _found(path.name, path.read_bytes(), engine)


def _found(name: str, data: bytes, engine: str, names: Names | None = None) -> list[Finding]:
    with TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(data)
        project = Project.open(path.parent, bytes_of, names or Names(), engine=engine)
        return [*map(without_edits, check_source(data, path, RULES, project))]


def codes(text: str, names: Names | None = None, engine: str = "full") -> list[str]:
    """The codes found in a single text."""
    return [one.code for one in findings(text, engine, names)]


def written(folder: Path, files: Mapping[str, str]) -> Path:
    """A folder with these files in it, by their paths."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
    return folder


def found_in(
    folder: Path, engine: str = "fast", names: Names | None = None
) -> dict[str, list[tuple[int, str]]]:
    """Line and code of every finding in the files of a project that have any."""
    project = Project.open(folder, bytes_of, names or Names(), engine=engine)
    found = {
        path.relative_to(folder).as_posix(): [
            (one.span.line, one.code)
            for one in check_source(path.read_bytes(), path, RULES, project)
        ]
        for path in sorted(folder.rglob("*.py"))
    }
    return {name: places for name, places in found.items() if places}


def wanted_in(folder: Path) -> dict[str, list[tuple[int, str]]]:
    """Line and code of everything that the files of a project ask for."""
    wanted = {
        path.relative_to(folder).as_posix(): wants(path.read_text(encoding="utf-8"))
        for path in sorted(folder.rglob("*.py"))
    }
    return {name: places for name, places in wanted.items() if places}


def wants(text: str) -> list[tuple[int, str]]:
    """Line and code of everything that a text asks for."""
    return [
        (number, code)
        for number, line in enumerate(text.splitlines(), 1)
        for code in WANT.findall(line)
    ]
