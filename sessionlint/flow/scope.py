"""What a rule is given: one function, class or module body with everything found out about it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import libcst as cst

from sessionlint.facts.aside import is_migration_environment
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.scopes import Block, BlockKind
from sessionlint.flow.driven import Driven, driven
from sessionlint.flow.engines import EnginePerCall, engines
from sessionlint.flow.flask_g import may_use_g
from sessionlint.flow.given import Given, given
from sessionlint.flow.lifetimes import lifetimes
from sessionlint.flow.reopened import Reopened, reopened
from sessionlint.flow.shared import Shared
from sessionlint.flow.shared_by_all import shared_by_all
from sessionlint.flow.unbound import Unbound, unbound
from sessionlint.flow.ways import Lifetime, Shape
from sessionlint.model import Span
from sessionlint.source.gate import HALF_MANAGED
from sessionlint.source.parse import Source
from sessionlint.source.text import lines

if TYPE_CHECKING:
    from sessionlint.flow.caches import Cached
    from sessionlint.flow.cleanups import CleanUp
    from sessionlint.flow.contexts import InContext
    from sessionlint.flow.entered import Entered
    from sessionlint.flow.escaping import Escaped
    from sessionlint.flow.exits import LeakyExit
    from sessionlint.flow.fanned import Fanned
    from sessionlint.flow.handed import Handed
    from sessionlint.flow.in_flask import InRequest
    from sessionlint.flow.protection import EarlyShield, NestedBegin
    from sessionlint.flow.registries import Unremoved
    from sessionlint.flow.requested import Requested

__all__ = ["Scope"]

_CALLED = frozenset({BlockKind.FUNCTION, BlockKind.LAMBDA})


@dataclass(slots=False, eq=False)
class Scope:
    """One function, class or module body, as rules see it.

    Every list is worked out when first asked for. What works it out is loaded for a scope that may
    have one: to import all of it takes longer than to check a small file. `span` gives the place of
    any node in it. `codes` are those of the rules that are asked, `cells` the lines on which the
    cells of a notebook begin.
    """

    evaluator: Evaluator
    source: Source
    block: Block
    codes: frozenset[str]
    cells: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """The function's or class's name; `<module>` for the module's own statements."""
        return self.block.name

    @property
    def path(self) -> str:
        """Its name after those of the scopes around it, with dots; empty for the module."""
        named = (one.name for one in self.block.scopes if one.kind is not BlockKind.MODULE)
        return ".".join(reversed([*named]))

    @property
    def is_module(self) -> bool:
        """Whether these are the module's own statements."""
        return self.block.kind is BlockKind.MODULE

    @property
    def end(self) -> Span:
        """The last line of the text, where a module ends unless something leaves it before.

        Its statements may have been read one by one, and not all of them.
        """
        rows = lines(self.source.text.rstrip())
        last = rows[-1]
        return Span(len(rows), len(last) - len(last.lstrip()), len(rows), len(last))

    @property
    def _is_waiting(self) -> bool:
        """Whether it is an asynchronous function."""
        return self.block.kind is BlockKind.FUNCTION and self.block.is_async

    @property
    def release(self) -> str | None:
        """The version of SQLAlchemy that is locked for this file, None where none is."""
        return self.evaluator.tree.locked(self.block.home.path.parent)

    @cached_property
    def lifetimes(self) -> list[Lifetime]:
        """The acquisitions by hand that end in some way worth a word, in source order."""
        taken = {id(one.acquired) for one in self.shared}
        taken |= {id(one.acquired) for one in self.reopened}
        return [
            life
            for life in self._followed
            if life.shape is not Shape.SILENT and id(life.acquired) not in taken
        ]

    @cached_property
    def _followed(self) -> list[Lifetime]:
        """The acquisitions by hand, however they end."""
        kind, home = self.block.kind, self.block.home
        if kind in {BlockKind.CLASS, BlockKind.LAMBDA} or is_migration_environment(home):
            return []
        return list(lifetimes(self.evaluator, self.block))

    @cached_property
    def reopened(self) -> list[Reopened]:
        """The sessions that are used, or returned, after they were closed."""
        return list(reopened(self.evaluator, self.block, self._followed))

    @cached_property
    def unbound(self) -> list[Unbound]:
        """The resources acquired and used in one expression."""
        return list(unbound(self.evaluator, self.block))

    @cached_property
    def entered(self) -> list[Entered]:
        """The connections that a `with` opens and leaves open."""
        if HALF_MANAGED not in self.source.text:
            return []
        from sessionlint.flow.entered import entered

        return list(entered(self.evaluator, self.block))

    @cached_property
    def given(self) -> list[Given]:
        """The resources acquired as an argument, and closed by nobody."""
        return list(given(self.evaluator, self.block))

    @cached_property
    def driven(self) -> list[Driven]:
        """The generators of a session that are driven by hand."""
        return list(driven(self.evaluator, self.block))

    @cached_property
    def cached(self) -> list[Cached]:
        """The decorators that share one session among all callers."""
        if not self.block.decorators:
            return []
        from sessionlint.flow.caches import cached

        return list(cached(self.evaluator, self.block))

    @cached_property
    def shared(self) -> list[Shared]:
        """The sessions of a module, a class body, an application or a job that functions use."""
        return list(shared_by_all(self.evaluator, self.block, self.source.text))

    @cached_property
    def unremoved(self) -> list[Unremoved]:
        """The registries of a module whose sessions nobody removes."""
        if not self.is_module or "scoped_session" not in self.source.text:
            return []
        from sessionlint.flow.registries import unremoved

        return list(unremoved(self.evaluator, self.block))

    @cached_property
    def exits(self) -> list[LeakyExit]:
        """The resources that an object opens and that its exit may leave open."""
        if self.block.owner is None:
            return []
        from sessionlint.flow.exits import exits

        return list(exits(self.evaluator, self.block))

    @cached_property
    def requested(self) -> list[Requested]:
        """The sessions that a middleware keeps in its request, and that an error leaves open."""
        if not self._is_waiting or "call_next" not in self.source.text:
            return []
        from sessionlint.flow.requested import requested

        return list(requested(self.evaluator, self.block))

    @cached_property
    def fanned(self) -> list[Fanned]:
        """The sessions that several tasks use at once."""
        if not self._is_waiting:
            return []
        from sessionlint.flow.fanned import fanned

        return list(fanned(self.evaluator, self.block))

    @cached_property
    def escaped(self) -> list[Escaped]:
        """The sessions that tasks go on using when they are closed."""
        # The gate goes by the text, and what it does not see is not to be seen by anybody.
        if not self.source.lets_go:
            return []
        from sessionlint.flow.escaping import escaped

        return list(escaped(self.evaluator, self.block))

    @cached_property
    def handed(self) -> list[Handed]:
        """The sessions that are opened for FastAPI, which closes none."""
        if self.block.kind is BlockKind.LAMBDA:
            from sessionlint.flow.handed import handed_by_lambda

            return list(handed_by_lambda(self.evaluator, self.block))
        from sessionlint.flow.dependencies import handed_by

        return list(handed_by(self.evaluator, self.block))

    @cached_property
    def in_contexts(self) -> list[InContext]:
        """The sessions that are opened for GraphQL, which closes none."""
        if self.block.kind not in _CALLED or "context" not in self.source.text:
            return []
        from sessionlint.flow.contexts import in_contexts

        return list(in_contexts(self.evaluator, self.block))

    @cached_property
    def in_requests(self) -> list[InRequest]:
        """The sessions that are opened for a request in Flask or Quart, which close none."""
        if self.block.kind is not BlockKind.FUNCTION or not may_use_g(self.source.text):
            return []
        from sessionlint.flow.in_flask import in_requests

        return list(in_requests(self.evaluator, self.block))

    @cached_property
    def engines(self) -> list[EnginePerCall]:
        """The engines built anew at every call."""
        found = list(engines(self.evaluator, self.block))
        if may_use_g(self.source.text):
            from sessionlint.flow.in_flask import engines_in_requests

            found += engines_in_requests(self.evaluator, self.block)
        return found

    @cached_property
    def cleanups(self) -> list[CleanUp]:
        """The awaits of clean-ups that a cancellation can cut off."""
        if not self._is_waiting:
            return []
        from sessionlint.flow.cleanups import cleanups

        return cleanups(self.evaluator, self.block)

    @cached_property
    def nested_begins(self) -> list[NestedBegin]:
        """The sessions of a maker whose transaction is entered apart from them."""
        if not self._is_waiting:
            return []
        from sessionlint.flow.protection import nested_begins

        return list(nested_begins(self.evaluator, self.block))

    @cached_property
    def early_shields(self) -> list[EarlyShield]:
        """What `asyncio.shield` lets go on when its task is cancelled."""
        if not self._is_waiting:
            return []
        from sessionlint.flow.protection import early_shields

        return list(early_shields(self.evaluator, self.block))

    def span(self, node: cst.CSTNode) -> Span:
        """Where a node stands."""
        return self.source.positions.span(node)

    def line(self, node: cst.CSTNode) -> int:
        """The line a node begins on, from 1, as the user counts: in a notebook from its cell."""
        line = self.span(node).line
        return line - max((start for start in self.cells if start <= line), default=1) + 1
