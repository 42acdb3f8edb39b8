"""What a scope is: which names it binds, and to what."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

import libcst as cst

__all__ = ["Binding", "Block", "BlockKind", "How", "Module"]


class BlockKind(Enum):
    """What a scope belongs to."""

    MODULE = "module"
    CLASS = "class"
    FUNCTION = "function"
    LAMBDA = "lambda"


class How(Enum):
    """The way a name got its value."""

    IMPORT = "import"
    IMPORT_FROM = "from import"
    VALUE = "assignment"
    ITEM = "one item of an unpacked assignment"
    WITH = "with target"
    ITERATION = "loop target"
    ANNOTATION = "annotation alone"
    PARAMETER = "parameter"
    DEFINITION = "def or class"
    OPAQUE = "something that is not followed"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Binding:
    """One way in which a name gets a value.

    `expression` is what is assigned, entered, iterated or the parameter's default. `origin` is the
    module of an import (dots first for a relative one) and `item` the imported name or the index.
    """

    how: How
    node: cst.CSTNode
    block: Block
    expression: cst.BaseExpression | None = None
    annotation: cst.BaseExpression | None = None
    origin: str = ""
    item: str = ""
    index: int = 0
    target: Block | None = None


@dataclass(slots=True, eq=False, repr=False)
class Block:
    """A scope: the module, a class, a function or a lambda."""

    kind: BlockKind
    name: str
    node: cst.CSTNode
    parent: Block | None
    home: Module
    names: dict[str, list[Binding]] = field(default_factory=dict[str, "list[Binding]"])
    attributes: dict[str, list[Binding]] = field(default_factory=dict[str, "list[Binding]"])
    stars: list[str] = field(default_factory=list[str])
    declared: set[str] = field(default_factory=set[str])
    kept: set[str] = field(default_factory=set[str])
    returns: list[cst.Return] = field(default_factory=list[cst.Return])
    yields: list[cst.Yield] = field(default_factory=list[cst.Yield])
    calls: list[cst.Call] = field(default_factory=list[cst.Call])
    blocks: list[Block] = field(default_factory=list["Block"])

    @property
    def is_async(self) -> bool:
        """Whether this is an `async def`."""
        return isinstance(self.node, cst.FunctionDef) and self.node.asynchronous is not None

    @property
    def decorators(self) -> list[cst.BaseExpression]:
        """The decorators' expressions, outermost first."""
        if not isinstance(self.node, (cst.FunctionDef, cst.ClassDef)):
            return []
        return [decorator.decorator for decorator in self.node.decorators]

    @property
    def owner(self) -> Block | None:
        """The class whose method this is."""
        above = self.parent
        return above if above is not None and above.kind is BlockKind.CLASS else None

    @property
    def parameters(self) -> list[cst.Param]:
        """All parameters in order, `*args` and `**kwargs` last."""
        if not isinstance(self.node, (cst.FunctionDef, cst.Lambda)):
            return []
        given = self.node.params
        stars = [star for star in (given.star_arg, given.star_kwarg) if isinstance(star, cst.Param)]
        return [*given.posonly_params, *given.params, *given.kwonly_params, *stars]


@dataclass(slots=True, eq=False, repr=False)
class Module:
    """A parsed module of the project; `blocks[0]` is its own scope.

    `name` is the dotted name as far as packages reach, `is_package` an `__init__.py`. `own_names`
    are those by which this module alone may acquire.
    """

    path: Path
    name: str
    is_package: bool
    own_names: frozenset[str] = frozenset()
    blocks: list[Block] = field(default_factory=list["Block"])
    fields: dict[str, list[Binding]] = field(default_factory=dict[str, "list[Binding]"])

    @property
    def top(self) -> Block:
        """The module's own scope."""
        return self.blocks[0]
