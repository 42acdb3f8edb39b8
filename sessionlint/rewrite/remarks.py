"""The comments in a piece of syntax, and those that go with the close they tell of."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

import libcst as cst

from sessionlint.source.below import below

__all__ = ["all_comments", "comments", "tells_of_close"]

_ENDING: Final = frozenset(
    "close closes closed closing clean cleans cleaned cleaning cleanup release releases released "
    "releasing dispose disposes disposed".split()
)
"""Words of which there is one in such a comment."""

_BESIDE: Final = frozenset(
    "a after again all also always an and are as at back be by case conn connection connections "
    "cursor database db doing don't done ensure error errors even everything exception fails "
    "finally finished forget function get gets happen happens here if in is it just last make "
    "matter need needs new no not now occur occurs of off on once only open opened or our out "
    "properly query raise raised raises remember resource resources session sessions should so "
    "sql sqlalchemy sqlmodel sure that the their them then this to up use used using was we what "
    "whatever when which with work".split()
)
"""Other words that it may have, and that tell nothing that the code does not."""


def tells_of_close(comment: str) -> bool:
    """Whether all that a comment says is that something is closed: `# always close the session`.

    In code that closes by `with`, it would stand before something else.
    """
    words = set(re.findall(r"[\w']+", comment.lower()))
    is_plain = re.fullmatch(r"#+[\s\w',.!-]*", comment) is not None
    return is_plain and not words.isdisjoint(_ENDING) and words <= _ENDING | _BESIDE


def comments(nodes: Iterable[cst.CSTNode]) -> list[str]:
    """Every comment in some nodes, white space included, in order."""
    found: list[str] = []
    stack: list[cst.CSTNode] = list(reversed(list(nodes)))
    while stack:
        node = stack.pop()
        if isinstance(node, cst.Comment):
            found.append(node.value)
        stack.extend(reversed(node.children))
    return found


def all_comments(nodes: Iterable[cst.CSTNode]) -> Counter[str]:
    """How often each comment that tells of more than a close is in some nodes.

    LibCST's own `children`, which are in order, take five times as long.
    """
    found: Counter[str] = Counter()
    stack = list(nodes)
    while stack:
        node = stack.pop()
        if type(node) is cst.Comment and not tells_of_close(node.value):
            found[node.value] += 1
        stack += below(node)
    return found
