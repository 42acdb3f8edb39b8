"""One statement of a module or class body, and where its text speaks of what."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

import libcst as cst

from sessionlint.facts.scopes import Block
from sessionlint.source.outline import Part, PartKind

__all__ = ["Piece", "assigned", "may_bind", "scope_of", "spoken"]

_USING = frozenset(".([")
_DEFINING = ("def", "class", "type")


class Piece:
    """One statement of a module or class body, or the head of a class.

    `outer` is the scope it stands in and `own` the one it makes. `blocks` are all scopes it makes,
    once it is read; `nodes` is None before. `is_unreadable`: it cannot be parsed by itself.
    """

    __slots__ = (
        *(
            "blocks",
            "calls",
            "defined",
            "is_unreadable",
            "kind",
            "name",
            "nodes",
            "outer",
            "own",
            "place",
        ),
        *("stars", "start", "stop"),
    )

    def __init__(self, part: Part, place: int, outer: Block) -> None:
        self.kind = part.kind
        self.name = part.name
        self.start = part.start
        self.stop = part.body if part.kind is PartKind.CLASS else part.stop
        self.defined = part.body
        self.place = place
        self.outer = outer
        self.own: Block | None = None
        self.nodes: list[cst.CSTNode] | None = None
        # Most pieces are never read, and an empty tuple is one and the same.
        self.blocks: Sequence[Block] = ()
        self.calls: Sequence[cst.Call] = ()
        self.stars: Sequence[str] = ()
        self.is_unreadable = False


def scope_of(piece: Piece) -> Block:
    """The scope whose statements a piece belongs to: a head belongs to its class."""
    is_head = piece.kind is PartKind.CLASS and piece.own is not None
    return piece.own if is_head and piece.own is not None else piece.outer


def spoken(text: str, name: str) -> Iterator[int]:
    """Where a name stands in a text."""
    # Most names are asked for once, and a pattern for each takes longer than the search.
    at = text.find(name) if name else -1
    while at >= 0:
        end = at + len(name)
        if not _is_in_word(text[at - 1 : at]) and not _is_in_word(text[end : end + 1]):
            yield at
        at = text.find(name, end)


def _is_in_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def may_bind(text: str, name: str) -> bool:
    """Whether a statement may give a name a meaning, rather than use what it has."""
    if "import" in text:
        return True
    return any(
        not text.endswith(".", 0, at)
        and (text[at + len(name) : at + len(name) + 1] not in _USING or _is_defined(text, at))
        for at in spoken(text, name)
    )


def _is_defined(text: str, start: int) -> bool:
    return text[:start].rstrip().endswith(_DEFINING)


def assigned(text: str, name: str) -> Iterator[re.Match[str]]:
    """Where an attribute of that name looks as if it were assigned."""
    return _stores(name).finditer(text) if name in text else iter(())


@lru_cache(maxsize=64)
def _stores(name: str) -> re.Pattern[str]:
    return re.compile(rf"\.\s*{re.escape(name)}\s*(?:[-+*/%&|^@<>]{{0,3}}=(?!=)|[,:)\]#\\]|in\b)")
