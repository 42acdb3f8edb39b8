"""Short names for long things: contents, settings, and the program that looks at them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import cast

from sessionlint import __version__

__all__ = ["digest", "identity", "plain"]

_OWN = "sessionlint"


def digest(*parts: bytes | str) -> str:
    """32 hexadecimal digits that tell these parts from all others."""
    # The length before each part keeps ("ab", "c") apart from ("a", "bc").
    found = blake2b(digest_size=16)
    for part in parts:
        data = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
        found.update(b"%d " % len(data))
        found.update(data)
    return found.hexdigest()


def plain(value: object) -> str:
    """Settings as text, the same in every process: a set's order is not."""
    if isinstance(value, (frozenset, tuple)):
        # What `isinstance` cannot tell: of what these are.
        items = [plain(item) for item in cast("Iterable[object]", value)]
        return f"({', '.join(items if isinstance(value, tuple) else sorted(items))})"
    return str(value) if isinstance(value, Path) else repr(value)


def identity(*packages: str) -> str:
    """What decides over findings besides the code they are about: this program and its parser.

    `packages` are those with rules, beside sessionlint itself.
    """
    python = sys.implementation.cache_tag or sys.version
    return digest(__version__, python, _parser(), *(_package(name) for name in (_OWN, *packages)))


def _folder(package: str) -> str:
    # Finding a package does not load it.
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return os.path.dirname(spec.origin)


def _parser() -> str:
    try:
        with open(os.path.join(_folder("libcst"), "_version.py"), encoding="utf-8") as file:
            return file.read()
    except OSError:
        return _stats(_folder("libcst"))


def _package(name: str) -> str:
    """A package as it is installed, by what pip noted of its files, else by its files themselves.

    The version alone would not do: two commits may have the same.
    """
    folder = _folder(name)
    record = os.path.join(os.path.dirname(folder), f"{_OWN}-{__version__}.dist-info", "RECORD")
    try:
        with open(record, encoding="utf-8") as file:
            return "".join(line for line in file if line.startswith(f"{name}/"))
    except OSError:
        return _stats(folder)


def _stats(folder: str) -> str:
    """When each module of a package was changed."""
    found: list[str] = []
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda one: one.name):
            if entry.is_dir() and entry.name != "__pycache__":
                found.append(_stats(entry.path))
            elif entry.name.endswith(".py"):
                status = entry.stat()
                found.append(f"{entry.path} {status.st_size} {status.st_mtime_ns}")
    return "\n".join(found)
