"""The scopes of one module, gathered in one walk, without judging what is in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import libcst as cst

from sessionlint.facts.promised import promised
from sessionlint.facts.scopes import Binding, Block, BlockKind, How
from sessionlint.facts.syntax import arguments, dotted, last_name

Visit = Callable[[cst.CSTNode, cst.CSTVisitor], object]

__all__ = ["Visit", "collected", "is_storing"]

_STORING = frozenset(
    "append appendleft add put put_nowait push insert extend register set setdefault update "
    "attach bind setattr".split()
)
"""Methods that keep what they are given."""

_STATEMENTS = frozenset("add append put push insert extend set update".split())
"""Those of them that repositories of a database have as well: `users.update(session, user)`."""


def is_storing(call: cst.Call, index: int) -> bool:
    """Whether a call, by its name, keeps the argument of that index.

    Containers have no use for a session before what is put into them.
    """
    name = last_name(call.func)
    if name in _STATEMENTS and len(call.args) > 1 and index == 0:
        return False
    return name in _STORING


def collected(
    nodes: Iterable[cst.CSTNode], outer: Block, visit: Visit, place: int, own: Block | None = None
) -> list[Block]:
    """The scopes in some statements of a scope, in source order; `outer` is told what they bind.

    `own` is the scope of the one statement there is, when it is known before: then what that
    statement is called has been bound, too. `visit` shows a tree to a visitor: the table walk, or
    LibCST's own `visit`, with the same result (tests/test_engines.py).
    """
    collector = _Collector(outer, place, own)
    for node in nodes:
        visit(node, collector)
    return collector.all


class _Collector(cst.CSTVisitor):
    """Builds the blocks while a walk shows it the tree."""

    def __init__(self, outer: Block, place: int, own: Block | None) -> None:
        super().__init__()
        self.all: list[Block] = []
        self._here = outer
        self._place = place
        self._own = own
        self._bound = 0
        self._nonlocal: set[tuple[int, str]] = set()

    def _enter(self, kind: BlockKind, name: str, node: cst.CSTNode) -> Block:
        block, self._own = self._own, None
        if block is None:
            block = Block(kind, name, self._here, self._here.home, self._place)
            if kind is not BlockKind.LAMBDA:
                binding = Binding(How.DEFINITION, None, self._here, self._next(), target=block)
                self._here.near.names.setdefault(name, []).append(binding)
        block.head = block.tree = node
        self._here.near.blocks.append(block)
        self.all.append(block)
        self._here = block
        return block

    def _next(self) -> tuple[int, int]:
        self._bound += 1
        return self._place, self._bound

    def _leave(self) -> None:
        assert self._here.parent is not None
        self._here = self._here.parent

    def _bind(self, name: str, binding: Binding) -> None:
        self._scope(name).near.names.setdefault(name, []).append(binding)

    def _scope(self, name: str) -> Block:
        """The scope in which a name gets its value."""
        here = self._here
        if name not in here.near.declared:
            return here
        if (id(here), name) not in self._nonlocal:
            return here.home.top
        around = [one for one in here.scopes if one.kind is BlockKind.FUNCTION and one is not here]
        # Have: of all that has been read of them, which is up to here.
        known = (one for one in around if name in one.near.names)
        return next(known, around[0] if around else here.home.top)

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        self._parameters(self._enter(BlockKind.FUNCTION, node.name.value, node))

    def leave_FunctionDef(self, original_node: cst.FunctionDef) -> None:
        self._leave()

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        self._enter(BlockKind.CLASS, node.name.value, node)

    def leave_ClassDef(self, original_node: cst.ClassDef) -> None:
        self._leave()

    def visit_Lambda(self, node: cst.Lambda) -> None:
        self._parameters(self._enter(BlockKind.LAMBDA, "<lambda>", node))

    def leave_Lambda(self, original_node: cst.Lambda) -> None:
        self._leave()

    def _parameters(self, block: Block) -> None:
        for parameter in block.parameters:
            annotation = parameter.annotation.annotation if parameter.annotation else None
            self._bind(
                parameter.name.value,
                Binding(
                    How.PARAMETER, parameter, block, self._next(), parameter.default, annotation
                ),
            )

    def visit_Import(self, node: cst.Import) -> None:
        for alias in node.names:
            name = dotted(alias.name)
            if name is None:
                continue
            if alias.asname is not None:
                self._import(alias, dotted(alias.asname.name), name, "")
            else:
                root = name.partition(".")[0]
                self._import(alias, root, root, "")

    def _import(self, node: cst.CSTNode, name: str | None, origin: str, item: str) -> None:
        if name is not None:
            how = How.IMPORT_FROM if item else How.IMPORT
            binding = Binding(how, node, self._here, self._next(), origin=origin, item=item)
            self._bind(name, binding)

    def visit_ImportFrom(self, node: cst.ImportFrom) -> None:
        origin = "." * len(node.relative) + (dotted(node.module) or "" if node.module else "")
        if isinstance(node.names, cst.ImportStar):
            self._here.near.stars.append(origin)
            return
        for alias in node.names:
            name = dotted(alias.name)
            if name is not None:
                bound = dotted(alias.asname.name) if alias.asname else name
                self._import(alias, bound, origin, name)

    def visit_Global(self, node: cst.Global) -> None:
        self._here.near.declared.update(item.name.value for item in node.names)

    def visit_Nonlocal(self, node: cst.Nonlocal) -> None:
        names = [item.name.value for item in node.names]
        self._here.near.declared.update(names)
        self._nonlocal.update((id(self._here), name) for name in names)

    def visit_Assign(self, node: cst.Assign) -> None:
        targets = [target.target for target in node.targets]
        if any(map(self._outlives, targets)):
            named = [*targets, node.value]
            self._here.near.kept.update(name.value for name in named if isinstance(name, cst.Name))
        for target in targets:
            self._assign(target, node, node.value)

    def _outlives(self, target: cst.BaseExpression) -> bool:
        """Whether what is assigned there is kept beyond the function."""
        if isinstance(target, cst.Name):
            return target.value in self._here.near.declared
        return isinstance(target, (cst.Attribute, cst.Subscript))

    def visit_NamedExpr(self, node: cst.NamedExpr) -> None:
        self._assign(node.target, node, node.value)

    def visit_TypeAlias(self, node: cst.TypeAlias) -> None:
        self._assign(node.name, node, node.value)

    def visit_AnnAssign(self, node: cst.AnnAssign) -> None:
        how = How.ANNOTATION if node.value is None else How.VALUE
        binding = Binding(
            how, node, self._here, self._next(), node.value, node.annotation.annotation
        )
        self._bind_target(node.target, binding)

    def _assign(
        self, target: cst.BaseExpression, node: cst.CSTNode, value: cst.BaseExpression
    ) -> None:
        if not isinstance(target, (cst.Tuple, cst.List)):
            self._bind_target(target, Binding(How.VALUE, node, self._here, self._next(), value))
            return
        is_pairwise = isinstance(value, (cst.Tuple, cst.List)) and len(value.elements) == len(
            target.elements
        )
        for index, element in enumerate(target.elements):
            if is_pairwise:
                assert isinstance(value, (cst.Tuple, cst.List))
                self._assign(element.value, node, value.elements[index].value)
            else:
                binding = Binding(How.ITEM, node, self._here, self._next(), value, slot=index)
                self._bind_target(element.value, binding)

    def _bind_target(self, target: cst.BaseExpression, binding: Binding) -> None:
        """Bind a name or an attribute of `self`; what else can be assigned is not followed."""
        if isinstance(target, cst.Name):
            self._bind(target.value, binding)
        elif isinstance(target, cst.Attribute):
            self._here.home.fields.setdefault(target.attr.value, []).append(binding)
            holder = self._holder(target.value)
            if holder is not None:
                holder.near.attributes.setdefault(target.attr.value, []).append(binding)
        elif isinstance(target, (cst.Tuple, cst.List)):
            for element in target.elements:
                self._bind_target(element.value, _opaque(binding))

    def _holder(self, owner: cst.BaseExpression) -> Block | None:
        """The class that `self.x = …` or `cls.x = …` gives an attribute."""
        name = owner.value if isinstance(owner, cst.Name) else None
        for block in self._here.scopes:
            if block.owner is not None and block.parameters:
                return block.owner if block.parameters[0].name.value == name else None
        return None

    def visit_With(self, node: cst.With) -> None:
        for item in node.items:
            if item.asname is not None:
                binding = Binding(How.WITH, item, self._here, self._next(), item.item)
                self._bind_target(item.asname.name, binding)

    def visit_For(self, node: cst.For) -> None:
        self._bind_target(
            node.target, Binding(How.ITERATION, node, self._here, self._next(), node.iter)
        )

    def visit_CompFor(self, node: cst.CompFor) -> None:
        self._bind_target(node.target, Binding(How.OPAQUE, node, self._here, self._next()))

    def visit_AugAssign(self, node: cst.AugAssign) -> None:
        self._bind_target(node.target, Binding(How.OPAQUE, node, self._here, self._next()))

    def visit_ExceptHandler(self, node: cst.ExceptHandler) -> None:
        self._bind_error(node.name)

    def visit_ExceptStarHandler(self, node: cst.ExceptStarHandler) -> None:
        self._bind_error(node.name)

    def _bind_error(self, name: cst.AsName | None) -> None:
        if name is not None:
            self._bind_target(name.name, Binding(How.OPAQUE, name, self._here, self._next()))

    def visit_MatchAs(self, node: cst.MatchAs) -> None:
        if node.name is not None:
            self._bind_target(node.name, Binding(How.OPAQUE, node, self._here, self._next()))

    def visit_Return(self, node: cst.Return) -> None:
        self._here.near.returns.append(node)

    def visit_Yield(self, node: cst.Yield) -> None:
        self._here.near.yields.append(node)

    def visit_Call(self, node: cst.Call) -> None:
        self._here.near.calls.append(node)
        self._here.near.promised.update(promised(node))
        if last_name(node.func) in _STORING:
            given = enumerate(arguments(node))
            kept = (one for at, one in given if type(one) is cst.Name and is_storing(node, at))
            self._here.near.kept.update(one.value for one in kept)


def _opaque(binding: Binding) -> Binding:
    return Binding(How.OPAQUE, binding.node, binding.block, binding.place)
