"""What `explain` and `rules` print for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sessionlint.rule import Rule

__all__ = ["page_as_json", "rules_as_json", "section"]


def rules_as_json(rules: Sequence[Rule]) -> str:
    """One array with an object for each rule."""
    return json.dumps([_record(rule) for rule in rules], indent=2)


def page_as_json(rule: Rule, page: str) -> str:
    """One object: what `rules_as_json` tells of the rule, its page, and how findings are fixed.

    Both texts are Markdown.
    """
    told = {"fix": section(page, "How it is fixed"), "page": page}
    return json.dumps({**_record(rule), **told}, indent=2)


def section(page: str, heading: str) -> str:
    """What stands under a heading of a page, up to the next; empty where there is no such."""
    _, _, rest = page.partition(f"\n## {heading}\n")
    return rest.partition("\n## ")[0].strip()


def _record(rule: Rule) -> dict[str, str]:
    return {
        "code": rule.code,
        "name": rule.name,
        "severity": rule.severity.value,
        "summary": rule.summary,
    }
