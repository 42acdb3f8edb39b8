"""The rules of sessionlint; one folder is one rule, and `RULES` is the only registry."""

from sessionlint.rule import Rule
from sessionlint_rules.ses101_closed_by_hand.rule import CLOSED_BY_HAND
from sessionlint_rules.ses102_never_closed.rule import NEVER_CLOSED
from sessionlint_rules.ses103_early_exit_skips_close.rule import EARLY_EXIT_SKIPS_CLOSE
from sessionlint_rules.ses104_error_skips_close.rule import ERROR_SKIPS_CLOSE
from sessionlint_rules.ses105_session_in_loop.rule import SESSION_IN_LOOP
from sessionlint_rules.ses106_yield_skips_close.rule import YIELD_SKIPS_CLOSE
from sessionlint_rules.ses107_hand_driven_dependency.rule import HAND_DRIVEN_DEPENDENCY
from sessionlint_rules.ses108_used_after_close.rule import USED_AFTER_CLOSE
from sessionlint_rules.ses109_unbound_session.rule import UNBOUND_SESSION
from sessionlint_rules.ses110_exit_skips_close.rule import EXIT_SKIPS_CLOSE
from sessionlint_rules.ses201_cached_session.rule import CACHED_SESSION
from sessionlint_rules.ses202_session_shared_by_tasks.rule import SESSION_SHARED_BY_TASKS
from sessionlint_rules.ses203_global_session.rule import GLOBAL_SESSION
from sessionlint_rules.ses204_registry_not_removed.rule import REGISTRY_NOT_REMOVED
from sessionlint_rules.ses205_session_escapes_to_background.rule import SESSION_ESCAPES
from sessionlint_rules.ses301_unshielded_await_in_finally.rule import UNSHIELDED_AWAIT_IN_FINALLY
from sessionlint_rules.ses302_unshielded_await_in_except.rule import UNSHIELDED_AWAIT_IN_EXCEPT
from sessionlint_rules.ses303_unshielded_await_in_aexit.rule import UNSHIELDED_AWAIT_IN_AEXIT
from sessionlint_rules.ses304_unshielded_nested_begin.rule import UNSHIELDED_NESTED_BEGIN
from sessionlint_rules.ses305_shield_returns_early.rule import SHIELD_RETURNS_EARLY
from sessionlint_rules.ses401_engine_per_call.rule import ENGINE_PER_CALL
from sessionlint_rules.ses901_unused_suppression.rule import UNUSED_SUPPRESSION
from sessionlint_rules.ses999_unreadable_file.rule import UNREADABLE_FILE

__all__ = ["RULES", "page"]

RULES: tuple[Rule, ...] = (
    CLOSED_BY_HAND,
    NEVER_CLOSED,
    EARLY_EXIT_SKIPS_CLOSE,
    ERROR_SKIPS_CLOSE,
    SESSION_IN_LOOP,
    YIELD_SKIPS_CLOSE,
    HAND_DRIVEN_DEPENDENCY,
    USED_AFTER_CLOSE,
    UNBOUND_SESSION,
    EXIT_SKIPS_CLOSE,
    CACHED_SESSION,
    SESSION_SHARED_BY_TASKS,
    GLOBAL_SESSION,
    REGISTRY_NOT_REMOVED,
    SESSION_ESCAPES,
    UNSHIELDED_AWAIT_IN_FINALLY,
    UNSHIELDED_AWAIT_IN_EXCEPT,
    UNSHIELDED_AWAIT_IN_AEXIT,
    UNSHIELDED_NESTED_BEGIN,
    SHIELD_RETURNS_EARLY,
    ENGINE_PER_CALL,
    UNUSED_SUPPRESSION,
    UNREADABLE_FILE,
)


def page(code: str) -> str:
    """The page of a rule, as Markdown.

    Raises:
        KeyError: no rule has that code.
    """
    # 4 ms, and only asked for by people who read a page.
    from importlib.resources import files

    names = {rule.code: f"{rule.code}_{rule.name}".lower().replace("-", "_") for rule in RULES}
    folder = files("sessionlint_rules").joinpath(names[code])
    return folder.joinpath("README.md").read_text(encoding="utf-8")
