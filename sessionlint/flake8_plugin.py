"""The door for flake8: the findings of the command line, reported as those of a plugin.

`[tool.sessionlint]` of a file's project says what is found, as on the command line, and `exclude`
counts for every file; flake8's own `--select`, `--ignore` and `per-file-ignores` choose from that.
A rule that flake8 ignores everywhere is off, so that one which leaves a place to it speaks there.
A `# noqa` is left to flake8, so that `--disable-noqa` shows everything.

A file that Python cannot parse has flake8's own E999 or E902: flake8 then asks no plugin that
wants a syntax tree. SES999 is left for what flake8 reads and sessionlint does not, such as bytes
that do not fit their encoding, which flake8 takes for Latin-1.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    import ast
    from argparse import Namespace

    from flake8.style_guide import DecisionEngine

    from sessionlint.model import Finding
    from sessionlint.rule import Rule

__all__ = ["Plugin"]

_DEPTH = 10_000
"""Python's recursion limit while a file is checked, as on the command line."""


class Plugin:
    """What flake8 makes for each file it can parse; its own tree is of no use here.

    What is known of the projects is kept for the next file of the process.
    """

    _checker: ClassVar[_Checker | None] = None
    _unsaved_name: ClassVar[str | None] = None
    _decisions: ClassVar[DecisionEngine | None] = None

    def __init__(self, tree: ast.AST, filename: str) -> None:
        self._path = Path(os.path.abspath(filename))

    @classmethod
    def parse_options(cls, options: Namespace) -> None:
        """Begin a run of flake8, about whose files nothing is known yet.

        Raises:
            ExecutionError: the configuration above one of the given paths is wrong. An error in one
                of flake8's workers may keep it waiting for ever, so this is asked before them.
        """
        from flake8.style_guide import DecisionEngine

        cls._checker = None
        cls._decisions = DecisionEngine(options)
        _make_sure(options.filenames)
        # The name that flake8 itself gives to standard input.
        name = options.stdin_display_name or "stdin"
        cls._unsaved_name = name if "-" in options.filenames else None

    def run(self) -> Iterator[tuple[int, int, str, type[Plugin]]]:
        """Line from 1, column from 0, code and message of each finding.

        Raises:
            ExecutionError: the configuration is wrong; it is what flake8 says in one line.
        """
        for finding in self._findings():
            message = f"{finding.code} {finding.message}"
            yield finding.span.line, finding.span.column, message, Plugin

    def _findings(self) -> list[Finding]:
        if Plugin._checker is None:
            Plugin._checker = _Checker(self._unsaved_name, self._decisions)
        with _told_to_flake8():
            return Plugin._checker.findings(self._path)


def _make_sure(names: Sequence[str]) -> None:
    """Read the configuration above each path, or above the current folder without any."""
    from sessionlint.config import Configuration
    from sessionlint.project import rule_names

    configuration = Configuration(lambda: rule_names(_loaded()))
    paths = {Path(os.path.abspath(name)) for name in names if name != "-"} or {Path.cwd()}
    with _told_to_flake8():
        for path in sorted(paths):
            configuration.of(str(path if path.is_dir() else path.parent))


@contextmanager
def _told_to_flake8() -> Generator[None, None, None]:
    """An error of ours is one of flake8's, which it says in one line."""
    from sessionlint.errors import SessionlintError

    try:
        yield
    except SessionlintError as error:
        from flake8.exceptions import ExecutionError

        raise ExecutionError(f"sessionlint: {error}") from error


class _Checker:
    """The files of one process; `unsaved` is the name of the one that stands in standard input.

    `decisions` say which rules flake8 wants, all of them where nobody has decided.
    """

    def __init__(self, unsaved: str | None, decisions: DecisionEngine | None) -> None:
        from sessionlint.config import Configuration
        from sessionlint.discover import Exclusions
        from sessionlint.project import Options, Run, rule_names

        texts = {} if unsaved is None else {Path(os.path.abspath(unsaved)): _stdin_bytes()}
        configuration = Configuration(lambda: rule_names(_loaded()))
        self._exclusions = Exclusions(configuration)
        options = Options(unsaved=texts, honours_noqa=False)
        self._run = Run(cache(partial(_wanted, decisions)), configuration, options)

    def findings(self, path: Path) -> list[Finding]:
        if self._exclusions.takes(str(path)):
            return []
        with _at_ease():
            return self._run.findings(path)


def _loaded() -> Sequence[Rule]:
    from sessionlint_rules import RULES

    return RULES


def _wanted(decisions: DecisionEngine | None) -> Sequence[Rule]:
    """The rules that flake8 does not ignore wherever they find something."""
    if decisions is None:
        return _loaded()
    from flake8.style_guide import Decision

    return [one for one in _loaded() if decisions.decision_for(one.code) is Decision.Selected]


def _stdin_bytes() -> bytes:
    """Standard input, of which flake8 keeps only the text, in the encoding that it names."""
    from flake8.utils import stdin_get_value

    from sessionlint.source.text import written

    text: str = stdin_get_value()
    return written(text, errors="surrogatepass")


@contextmanager
def _at_ease() -> Generator[None, None, None]:
    """Time for a deep syntax tree: as on the command line, no limit hit and no garbage sought."""
    limit, is_collecting = sys.getrecursionlimit(), gc.isenabled()
    sys.setrecursionlimit(max(limit, _DEPTH))
    gc.disable()
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)
        if is_collecting:
            gc.enable()
