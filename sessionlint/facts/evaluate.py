"""What an expression is, by following names through scopes, classes and modules."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Hashable
from functools import cached_property
from pathlib import Path
from typing import Final, TypeVar

import libcst as cst

from sessionlint.facts import annotations as hints
from sessionlint.facts import calls, choices, classes
from sessionlint.facts.by_name import ByName
from sessionlint.facts.catalog import ATTRIBUTES, CALLS, LIBRARIES
from sessionlint.facts.definitions import found_values, implementations, is_seen_default
from sessionlint.facts.fields import Fields
from sessionlint.facts.module import Module
from sessionlint.facts.modules import Tree
from sessionlint.facts.names import Names
from sessionlint.facts.producers import Producers
from sessionlint.facts.promised import is_promised
from sessionlint.facts.questions import Questions
from sessionlint.facts.rebound import loaded, runs_later
from sessionlint.facts.scopes import Binding, Block, BlockKind, How
from sessionlint.facts.spellings import canonical
from sessionlint.facts.syntax import decorator_name
from sessionlint.facts.values import (
    NONE,
    OTHER,
    UNKNOWN,
    ClassValue,
    Foreign,
    FunctionValue,
    Hint,
    Instance,
    Items,
    Maker,
    Method,
    ModuleValue,
    Pending,
    Symbol,
    Thing,
    Value,
    borrowed,
    joined,
    taken,
)
from sessionlint.source.walk import descend

__all__ = ["Evaluator"]

_Answer = TypeVar("_Answer")

_APPLICATIONS: Final = frozenset({"flask.current_app", "quart.current_app"})
"""Objects of libraries that the project puts its own attributes on."""

_CONSTANTS: Final = (cst.BaseString, cst.BaseNumber, cst.Set, cst.Comparison)


class Evaluator:
    """Answers what expressions of a project are; every answer is worked out once."""

    def __init__(self, tree: Tree, names: Names, producers: Producers | None = None) -> None:
        self.tree = tree
        self.names = names
        self.by_name = ByName(producers, tree.reads)
        self._questions = Questions(tree.reads)
        self._subjects: dict[tuple[Path | None, str], tuple[Path | None, str]] = {}

    @property
    def is_full(self) -> bool:
        """Whether every file is looked at as a whole."""
        return self.by_name.producers is None

    @cached_property
    def fields(self) -> Fields:
        """Attributes by name alone, for objects whose class is unknown."""
        return Fields(self)

    def may_acquire(self, expression: cst.BaseExpression, block: Block) -> bool:
        """Whether an expression calls anything that may acquire, by the names it calls alone.

        Following a name into another module costs a parse, so this is asked first.
        """
        return self.is_full or any(
            self.by_name.is_calling(name, block.home, is_attribute=is_attribute)
            for call in descend(expression, cst.Lambda)
            if type(call) is cst.Call
            for name, is_attribute in calls.called_names(call)
        )

    def may_give(self, call: cst.Call, block: Block, library: frozenset[str]) -> bool:
        """Whether a call by its name may give what `library` gives, itself or for the project."""
        return self.is_full or any(
            self.by_name.is_giving(name, block.home, library, is_attribute=is_attribute)
            for name, is_attribute in calls.called_names(call)
        )

    def once(self, key: Hashable, work_out: Callable[[], _Answer]) -> _Answer:
        """What some work that asks for values gives, done once for each key."""
        return self._questions.once(key, work_out)

    def value(self, expression: cst.BaseExpression, block: Block) -> Value:
        """What an expression that stands in `block` is; UNKNOWN when in doubt."""
        return self._questions.answer(expression, lambda: self._evaluated(expression, block), block)

    def named(self, path: Path | None, name: str, work_out: Callable[[], Value]) -> Value:
        """What a name is in a module, or in the whole project without one, worked out once."""
        subject = self._subjects.setdefault((path, name), (path, name))
        return self._questions.answer(subject, work_out)

    def _evaluated(self, expression: cst.BaseExpression, block: Block) -> Value:
        # Asked by class first: most are names, and the patterns are slow to say no.
        if type(expression) is cst.Name:
            return NONE if expression.value == "None" else self.lookup(expression.value, block)
        match expression:
            case cst.Attribute():
                return self.attribute(expression, block)
            case cst.Call():
                return calls.result(self, expression, block)
            case cst.Await(expression=inner):
                found = self.value(inner, block)
                return found.result if isinstance(found, Pending) else found
            case cst.NamedExpr(value=inner):
                return self.value(inner, block)
            case cst.IfExp(body=first, orelse=second):
                return joined([self.value(first, block), self.value(second, block)])
            case cst.BooleanOperation(left=first, right=second):
                return joined([self.value(first, block), self.value(second, block)])
            case cst.Tuple(elements=elements):
                return Items(tuple(self.value(element.value, block) for element in elements))
            case cst.Subscript(value=inner):
                if hints.is_type(expression):
                    return Hint(expression, block)
                # sessionmaker[AsyncSession](…): the parameter changes only the type.
                found = self.value(inner, block)
                is_type = isinstance(found, (Symbol, ClassValue))
                return found if is_type else choices.one_of(self, inner, block)
            case cst.List() | cst.Dict() | cst.BaseComp():
                return choices.collected(self, expression, block)
        return OTHER if isinstance(expression, _CONSTANTS) else UNKNOWN

    def lookup(self, name: str, block: Block) -> Value:
        """What a name means in a block: the nearest scope that binds it, as Python does."""
        scope = block.binder(name)
        if scope is None:
            return self._star(name, block.home)
        bindings = scope.bindings(name)
        found = self.bound(loaded(bindings) if runs_later(block, scope) else bindings)
        is_own = scope is block and scope.kind is BlockKind.FUNCTION
        is_others = not is_own or name in scope.kept or is_promised(scope, name)
        return borrowed(found) if is_others else found

    def _star(self, name: str, home: Module) -> Value:
        for origin in home.top.stars:
            found = self.imported(origin, name, home)
            if found != UNKNOWN and not isinstance(found, Symbol):
                return found
            if isinstance(found, Symbol) and found.name in CALLS:
                return found
        return Symbol(f"builtins.{name}") if hasattr(builtins, name) else UNKNOWN

    def bound(self, bindings: list[Binding]) -> Value:
        """What a name is that got its values in these ways."""
        given = implementations(bindings)
        # `session: Session` alone says what it is, but not whose.
        told = [one for one in given if one.how is not How.ANNOTATION]
        if 0 < len(told) < len(given):
            found = joined([self._of_binding(one) for one in told])
            if isinstance(found, Thing):
                return found
        return joined(found_values(given, [self._of_binding(one) for one in given]))

    def _of_binding(self, binding: Binding) -> Value:
        match binding.how:
            case How.IMPORT:
                return self.imported(binding.origin, "", binding.block.home)
            case How.IMPORT_FROM:
                return self.imported(binding.origin, binding.item, binding.block.home)
            case How.DEFINITION:
                assert binding.target is not None
                if binding.target.kind is BlockKind.CLASS:
                    return ClassValue(binding.target)
                owner = binding.block if binding.block.kind is BlockKind.CLASS else None
                return FunctionValue(binding.target, owner)
            case How.PARAMETER | How.ANNOTATION:
                return self._parameter(binding)
            case How.OPAQUE:
                return UNKNOWN
        assert binding.expression is not None
        return self._given(binding, self.value(binding.expression, binding.block))

    def _given(self, binding: Binding, value: Value) -> Value:
        if binding.how is How.WITH and isinstance(value, Instance):
            return classes.entered(self, value.block)
        if binding.how is not How.VALUE:
            return taken(binding, value)
        if binding.annotation is None or not (value == UNKNOWN or isinstance(value, Foreign)):
            return value
        # `db: Database = Field(exclude=True)` is what it says, whatever a library makes of that.
        promised = hints.value(self, binding.annotation, binding.block)
        return value if promised == UNKNOWN else promised

    def _parameter(self, binding: Binding) -> Value:
        default = binding.expression
        given = UNKNOWN if default is None else self.value(default, binding.block.home.top)
        if isinstance(given, (Maker, FunctionValue)) and is_seen_default(binding):
            # `def f(s: Session = SessionLocal)`: what runs is the default, not the annotation. The
            # gate goes by its name, and what it does not see is not to be seen by anybody.
            return given
        if binding.annotation is not None:
            return borrowed(hints.value(self, binding.annotation, binding.block))
        function = binding.block
        is_first = function.parameters and function.parameters[0] is binding.node
        if not is_first or function.owner is None:
            return UNKNOWN
        marks = set(map(decorator_name, function.decorators))
        if "staticmethod" in marks:
            return UNKNOWN
        return ClassValue(function.owner) if "classmethod" in marks else Instance(function.owner)

    def imported(self, origin: str, item: str, home: Module) -> Value:
        """What `from origin import item` gives in a module, or `import origin` without item."""
        dots = len(origin) - len(origin.lstrip("."))
        name = origin[dots:]
        if not dots and name.partition(".")[0] in LIBRARIES:
            return Symbol(canonical(f"{name}.{item}" if item else name))
        places = self.tree.places
        path = places.imported(origin, home.path)
        module = self.tree.module(path) if path is not None else None
        # In a package's own __init__.py, nothing binds `a` but `from . import a` itself, or
        # `from package import a`.
        if item and (module is None or path == home.path):
            below = places.imported(f"{origin}.{item}" if name else origin + item, home.path)
            if below is not None:
                found = self.tree.module(below)
                return UNKNOWN if found is None else ModuleValue(found)
        if module is not None and item:
            return self.member(self.tree.offering(module, origin, item, home), item)
        if module is not None:
            return ModuleValue(module)
        if dots or path is not None:
            return UNKNOWN
        return Symbol(canonical(f"{name}.{item}" if item else name))

    def member(self, module: Module, name: str) -> Value:
        """What a module of the project offers under a name: what it binds, or a module below."""
        bindings = module.top.bindings(name)
        if bindings:
            return self._questions.answer(bindings, lambda: borrowed(self.bound(loaded(bindings))))
        if module.is_package:
            path = self.tree.places.relative(module.path.parent, name)
            below = self.tree.module(path) if path is not None else None
            if below is not None:
                return ModuleValue(below)
        if not module.top.stars:
            return UNKNOWN
        # Modules may import everything of each other, and a name is looked for in all of them.
        found = self.named(module.path, name, lambda: self._star(name, module))
        return (
            UNKNOWN if isinstance(found, Symbol) and found.name.startswith("builtins.") else found
        )

    def attribute(self, node: cst.Attribute, block: Block) -> Value:
        """What `owner.name` is."""
        name = node.attr.value
        match self.value(node.value, block):
            case ModuleValue(module=module):
                return self.fields.of_module(module, name, self.member(module, name))
            case Symbol(name=owner) if owner in _APPLICATIONS:
                return self.fields.value(name)
            case Symbol(name=owner):
                return Symbol(canonical(f"{owner}.{name}"))
            case Thing(type=kind) as thing:
                known = ATTRIBUTES.get((kind.name, name))
                return calls.thing(known) if known else Method(thing, name)
            case Maker() as maker:
                return Method(maker, name)
            case ClassValue(block=owner_class) | Instance(block=owner_class):
                found = classes.member(self, owner_class, name)
                return self.fields.value(name) if found == UNKNOWN else found
            case Foreign(name=owner):
                return Foreign(f"{owner}.{name}")
            case value if value == UNKNOWN:
                return self.fields.value(name)
        return UNKNOWN
