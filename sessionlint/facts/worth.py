"""Which statements of a module are worth reading for what is found in them alone.

A rule speaks of what a statement acquires, of its caches and its engines, and all of these call
something by a name that may acquire; or of how it cleans up. What else a rule wants to know is
read when it asks.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sessionlint.facts.caching import is_cache_name
from sessionlint.facts.catalog import CALLS, METHODS, TYPES, How, Kind
from sessionlint.facts.depending import depended_on
from sessionlint.source.background import lets_go
from sessionlint.source.chains import is_on_call
from sessionlint.source.cleaning import may_be_cut_off
from sessionlint.source.driving import driving
from sessionlint.source.fanning import may_fan_out
from sessionlint.source.gate import HALF_MANAGED
from sessionlint.source.logical import logical
from sessionlint.source.outline import PartKind, is_balanced
from sessionlint.source.threads import PASSING

if TYPE_CHECKING:
    from sessionlint.facts.evaluate import Evaluator
    from sessionlint.facts.module import Module
    from sessionlint.facts.modules import Tree
    from sessionlint.facts.pieces import Piece
    from sessionlint.facts.scopes import Block

__all__ = ["BUILDERS", "DATABASE", "TAKING", "has_unreadable", "worth_following"]

BUILDERS: Final = frozenset(
    name.rpartition(".")[2]
    for name, gift in CALLS.items()
    if gift.how is How.FRESH and TYPES[gift.type].kind in {Kind.ENGINE, Kind.POOL}
)
"""The catalogue's calls that build an engine or a pool."""

TAKING: Final = frozenset(
    name
    for name, gift in (
        *((name.rpartition(".")[2], gift) for name, gift in CALLS.items()),
        *((method, gift) for (_, method), gift in METHODS.items()),
    )
    if gift.how is How.ITSELF or TYPES[gift.type].kind is Kind.CONNECTION
)
"""The catalogue's calls that give a connection, or the one they were called on."""

_LOST: Final = BUILDERS | TAKING
"""The calls whose result is lost where it is only asked whether there is any."""

DATABASE: Final = frozenset(
    "execute scalar scalars query get get_one add add_all merge delete commit flush exec cursor "
    "fetch fetchrow fetchval exec_driver_sql executemany executescript run_sync stream "
    "stream_scalars".split()
)
"""Methods that need a connection."""

_WORD: Final = re.compile(r"\w+")
_CHAINED: Final = re.compile(
    rf"(?:[^\w\s]\s*|^[ \t]*)\.[\s\\]*(?:{'|'.join(sorted(DATABASE))})\b", re.MULTILINE
)
"""A method that needs a connection, called on something that is neither name nor attribute."""
_ASKING: Final = rf"\.\s*(?:{'|'.join(sorted(DATABASE))})\b".encode()

# What stands on a line with at most one colon, the one that ends it.
_REST: Final = r"(?:[^:;\n]*:[ \t]*(?:#[^\n]*)?|[^:;\n]*)$"
_PASSING_ON: Final = re.compile(
    rf"[ \t]*(?:(?:(?:async[ \t]+)?with|elif|while|assert|raise|del)\b{_REST}"
    r"|return\b(?:[^:;\n]|:(?!=))*$)",
    re.MULTILINE,
)
"""The first line of a statement that binds nothing, or binds only what it enters."""
_ASKED: Final = re.compile(r"[ \t]*(?:if|elif|while|assert)\b|.*\b(?:is|not)\b")
"""The line of a statement that asks whether there is anything, and lets go of it."""
_TESTED: Final = re.compile(r"[ \t]*if\b([^:;\n]*):[ \t]*(?:#[^\n]*)?$", re.MULTILINE)
_ARGUMENT: Final = re.compile(r"(?!\s*(?:async\s+)?with\b).*[(,=]\s*[\w.]*$")
"""What stands before an argument in a line that enters nothing."""
_KEYED: Final = re.compile(r".*[\"'][ \t]*:[ \t]*[\w.]*$")
"""What stands before a value of a mapping, which may be the context of a GraphQL application."""
_FOR_SESSION: Final = re.compile(r"ession\w*[ \t]*\(")
"""What stands before an argument of a session, which never closes a connection it is given."""
_OF_SESSIONS: Final = re.compile(r"(?i)session|^sess")
_OF_ENGINES: Final = re.compile(r"(?i)engine|pool|conn")
"""What a name says of what it gives: one of a session is neither an engine nor a connection."""
_RETURNED: Final = re.compile(
    r"\breturn[ \t(]+(?:await[ \t]+)?(?:(?:\w+\.)*(\w+)(?:\[[^\]\n]*\])?\(|\w+[ \t]*(?:#|$))",
    re.MULTILINE,
)
"""The call that a statement returns, by its name; empty for a variable."""
_DECORATED: Final = re.compile(r"^[ \t]*@[ \t]*([\w.]*)", re.MULTILINE)


