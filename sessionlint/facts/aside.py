"""Which files stand beside the program: tests, migrations, scripts and examples."""

import os
import re
from pathlib import Path
from typing import Final

__all__ = ["is_aside"]

# Compiled by `re` when first asked for, which for most files is never.
_ASIDE: Final = (
    r"(?:^|/)(?:tests?|testing|migrations?|alembic|conftest\.py|versions|scripts?|docs?|examples?|"
    r"env\.py|test_[^/]*|[^/]*_test\.py|benchmarks?)(?:/|$)"
)


def is_aside(path: Path, root: Path) -> bool:
    """Whether a file stands beside the program, by the names on its path below the project."""
    name, top = str(path), str(root).rstrip(os.sep) + os.sep
    below = name.removeprefix(top) if name.startswith(top) else path.name
    return re.search(_ASIDE, below.replace(os.sep, "/")) is not None
