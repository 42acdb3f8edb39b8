"""What a scope is: which names it binds, and to what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

import libcst as cst

from sessionlint.facts.syntax import is_name

if TYPE_CHECKING:
    from sessionlint.facts.module import Module
    from sessionlint.facts.reading import Reader

__all__ = ["Binding", "Block", "BlockKind", "How", "Inside"]


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


class Binding(NamedTuple):
    """One way in which a name gets a value.

    `node` is where, None for a definition. `expression` is what is assigned, entered, iterated or
    the parameter's default. `origin` is the module of an import (dots first for a relative one),
    `item` the imported name; `slot` says which of the things it is that are unpacked. `place` is
    the number of its statement, and its own number there.
    """

    how: How
    node: cst.CSTNode | None
    block: Block
    place: tuple[int, int]
    expression: cst.BaseExpression | None = None
    annotation: cst.BaseExpression | None = None
    origin: str = ""
    item: str = ""
    slot: int = 0
    target: Block | None = None

    @property
    def is_none(self) -> bool:
        """Whether it is `name = None`."""
        return self.how is How.VALUE and is_name(self.expression, "None")


@dataclass(slots=True, eq=False, repr=False)
class Inside:
    """What stands in a scope, as far as it has been read."""

    names: dict[str, list[Binding]] = field(default_factory=dict[str, "list[Binding]"])
    attributes: dict[str, list[Binding]] = field(default_factory=dict[str, "list[Binding]"])
    stars: list[str] = field(default_factory=list[str])
    declared: set[str] = field(default_factory=set[str])
    kept: set[str] = field(default_factory=set[str])
    promised: set[str] = field(default_factory=set[str])
    returns: list[cst.Return] = field(default_factory=list[cst.Return])
    yields: list[cst.Yield] = field(default_factory=list[cst.Yield])
    calls: list[cst.Call] = field(default_factory=list[cst.Call])
    nodes: list[cst.CSTNode] = field(default_factory=list[cst.CSTNode])
    blocks: list[Block] = field(default_factory=list["Block"])


class Block:
    """A scope: the module, a class, a function or a lambda.

    What stands in it is read when somebody asks, a module or class no farther than it has to be;
    `near` is what has been read so far, and `unread` reads on, None when there is nothing left.
    `place` is the number of its statement, `head` a class without its body; None until it is read,
    as is `tree`.
    """

    __slots__ = ("head", "home", "kind", "name", "near", "parent", "place", "tree", "unread")

    def __init__(
        self, kind: BlockKind, name: str, parent: Block | None, home: Module, place: int
    ) -> None:
        self.kind = kind
        self.name = name
        self.parent = parent
        self.home = home
        self.place = place
        self.near = Inside()
        self.head: cst.CSTNode | None = None
        self.tree: cst.CSTNode | None = None
        self.unread: Reader | None = None

    @property
    def node(self) -> cst.CSTNode:
        """The tree of all of it."""
        if self.tree is None:
            _ = self.whole
        assert self.tree is not None
        return self.tree

    @property
    def roots(self) -> list[cst.CSTNode]:
        """What has been read of it: one tree, or one for every statement."""
        return [self.node] if self.unread is None else self.near.nodes

    @property
    def definition(self) -> cst.CSTNode | None:
        """A function, a lambda, or a class whose body may be missing; None for a module."""
        if self.head is None and self.unread is not None:
            self.unread.read_head(self)
        return self.head

    @property
    def whole(self) -> Inside:
        """All that stands in it."""
        if self.unread is not None:
            self.unread.read_all(self)
        return self.near

    def bindings(self, name: str) -> list[Binding]:
        """The ways in which a name gets its values."""
        if self.unread is not None:
            self.unread.read_name(self, name)
        return self.near.names.get(name, [])

    def binder(self, name: str) -> Block | None:
        """The nearest scope that gives a name a value, as Python looks for it."""
        for scope in self.scopes:
            is_visible = scope is self or scope.kind is not BlockKind.CLASS
            if is_visible and scope.bindings(name):
                return scope
        return None

    def seen(self, name: str) -> list[Binding]:
        """The ways in which a name gets its values there."""
        scope = self.binder(name)
        return [] if scope is None else scope.bindings(name)

    def function(self, name: str) -> Block | None:
        """The one function that is defined under a name, None where it may be something else."""
        bindings = self.bindings(name)
        found = bindings[0].target if len(bindings) == 1 else None
        return found if found is not None and found.kind is BlockKind.FUNCTION else None

    def attribute(self, name: str) -> list[Binding]:
        """The ways in which a class's methods give a value to `self.name`."""
        if self.unread is not None:
            self.unread.read_attribute(self, name)
        return self.near.attributes.get(name, [])

    @property
    def stars(self) -> list[str]:
        """The modules from which everything is imported."""
        if self.unread is not None:
            self.unread.read_stars()
        return self.near.stars

    @property
    def names(self) -> dict[str, list[Binding]]:
        """Every name that is bound in it."""
        return self.whole.names

    @property
    def declared(self) -> set[str]:
        """The names that are global or nonlocal."""
        return self.whole.declared

    @property
    def kept(self) -> set[str]:
        """The names whose objects are stored somewhere."""
        return self.whole.kept

    @property
    def promised(self) -> set[str]:
        """The names of what somebody is asked to end later, or of what ends it."""
        return self.whole.promised

    @property
    def returns(self) -> list[cst.Return]:
        """Its `return` statements."""
        return self.whole.returns

    @property
    def yields(self) -> list[cst.Yield]:
        """Its `yield` expressions."""
        return self.whole.yields

    @property
    def calls(self) -> list[cst.Call]:
        """Its calls, those of scopes inside it left out."""
        return self.whole.calls

    @property
    def blocks(self) -> list[Block]:
        """The scopes directly inside it."""
        return self.whole.blocks

    @property
    def is_async(self) -> bool:
        """Whether this is an `async def`."""
        node = self.definition
        return isinstance(node, cst.FunctionDef) and node.asynchronous is not None

    @property
    def decorators(self) -> list[cst.BaseExpression]:
        """The decorators' expressions, outermost first."""
        node = self.definition
        decorators = node.decorators if isinstance(node, (cst.FunctionDef, cst.ClassDef)) else ()
        return [decorator.decorator for decorator in decorators]

    @property
    def scopes(self) -> Iterator[Block]:
        """The scope itself and those around it, the innermost first."""
        scope: Block | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    @property
    def owner(self) -> Block | None:
        """The class whose method this is."""
        return self.parent if self.parent and self.parent.kind is BlockKind.CLASS else None

    @property
    def parameters(self) -> list[cst.Param]:
        """All parameters in order, `*args` and `**kwargs` last."""
        node = self.definition
        if not isinstance(node, (cst.FunctionDef, cst.Lambda)):
            return []
        given = node.params
        stars = [star for star in (given.star_arg, given.star_kwarg) if isinstance(star, cst.Param)]
        return [*self.placed, *given.kwonly_params, *stars]

    @property
    def placed(self) -> list[cst.Param]:
        """Those parameters that an argument can get to by its place, in order."""
        node = self.definition
        if not isinstance(node, (cst.FunctionDef, cst.Lambda)):
            return []
        return [*node.params.posonly_params, *node.params.params]
