"""The functions of the examples, and every way to call one."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import itertools
import re
import typing
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

__all__ = ["FOLDERS", "Example", "arguments", "examples", "loaded"]

FOLDERS = sorted(Path(__file__).parents[2].glob("rules/sessionlint_rules/ses*_*/"))
"""The folders of the rules."""

_HARMLESS = (
    *("closed by hand", "every turn closes it", "nothing back", "is no rule"),
    "is thrown away before",
)
"""Words of a message that says the code only looks bad."""

_WANT = re.compile(r"# want: (?P<code>SES\d+) \"(?P<part>[^\"]+)\"")


@dataclass(frozen=True)
class Example:
    """One public function of a rule's `bad.py`, `good.py` or `fixed.py`.

    `is_harmless`: all that is reported in it says itself that nothing leaks.
    """

    path: Path
    name: str
    is_harmless: bool
    needs_postgres: bool

    @property
    def code(self) -> str:
        """The rule's code."""
        return self.path.parent.name.partition("_")[0].upper()

    def __str__(self) -> str:
        return f"{self.code}-{self.path.stem}-{self.name}"


def examples(stem: str) -> list[Example]:
    """Every public function of the files of that name; one unreadable or absent has none."""
    found = []
    for folder in FOLDERS:
        path = folder / f"{stem}.py"
        is_unreadable = path.parent.name.startswith("ses999") and stem == "bad"
        # What goes wrong between tasks does so without a fault: test_fanned.py and
        # test_escaping.py run those.
        is_of_tasks = path.parent.name.startswith(("ses202", "ses205"))
        if is_unreadable or is_of_tasks or not path.exists():
            continue
        source = path.read_text(encoding="utf-8-sig")
        found += _functions(path, source)
    return found


def _functions(path: Path, source: str) -> Iterator[Example]:
    lines = source.splitlines()
    for node in ast.parse(source).body:
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        if node.name.startswith("_"):
            continue
        wants = [
            m["part"] for m in map(_WANT.search, lines[node.lineno - 1 : node.end_lineno]) if m
        ]
        is_harmless = bool(wants) and all(_is_harmless(want) for want in wants)
        needs_postgres = "asyncpg" in source or "psycopg" in source
        yield Example(path, node.name, is_harmless, needs_postgres)


def _is_harmless(message: str) -> bool:
    return any(words in message for words in _HARMLESS)


def loaded(path: Path) -> ModuleType:
    """The module, run anew."""
    spec = importlib.util.spec_from_file_location(f"{path.parent.name}_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _ignore(*_: object) -> None:
    """A callback that does nothing."""


def _refuse(*_: object) -> None:
    """A callback that fails."""
    raise RuntimeError("refused")


async def _rest() -> None:
    """Work that does nothing."""


async def _strike() -> None:
    """Work that fails."""
    raise RuntimeError("refused")


_VALUES: dict[Any, tuple[Any, ...]] = {
    int: (1, 999),
    bool: (True, False),
    str: ("Ann", ""),
    list[int]: ([1, 999], []),
    dict[str, int]: ({"Ann": 1}, {}),
    Callable[[str], None]: (_ignore, _refuse),
    Callable[[str], object]: (_ignore, _refuse),
    Callable[[], Awaitable[None]]: (_rest, _strike),
}
"""What a parameter of that type is given, one after the other."""


def arguments(function: Callable[..., Any]) -> Iterator[dict[str, Any]]:
    """Every combination of values for the parameters that have no default.

    A parameter whose type has no values is left to the caller and comes as its type.
    """
    types = typing.get_type_hints(function)
    names = [
        name
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.default is parameter.empty
    ]
    choices = [_VALUES.get(types[name], (types[name],)) for name in names]
    for values in itertools.product(*choices):
        yield dict(zip(names, values, strict=True))
