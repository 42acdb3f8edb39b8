"""The rules that drawn programs are judged by."""

from typing import Final

from sessionlint_rules import RULES

__all__ = ["JUDGED"]

JUDGED: Final = tuple(rule for rule in RULES if not rule.code.startswith("SES3"))
"""All but those about clean-up that is cut off: in a drawn world a close that is cancelled counts
as done. `tests/test_harm.py` cancels real ones."""
