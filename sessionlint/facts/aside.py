"""Which files stand beside the program: commands, tests, migrations, scripts and examples."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sessionlint.facts.module import Module

__all__ = ["is_aside", "is_command", "is_migration_environment", "is_test"]

# Compiled by `re` when first asked for, which for most files is never.
_TESTING: Final = r"tests?|testing|conftest\.py|test_[^/]*|[^/]*_test\.py"
_BESIDE: Final = r"migrations?|alembic|versions|scripts?|docs?|examples?|env\.py|benchmarks?"
_COMMAND: Final = r"(?:^|/)(?:cli/|management/commands/|cli\.py$|__main__\.py$)"
_TEST: Final = rf"(?:^|/)(?:{_TESTING})(?:/|$)"
_ASIDE: Final = rf"(?:^|/)(?:{_TESTING}|{_BESIDE})(?:/|$)"


def is_aside(path: Path, root: Path) -> bool:
    """Whether a file stands beside the program, by the names on its path below the project."""
    return _is_named(path, root, _ASIDE)


def is_test(path: Path | str, root: Path) -> bool:
    """Whether a file is, or helps, a test."""
    return _is_named(path, root, _TEST)


def is_command(path: Path, root: Path) -> bool:
    """Whether the functions of a file are commands, each of which is a run of the program.

    Source: Django, "How to create custom django-admin commands".
    """
    return _is_named(path, root, _COMMAND)


def _is_named(path: Path | str, root: Path, pattern: str) -> bool:
    name, top = str(path), str(root).rstrip(os.sep) + os.sep
    below = name.removeprefix(top) if name.startswith(top) else os.path.basename(name)
    return re.search(pattern, below.replace(os.sep, "/")) is not None


def is_migration_environment(module: Module) -> bool:
    """Whether it is Alembic's `env.py`, which is run once by a command that ends with it."""
    return module.path.name == "env.py" and bool(module.reader.importing("alembic"))
