"""Under which circumstances a function runs: when the program starts, or in a test."""

from __future__ import annotations

import re
from typing import Final

from sessionlint.facts import aside
from sessionlint.facts.caching import is_cache
from sessionlint.facts.calls import decorator_name
from sessionlint.facts.evaluate import Evaluator
from sessionlint.facts.scopes import Block, BlockKind

__all__ = ["is_aside", "starts_up"]

_STARTS: Final = re.compile(
    r"^_*(?:main|lifespan|create_app|make_app|build_app|init\w*|setup\w*|set_up\w*|start\w*|"
    r"on_startup|startup\w*|bootstrap\w*|configure\w*|run_migrations\w*|do_run_migrations|upgrade|"
    r"downgrade|test\w*|(?:create|ensure|drop|check)_(?:\w+_)?(?:db|database|schema|tables?)\w*|migrate\w*|create_tables|create_db\w*|create_all|app_factory|connect_db|"
    r"__init__|__new__|__enter__|__aenter__|__post_init__|__setstate__|cli|run|seed\w*)$",
    re.IGNORECASE,
)
_ONCE: Final = frozenset(
    {"fixture", "asynccontextmanager", "on_event", "command", "before_first_request"}
)


def starts_up(evaluator: Evaluator, block: Block) -> bool:
    """Whether a function runs when the program starts, once, or beside the program."""
    if _ONCE & set(map(decorator_name, block.decorators)):
        return True
    above: Block | None = block
    while above is not None:
        if above.kind is BlockKind.FUNCTION and _STARTS.match(above.name):
            return True
        if any(is_cache(evaluator, decorator, above) for decorator in above.decorators):
            return True
        above = above.parent
    return is_aside(evaluator, block)


def is_aside(evaluator: Evaluator, block: Block) -> bool:
    """Whether a function belongs to tests, migrations, scripts or examples."""
    return aside.is_aside(block.home.path, evaluator.tree.files.root)
