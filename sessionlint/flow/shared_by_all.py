"""The sessions that functions, requests, visits or runs of a job share, wherever they are kept."""

from __future__ import annotations

from collections.abc import Iterator

from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.scopes import Block, BlockKind
from sessionlint.flow.applications import of_applications
from sessionlint.flow.shared import Shared, shared

__all__ = ["shared_by_all"]


def shared_by_all(evaluator: Evaluator, block: Block, text: str) -> Iterator[Shared]:
    """The sessions of a module, a class body, an application, a job or a page that are shared.

    `text` is that of the module. What finds those of few modules is loaded for one that may have
    some.
    """
    yield from shared(evaluator, block)
    yield from of_applications(evaluator, block)
    if block.kind is BlockKind.FUNCTION and block.declared:
        from sessionlint.flow.global_names import of_global_names

        yield from of_global_names(evaluator, block)
    if "add_job" in text:
        from sessionlint.flow.recurring import recurring

        yield from recurring(evaluator, block)
    if "context_value" in text:
        from sessionlint.flow.contexts import in_applications

        yield from in_applications(evaluator, block)
    if "session_state" in text:
        from sessionlint.flow.visits import of_visits

        yield from of_visits(evaluator, block)