def worth_following(evaluator: Evaluator, path: Path) -> list[Block]:
    """The scopes of a file in which something may be found, in source order.

    Raises:
        UnreadableFile: one of them cannot be parsed.
    """
    module = evaluator.tree.module(path)
    assert module is not None
    if evaluator.is_full:
        return module.blocks
    pieces = _Search(evaluator, module).pieces()
    blocks = module.reader.read_blocks(pieces)
    return evaluator.tree.whole(path).blocks if has_unreadable(evaluator.tree, path) else blocks


def has_unreadable(tree: Tree, path: Path) -> bool:
    """Whether a statement of a file has been asked for that cannot be parsed by itself."""
    module = tree.module(path)
    return module is not None and any(piece.is_unreadable for piece in module.reader.pieces)


class _Search:
    """Looks through the text of one module."""

    def __init__(self, evaluator: Evaluator, module: Module) -> None:
        self._evaluator = evaluator
        self._by_name = evaluator.by_name
        self._module = module
        self._reader = module.reader
        self._text = module.reader.text
        self._is_half_managed = HALF_MANAGED in self._text

    def pieces(self) -> list[Piece]:
        producers = self._by_name.producers
        assert producers is not None
        if producers.is_only_cleaning(str(self._module.path)):
            return [piece for piece in self._reader.pieces if self._is_waiting(piece)]
        is_waiting = _may_wait_in_vain(self._text) and producers.may_wait(
            self._text.encode(), str(self._module.path)
        )
        calls = self._calls()
        found = [
            piece
            for piece in self._reader.pieces
            if (piece.place in calls and self._may_acquire(piece, calls[piece.place]))
            or self._may_be_cached(piece, is_calling=piece.place in calls)
            or (is_waiting and self._is_waiting(piece))
        ]
        if self._reader.lets_go:
            pieces = self._reader.pieces
            found += [piece for piece in pieces if lets_go(self._reader.text_of(piece))]
        found += self._reader.at(match.start() for match in driving(self._text))
        found += [self._reader.pieces[place] for place in sorted(self._module.outliving)]
        found += [piece for name in self._module.opening for piece in self._reader.spoken(name)]
        passing = [piece for name in sorted(PASSING) for piece in self._reader.spoken(name)]
        found += [
            piece
            for piece in passing
            if any(map(self._is_calling, set(_WORD.findall(self._reader.text_of(piece)))))
        ]
        return found

    def _is_calling(self, name: str, *, is_attribute: bool = False) -> bool:
        return self._by_name.is_calling(name, self._module, is_attribute=is_attribute)

    def _calls(self) -> dict[int, list[tuple[int, str]]]:
        """Where something is called that may acquire, by the place of the statement."""
        found: dict[int, list[tuple[int, str]]] = {}
        worth: dict[str, str] = {}
        stop = 0
        # Splitting at brackets is a tenth of the cost of a regular expression for names before one.
        for piece in self._text.replace("[", "(").split("("):
            stop += len(piece) + 1
            words = piece.rstrip(" \t\n\\").rsplit(None, 1)
            last = words[-1] if words else ""
            if last not in worth:
                worth[last] = self._name_worth_following(last)
            name = worth[last]
            if name and not (len(words) > 1 and words[0].endswith(("def", "class"))):
                offset = self._text.rfind(name, 0, stop)
                found.setdefault(self._reader.place_of(offset), []).append((offset, name))
        return found

    def _name_worth_following(self, last: str) -> str:
        # Searched from its end: a string of many letters may end there.
        match = _WORD.match(last[::-1])
        if match is None:
            return ""
        name = match[0][::-1]
        is_attribute = last.endswith(".", 0, -match.end())
        return name if self._is_calling(name, is_attribute=is_attribute) else ""

    def _may_acquire(self, piece: Piece, calls: list[tuple[int, str]]) -> bool:
        """Whether a call stands where a rule looks for one."""
        # Where the statement of a call ends is not for bytes to say, so all behind it counts.
        if _CHAINED.search(self._text, calls[0][0], piece.stop) and self._is_chained(piece, calls):
            return True
        if piece.kind is PartKind.CLASS:
            return False
        is_any = piece.kind is PartKind.CODE or any(
            offset >= piece.defined and not self._is_passing(offset, name) for offset, name in calls
        )
        return is_any or self._is_depended_on(piece, {name for _, name in calls})

    def _is_chained(self, piece: Piece, calls: list[tuple[int, str]]) -> bool:
        """Whether a method that needs a connection is called on what one of the calls gives."""
        text = logical(self._reader.text_of(piece).encode())
        names = {name.encode() for _, name in calls}
        return any(is_on_call(text, dot.start(), names) for dot in re.finditer(_ASKING, text.data))

    def _is_depended_on(self, piece: Piece, called: set[str]) -> bool:
        """Whether FastAPI gets what a function returns, and closes it no more than anybody."""
        if piece.kind is not PartKind.FUNCTION:
            return False
        returned = _RETURNED.findall(self._reader.text_of(piece))
        # All of the project is searched for that, so that it is asked last.
        is_giving = any(not name or name in called for name in returned)
        return is_giving and piece.name in depended_on(self._evaluator)

    def _is_passing(self, offset: int, name: str) -> bool:
        """Whether a call gives its result to a test, a `with` or the caller, and to no other call.

        An engine does not count, which is lost in all of these, nor does a connection in a test or
        for a session.

        Continuing lines begin with none of the words that are looked for, except `if`.
        """
        if self._is_half_managed:
            return False
        line = self._text.rfind("\n", 0, offset) + 1
        tested = _TESTED.match(self._text, line)
        if not (is_balanced(tested[1]) if tested else _PASSING_ON.match(self._text, line)):
            return False
        if _ARGUMENT.match(self._text, line, offset) or _KEYED.match(self._text, line, offset):
            return False
        is_attribute = self._text.endswith(".", line, offset)
        if _OF_SESSIONS.search(name) and not _OF_ENGINES.search(name):
            return True
        is_lost = _ASKED.match(self._text, line) or _FOR_SESSION.search(self._text, line, offset)
        lost = _LOST if is_lost else BUILDERS
        return not self._by_name.is_giving(name, self._module, lost, is_attribute=is_attribute)

    def _is_waiting(self, piece: Piece) -> bool:
        return piece.kind is not PartKind.CLASS and _may_wait_in_vain(self._reader.text_of(piece))

    def _may_be_cached(self, piece: Piece, *, is_calling: bool) -> bool:
        """Whether a cache may keep what a function in it gives."""
        if not is_calling and "yield" not in self._reader.text_of(piece):
            return False
        for match in _DECORATED.finditer(self._text, piece.start, piece.stop):
            is_own = piece.kind is PartKind.FUNCTION and match.start() < piece.defined
            if not is_own or is_cache_name(self._evaluator, match[1], piece.outer):
                return True
        return False


def _may_wait_in_vain(text: str) -> bool:
    """Whether a cancellation may cut off clean-up in a text, or tasks may share a session."""
    return may_be_cut_off(text) or may_fan_out(text)
