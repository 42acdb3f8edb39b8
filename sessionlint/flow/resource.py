"""One acquisition and what its function says about the names that hold it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import libcst as cst

from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.scopes import Binding, Block, How
from sessionlint.facts.syntax import held_by
from sessionlint.facts.values import Thing
from sessionlint.flow.acts import Act
from sessionlint.flow.expiring import NOTHING, Loaded
from sessionlint.flow.later import Later

__all__ = ["Resource", "roots"]

_IMPORTS: Final = frozenset({How.IMPORT, How.IMPORT_FROM})


@dataclass(eq=False)
class Resource:
    """A resource under study.

    `names` are the variables that hold it (one, and its plain aliases), `members` the loop
    variables that hold one of them when it is a list of resources, `flags` the texts of the
    conditions worth remembering, `inner` the nested functions that speak of it with the acts that
    calling one is, `queries` the variables that hold a query on it, `users` those that hold an
    object made with it. `holders` are the calls (by id) whose result keeps the resource and leaves;
    `alone` the expressions (by id) that stand alone as a statement; `beside` are the variables that
    are unpacked with it, each with its truth where it is acquired; `branches` are the branching
    statements that the acquisition stands in, `loop` the loop that repeats it; `is_waited_for` if a
    loop tries until there is one, and is left then, or needs another in place of the one before.
    `concerned` are the nodes (by id) that speak of it, or may reach it without its name.
    `texts` are those of conditions (by id) as they are remembered by, `safe` tells of calls whether
    they are: by the callee's name, how many arguments it has, and which of them the resource is.
    `is_closed_at_last`: a `finally` closes it whatever happens, and the name holds nothing else.
    `read_again` are the attributes (by id) that could be read before.
    `left_to` is what goes on with it in the background, by the id of what takes it there, and
    `outlasted` the ids of what it may use the resource behind. `loaded` are the variables that hold
    what a commit of the resource expires.
    """

    evaluator: Evaluator
    block: Block
    binding: Binding
    thing: Thing
    name: str
    names: frozenset[str]
    members: frozenset[str] = frozenset()
    flags: tuple[str, ...] = ()
    inner: dict[str, tuple[Act, ...]] = field(default_factory=dict[str, tuple[Act, ...]])
    holders: frozenset[int] = frozenset()
    alone: frozenset[int] = frozenset()
    beside: dict[str, bool | None] = field(default_factory=dict[str, bool | None])
    branches: tuple[cst.CSTNode, ...] = ()
    read_again: frozenset[int] = frozenset()
    loop: cst.CSTNode | None = None
    is_waited_for: bool = False
    queries: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    loaded: Loaded = NOTHING
    is_closed_at_last: bool = False
    left_to: dict[int, Later] = field(default_factory=dict[int, "Later"])
    outlasted: frozenset[int] = frozenset()
    concerned: frozenset[int] = frozenset()
    texts: dict[int, tuple[str, bool]] = field(default_factory=dict[int, tuple[str, bool]])
    safe: dict[tuple[str, int, tuple[str, ...]], bool] = field(
        default_factory=dict[tuple[str, int, tuple[str, ...]], bool]
    )

    @property
    def acquired(self) -> cst.BaseExpression:
        """The acquiring expression."""
        assert self.binding.expression is not None
        return self.binding.expression

    @property
    def is_entered(self) -> bool:
        """Whether a `with` opens it, and leaves it open."""
        return self.binding.how is How.WITH

    @property
    def others(self) -> list[Binding]:
        """What else gives the name a value."""
        return [one for one in self.block.bindings(self.name) if one is not self.binding]

    @property
    def watched(self) -> frozenset[str]:
        """The names without which a statement has nothing to do with the resource."""
        asked = (roots(flag) for flag in self.flags)
        made = self.queries | self.users | self.loaded.names
        return self.names.union(self.members, made, self.inner, *asked)

    @property
    def asked_beside(self) -> set[bool | None]:
        """What those of `beside` are that a condition asks for, which may say whose it is."""
        asked = {flag.removesuffix(" is None") for flag in self.flags}
        return {truth for name, truth in self.beside.items() if name in asked}

    def places(self, arguments: Sequence[cst.Arg]) -> tuple[str, ...]:
        """As which arguments a call gets the resource: by their keyword, or their number from 0."""
        return tuple(
            str(index) if one.keyword is None else one.keyword.value
            for index, one in enumerate(arguments)
            if self.is_it(one.value)
        )

    def gives_back(self, method: str) -> bool:
        """Whether a method, called later by somebody, leaves no connection out."""
        kind = self.thing.type
        return kind.is_release(method) or (kind.is_session and method == "rollback")

    def is_it(self, node: cst.CSTNode | None) -> bool:
        """Whether a node is one of the names that hold it, or gives it one: `(db := maker())`."""
        if type(node) is cst.Name:
            return node.value in self.names
        return type(node) is cst.NamedExpr and held_by(node) in self.names

    def is_imported(self, name: str) -> bool:
        """Whether a name is an import of the module and nothing else."""
        bindings = self.block.home.top.bindings(name)
        return bool(bindings) and all(binding.how in _IMPORTS for binding in bindings)


@lru_cache(maxsize=64)
def roots(flag: str) -> frozenset[str]:
    """The names that a remembered condition depends on."""
    return frozenset(re.findall(r"[^\W\d]\w*", flag))
