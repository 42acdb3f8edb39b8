"""Files whose findings are taken back by comments, one after the other."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sessionlint.check import check_source
from sessionlint.errors import ChangedFile, UnreadableFile, UnwritableFile
from sessionlint.project import Options, Rules, Run
from sessionlint.source.python import BEYOND, python_tree
from sessionlint.source.text import is_notebook
from sessionlint.suppress.adding import with_noqa

if TYPE_CHECKING:
    from sessionlint.config import Configuration
    from sessionlint.model import Finding
    from sessionlint.repair import Write

__all__ = ["Annotation", "annotate_files"]

News = Callable[[Path, "Sequence[Finding]"], "Sequence[Finding]"]
"""Those findings of a file that somebody wants to hear of."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """How many lines of a file have got a comment; `failure` says why none has.

    `errors` are the findings that say why it was not checked.
    """

    path: Path
    count: int = 0
    failure: str = ""
    errors: tuple[Finding, ...] = ()


def annotate_files(
    files: Iterable[Path],
    rules: Rules,
    configuration: Configuration,
    options: Options,
    news: News,
    write: Write,
) -> Iterator[Annotation]:
    """Files, given as absolute paths, with a `# noqa` for all `news`, handed to `write`.

    What is said of comments is left out: a comment that takes nothing back is to go.

    A file stays as it is unless these findings and no others are gone afterwards, and Python
    reads the same code. So does a notebook, whose cells have lines that are not the file's.

    Raises:
        ConfigError: a pyproject.toml above one of the files is wrong.
    """
    run = Run(rules, configuration, options)
    for path in files:
        found = run.findings(path)
        errors = tuple(one for one in found if one.severity.value == "error")
        wanted = _about_code(run, path, news(path, found))
        if errors or not wanted or is_notebook(path):
            yield Annotation(path, errors=errors)
            continue
        try:
            yield Annotation(path, _annotated(run, path, wanted, len(found), write))
        except (ChangedFile, UnreadableFile, UnwritableFile) as error:
            yield Annotation(path, failure=str(error))


def _about_code(run: Run, path: Path, found: Sequence[Finding]) -> list[Finding]:
    """The findings that are not about comments."""
    reviewing = {rule.code for rule in run.rules_of(path) if rule.review} if found else set[str]()
    return [one for one in found if one.code not in reviewing]


def _annotated(run: Run, path: Path, wanted: Sequence[Finding], count: int, write: Write) -> int:
    """The number of lines that got a comment."""
    before = run.bytes_of(path)
    after, lines = with_noqa(before, wanted)
    _, project = run.place(path)
    project.replace(path, after)
    left = check_source(after, path, run.rules_of(path), project)
    project.replace(path, before)
    if len(left) != count - len(wanted) or not _is_same_code(before, after):
        raise UnwritableFile("no comment takes back what is found in it")
    write(path, before, after)
    run.replace(path, after)
    return lines


def _is_same_code(before: bytes, after: bytes) -> bool:
    """Whether Python reads the same; what it cannot read, newer syntax for one, may be so."""
    try:
        one = python_tree(before)
    except (SyntaxError, *BEYOND):
        return True
    try:
        return ast.dump(one) == ast.dump(python_tree(after))
    except (SyntaxError, *BEYOND):
        return False
