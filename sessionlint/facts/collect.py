"""The scopes of one module, gathered in one walk, without judging what is in them."""

from __future__ import annotations

from collections.abc import Callable

import libcst as cst

from sessionlint.facts.scopes import Binding, Block, BlockKind, How, Module
from sessionlint.facts.syntax import arguments, dotted, last_name
from sessionlint.source.walk import walk

Visit = Callable[[cst.CSTNode, cst.CSTVisitor], object]

__all__ = ["STORING", "Visit", "blocks_of"]

STORING = frozenset(
    "append appendleft add put put_nowait push insert extend register set setdefault update "
    "attach bind setattr".split()
)
"""Methods that keep what they are given."""


def blocks_of(tree: cst.Module, home: Module, visit: Visit = walk) -> list[Block]:
    """Every scope of a module, the module's own first, in source order.

    `visit` shows the tree to a visitor: the table walk, or LibCST's own `Module.visit`, with the
    same result (tests/test_engines.py).
    """
    collector = _Collector(tree, home)
    visit(tree, collector)
    return collector.all


class _Collector(cst.CSTVisitor):
    """Builds the blocks while a walk shows it the tree."""

    def __init__(self, tree: cst.Module, home: Module) -> None:
        super().__init__()
        self.all = [Block(BlockKind.MODULE, "<module>", tree, None, home)]
        self._here = self.all[0]

    def _enter(self, kind: BlockKind, name: str, node: cst.CSTNode) -> Block:
        block = Block(kind, name, node, self._here, self._here.home)
        self._here.blocks.append(block)
        self.all.append(block)
        self._here = block
        return block

    def _leave(self) -> None:
        assert self._here.parent is not None
        self._here = self._here.parent

    def _bind(self, name: str, binding: Binding) -> None:
        block = self._here
        if name in block.declared:
            block = self.all[0]
        block.names.setdefault(name, []).append(binding)

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        outer = self._here
        block = self._enter(BlockKind.FUNCTION, node.name.value, node)
        self._parameters(block)
        binding = Binding(How.DEFINITION, node, outer, target=block)
        outer.names.setdefault(node.name.value, []).append(binding)

    def leave_FunctionDef(self, original_node: cst.FunctionDef) -> None:
        self._leave()

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        outer = self._here
        block = self._enter(BlockKind.CLASS, node.name.value, node)
        binding = Binding(How.DEFINITION, node, outer, target=block)
        outer.names.setdefault(node.name.value, []).append(binding)

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
                Binding(How.PARAMETER, parameter, block, parameter.default, annotation),
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
            self._bind(name, Binding(how, node, self._here, origin=origin, item=item))

    def visit_ImportFrom(self, node: cst.ImportFrom) -> None:
        origin = "." * len(node.relative) + (dotted(node.module) or "" if node.module else "")
        if isinstance(node.names, cst.ImportStar):
            self._here.stars.append(origin)
            return
        for alias in node.names:
            name = dotted(alias.name)
            if name is not None:
                bound = dotted(alias.asname.name) if alias.asname else name
                self._import(alias, bound, origin, name)

    def visit_Global(self, node: cst.Global) -> None:
        self._here.declared.update(item.name.value for item in node.names)

    def visit_Nonlocal(self, node: cst.Nonlocal) -> None:
        self._here.declared.update(item.name.value for item in node.names)

    def visit_Assign(self, node: cst.Assign) -> None:
        targets = [target.target for target in node.targets]
        if any(isinstance(target, (cst.Attribute, cst.Subscript)) for target in targets):
            named = [*targets, node.value]
            self._here.kept.update(name.value for name in named if isinstance(name, cst.Name))
        for target in targets:
            self._assign(target, node, node.value)

    def visit_NamedExpr(self, node: cst.NamedExpr) -> None:
        self._assign(node.target, node, node.value)

    def visit_AnnAssign(self, node: cst.AnnAssign) -> None:
        how = How.ANNOTATION if node.value is None else How.VALUE
        binding = Binding(how, node, self._here, node.value, node.annotation.annotation)
        self._bind_target(node.target, binding)

    def _assign(
        self, target: cst.BaseExpression, node: cst.CSTNode, value: cst.BaseExpression
    ) -> None:
        if not isinstance(target, (cst.Tuple, cst.List)):
            self._bind_target(target, Binding(How.VALUE, node, self._here, value))
            return
        is_pairwise = isinstance(value, (cst.Tuple, cst.List)) and len(value.elements) == len(
            target.elements
        )
        for index, element in enumerate(target.elements):
            if is_pairwise:
                assert isinstance(value, (cst.Tuple, cst.List))
                self._assign(element.value, node, value.elements[index].value)
            else:
                binding = Binding(How.ITEM, node, self._here, value, index=index)
                self._bind_target(element.value, binding)

    def _bind_target(self, target: cst.BaseExpression, binding: Binding) -> None:
        """Bind a name or an attribute of `self`; what else can be assigned is not followed."""
        if isinstance(target, cst.Name):
            self._bind(target.value, binding)
        elif isinstance(target, cst.Attribute):
            self._here.home.fields.setdefault(target.attr.value, []).append(binding)
            holder = self._holder(target.value)
            if holder is not None:
                holder.attributes.setdefault(target.attr.value, []).append(binding)
        elif isinstance(target, (cst.Tuple, cst.List)):
            for element in target.elements:
                self._bind_target(element.value, _opaque(binding))

    def _holder(self, owner: cst.BaseExpression) -> Block | None:
        """The class that `self.x = …` or `cls.x = …` gives an attribute."""
        name = owner.value if isinstance(owner, cst.Name) else None
        block: Block | None = self._here
        while block is not None:
            if block.owner is not None and block.parameters:
                return block.owner if block.parameters[0].name.value == name else None
            block = block.parent
        return None

    def visit_With(self, node: cst.With) -> None:
        for item in node.items:
            if item.asname is not None:
                binding = Binding(How.WITH, item, self._here, item.item)
                self._bind_target(item.asname.name, binding)

    def visit_For(self, node: cst.For) -> None:
        self._bind_target(node.target, Binding(How.ITERATION, node, self._here, node.iter))

    def visit_CompFor(self, node: cst.CompFor) -> None:
        self._bind_target(node.target, Binding(How.OPAQUE, node, self._here))

    def visit_AugAssign(self, node: cst.AugAssign) -> None:
        self._bind_target(node.target, Binding(How.OPAQUE, node, self._here))

    def visit_ExceptHandler(self, node: cst.ExceptHandler) -> None:
        if node.name is not None:
            self._bind_target(node.name.name, Binding(How.OPAQUE, node, self._here))

    def visit_MatchAs(self, node: cst.MatchAs) -> None:
        if node.name is not None:
            self._bind_target(node.name, Binding(How.OPAQUE, node, self._here))

    def visit_Return(self, node: cst.Return) -> None:
        self._here.returns.append(node)

    def visit_Yield(self, node: cst.Yield) -> None:
        self._here.yields.append(node)

    def visit_Call(self, node: cst.Call) -> None:
        self._here.calls.append(node)
        if last_name(node.func) in STORING:
            given = (value for value in arguments(node) if isinstance(value, cst.Name))
            self._here.kept.update(value.value for value in given)


def _opaque(binding: Binding) -> Binding:
    return Binding(How.OPAQUE, binding.node, binding.block)
