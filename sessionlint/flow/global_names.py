"""Sessions that a function keeps in a variable of its module, which requests share.

    @app.on_event("startup")
    def start():
        global db
        db = SessionLocal()

A dependency that does so, `global db` above `yield db`, overwrites at each request what another
one still uses, and closes the last of them in the place of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from sessionlint.facts.catalog import Kind
from sessionlint.facts.depending import depended_on
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.scopes import Binding, Block, BlockKind, How
from sessionlint.facts.syntax import is_name
from sessionlint.flow.acquisitions import is_of_tests
from sessionlint.flow.circumstances import begins_application, handles
from sessionlint.flow.shared import Shared, opened, uses

__all__ = ["of_global_names"]


def of_global_names(evaluator: Evaluator, block: Block) -> Iterator[Shared]:
    """The sessions that a function gives to variables of its module, where requests share them."""
    if block.kind is not BlockKind.FUNCTION or block.parent is not block.home.top:
        return
    for name in sorted(block.declared):
        match [one for one in block.home.top.bindings(name) if one.block is block]:
            case [Binding(how=How.VALUE, expression=made)] if made is not None:
                pass
            case _:
                continue
        thing = opened(evaluator, made, block)
        if thing is None or thing.type.kind is not Kind.SESSION or is_of_tests(evaluator, block):
            continue
        if _lends(block, name) and block.name in depended_on(evaluator):
            yield Shared(name, thing, made, None, is_overwritten=True)
        elif begins_application(block):
            asked = (node for inner, node in uses(block.home.top, name) if handles(inner))
            use = next(asked, None)
            if use is not None:
                yield Shared(name, thing, made, use, is_kept=True)


def _lends(block: Block, name: str) -> bool:
    """Whether a generator lends what has a name, and nothing else."""
    return bool(block.yields) and all(is_name(one.value, name) for one in block.yields)
