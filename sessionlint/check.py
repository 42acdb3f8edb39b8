"""One file through the rooms: parsed, resolved, followed, judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import libcst as cst

from sessionlint.errors import UnreadableFile
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.modules import Tree
from sessionlint.facts.names import Names
from sessionlint.flow.scope import Scope
from sessionlint.model import Finding
from sessionlint.rule import Rule
from sessionlint.source.walk import walk
from sessionlint.suppress import is_suppressed

__all__ = ["Project", "check_source"]


@dataclass(frozen=True, slots=True, eq=False)
class Project:
    """The facts of one project, gathered as they are asked for and kept for its next file."""

    evaluator: Evaluator
    is_full: bool

    @classmethod
    def open(
        cls,
        root: Path,
        read: Callable[[Path], bytes | None],
        names: Names,
        source_roots: tuple[Path, ...] = (),
        engine: str = "fast",
    ) -> Project:
        """The project below a folder; `read` gives a file's bytes or None.

        `engine` is "fast", or "full" for LibCST's own visit and no gate.
        """
        is_full = engine == "full"
        tree = Tree(root, read, source_roots, _visit if is_full else walk)
        return cls(Evaluator(tree, names), is_full)


def check_source(
    data: bytes, path: Path, rules: Sequence[Rule], project: Project
) -> list[Finding]:
    """The findings of one file in the order of their places, suppressed ones left out.

    Raises:
        UnreadableFile: the file cannot be decoded or parsed, or nests too deep to follow.
    """
    tree = project.evaluator.tree
    source = tree.source(path, data)
    try:
        module = tree.module(path)
        assert module is not None
        scopes = [Scope(project.evaluator, source, block) for block in module.blocks]
        found = list(_findings(scopes, rules))
    except RecursionError as error:
        raise UnreadableFile("nested too deep to follow") from error
    kept = [one for one in found if not is_suppressed(source.lines, one)]
    return sorted(kept, key=lambda one: (one.span, one.code))


def _findings(scopes: Sequence[Scope], rules: Sequence[Rule]) -> Iterator[Finding]:
    # Every lifetime first: the places of all are then found in one pass over the file.
    for scope in scopes:
        scope.lifetimes
    for scope in scopes:
        for rule in rules:
            yield from rule.check(scope)


def _visit(node: cst.CSTNode, visitor: cst.CSTVisitor) -> object:
    return node.visit(visitor)
