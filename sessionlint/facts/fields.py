"""What an attribute is when its owner's class is unknown: by all places that assign it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import libcst as cst

from sessionlint.facts.aside import is_test
from sessionlint.facts.scopes import Binding, How
from sessionlint.facts.values import (
    NONE,
    UNKNOWN,
    FunctionValue,
    Instance,
    Items,
    Maker,
    Other,
    Thing,
    Value,
    borrowed,
    joined,
)

if TYPE_CHECKING:
    from sessionlint.facts.evaluate import Evaluator
    from sessionlint.facts.module import Module

__all__ = ["Fields"]

_JOINABLE: Final = (Thing, Items, Other, Instance)
"""Values that may be known together although they differ."""

_TELLING: Final = r"(?i)session|engine|conn|maker|factory|pool|^db$|_db$|^db_"
"""Attributes worth a search through the project."""

_INDENTS: Final = tuple(rb"\n" + indent for indent in (rb"\t", b" " * 2, b" " * 4, b" " * 8))
"""How the bodies of nearly all classes are indented."""


class Fields:
    """Attributes of the whole project by name."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator

    def value(self, name: str) -> Value:
        """What every object's attribute of that name is, UNKNOWN unless all agree."""
        if not re.search(_TELLING, name):
            return UNKNOWN
        return self._evaluator.named(None, name, lambda: self._search(name))

    def of_module(self, module: Module, name: str, found: Value) -> Value:
        """What a module's name is where others give it a maker: `data.Session = sessionmaker(…)`.

        `found` is what the module itself says, which counts unless that is None, or nothing.
        """
        top = module.top
        is_unsaid = found == UNKNOWN and not top.bindings(name) and not _may_give_more(module)
        given = self.value(name) if found == NONE or is_unsaid else UNKNOWN
        return given if isinstance(given, Maker) else found

    def _search(self, name: str) -> Value:
        tree = self._evaluator.tree
        tests: list[Path] = []
        values: list[Value] = []
        for path, _ in tree.searched(name.encode(), _assigned(name.encode())):
            if is_test(path, tree.files.root):
                tests.append(path)
                continue
            values += self._in_file(path, name)
            if _is_settled(values):
                return UNKNOWN
        # What tests put in its place says nothing of the program.
        found = joined(values or [value for path in tests for value in self._in_file(path, name)])
        return found if isinstance(found, FunctionValue) else borrowed(found)

    def _in_file(self, path: Path, name: str) -> list[Value]:
        """What one file says of it."""
        module = self._evaluator.tree.module(path)
        bindings = [] if module is None else module.assigning(name)
        told = (self._one(binding) for binding in bindings if not _is_passed_on(binding))
        return [value for value in told if value != NONE]

    def _one(self, binding: Binding) -> Value:
        return self._evaluator.bound([binding])


def _may_give_more(module: Module) -> bool:
    """Whether a module may have names that it binds nowhere: by a star, or as it is asked."""
    is_asked = bool(module.top.bindings("__getattr__"))
    return is_asked or bool(module.top.stars) or "globals()" in module.reader.text


def _assigned(name: bytes) -> re.Pattern[bytes]:
    """Where an attribute is given a value, in a class or from outside, or a method is defined.

    A pattern that begins with the name itself is searched for many times faster.
    """
    word = re.escape(name)
    places = b"|".join(rb"(?<=" + before + word + rb")" for before in (rb"\.", *_INDENTS))
    value = rb"(?:" + places + rb")\s*(?::[^=\n]+)?=(?!=)"
    return re.compile(word + rb"(?:" + value + rb"|(?<=\bdef " + word + rb")\s*\()")


def _is_settled(values: list[Value]) -> bool:
    """Whether values will stay unknown together, whatever further ones turn up."""
    if UNKNOWN in values:
        return True
    is_mixed = any(value != values[0] for value in values)
    return is_mixed and not all(isinstance(value, _JOINABLE) for value in values)


def _is_passed_on(binding: Binding) -> bool:
    """`self.maker = maker` with a bare parameter: it says nothing of its own."""
    if binding.how is not How.VALUE or not isinstance(binding.expression, cst.Name):
        return False
    origins = binding.block.bindings(binding.expression.value)
    return any(origin.how is How.PARAMETER and origin.annotation is None for origin in origins)
