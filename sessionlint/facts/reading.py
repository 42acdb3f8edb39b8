"""A module that is read statement by statement, no farther than somebody asks.

What is found is what reading all of it would have found: whoever asks for a name gets every
statement that can bind it, and whoever asks for more than a name gets everything.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from itertools import islice, takewhile

import libcst as cst

from sessionlint.errors import UnreadableFile
from sessionlint.facts.collect import Visit, collected
from sessionlint.facts.module import Module
from sessionlint.facts.pieces import Piece, assigned, may_bind, scope_of, spoken
from sessionlint.facts.scopes import Binding, Block, BlockKind, How
from sessionlint.source.bindings import other_names, own_names
from sessionlint.source.outline import Part, PartKind
from sessionlint.source.parse import Source

__all__ = ["Reader"]

_OUTSIDE = re.compile(r"\b(?:global|nonlocal)[ \t]+([^;#\n\\]*(?:\\\n[^;#\n\\]*)*)")
_WORD = re.compile(r"\w+")
_CLASS = re.compile(r"\bclass\b")
_STAR = re.compile(r"\bimport[ \t\\\n]*\*")
_EMPTY = {PartKind.CLASS: "class _: ...", PartKind.FUNCTION: "def _(): ..."}


class Reader:
    """Reads the pieces of one module when they are asked for."""

    def __init__(self, source: Source, parts: Iterable[Part], home: Module, visit: Visit) -> None:
        self.text = source.text
        self._source = source
        self._visit = visit
        self.top = Block(BlockKind.MODULE, "<module>", None, home, -1)
        self.top.unread = self
        self._is_declaring = "global" in self.text or "nonlocal" in self.text
        self.pieces: list[Piece] = []
        for part in parts:
            self._cut(part)
        self._starts = [piece.start for piece in self.pieces]
        self._has_stars = False
        self._asked: set[tuple[int, str]] = set()
        self._spoken: dict[str, list[Piece]] = {}
        self._declared = [
            (self.place_of(match.start()), frozenset(_WORD.findall(match[1])))
            for match in self._outside(0, len(self.text))
        ]

    def _cut(self, part: Part) -> None:
        code = (one for one in part.members if one.kind is PartKind.CODE)
        if any(any(self._outside(one.start, one.stop)) for one in code):
            # `global` in a class body: its names are those of the module from here on.
            part = Part(PartKind.CODE, part.start, part.stop)
        piece = self._piece(part, self.top)
        if part.kind is not PartKind.CLASS:
            return
        self._bind(piece)
        assert piece.own is not None
        for member in part.members:
            self._piece(member, piece.own)

    def _outside(self, start: int, stop: int) -> Iterable[re.Match[str]]:
        """Where names of other scopes are declared; most files are searched for a word alone."""
        return _OUTSIDE.finditer(self.text, start, stop) if self._is_declaring else ()

    def _piece(self, part: Part, outer: Block) -> Piece:
        piece = Piece(part, len(self.pieces), outer)
        self.pieces.append(piece)
        return piece

    def place_of(self, offset: int) -> int:
        """The number of the piece that a place in the text belongs to, -1 for none."""
        return bisect_right(self._starts, offset) - 1

    def at(self, offsets: Iterable[int]) -> list[Piece]:
        """The pieces that places in the text belong to, each once."""
        places = {self.place_of(offset) for offset in offsets}
        return [self.pieces[place] for place in sorted(places) if place >= 0]

    def spoken(self, name: str) -> list[Piece]:
        """The pieces in which a name stands."""
        if name not in self._spoken:
            self._spoken[name] = self.at(spoken(self.text, name))
        return self._spoken[name]

    def text_of(self, piece: Piece) -> str:
        """The text of a piece."""
        return self.text[piece.start : piece.stop]

    @property
    def lets_go(self) -> bool:
        """Whether the module may hand a session to the background."""
        return self._source.lets_go

    def own_names(self) -> frozenset[str]:
        """The names by which this module alone may acquire."""
        return frozenset(word.decode() for word in own_names(self._source.data))

    def other_names(self) -> dict[str, frozenset[str]]:
        """What the module assigns to names that it calls, by name alone."""
        found = other_names(self._source.data)
        return {
            new.decode(): frozenset(word.decode() for word in old) for new, old in found.items()
        }

    # What is asked of a scope.

    def read_all(self, block: Block) -> None:
        """Read all that stands in a scope."""
        if block.kind is BlockKind.FUNCTION:
            self.read(self.pieces[block.place])
            return
        for piece in self._inside(block):
            self.read(piece)
        self._order(block)
        near = block.near
        near.blocks.sort(key=lambda one: one.place)
        for bindings in (*near.names.values(), *near.attributes.values()):
            bindings.sort(key=_place)
        near.names = dict(sorted(near.names.items(), key=lambda item: item[1][0].place))
        block.unread = None
        block.tree = self._composed(block)

    def _inside(self, block: Block) -> list[Piece]:
        """The pieces of a module, or of a class with its head."""
        if block is self.top:
            return self.pieces
        below = islice(self.pieces, block.place + 1, None)
        return [self.pieces[block.place], *takewhile(lambda piece: piece.outer is block, below)]

    def _order(self, block: Block) -> None:
        """Put into source order what has been read of a module or class."""
        own = [piece for piece in self._inside(block) if scope_of(piece) is block]
        block.near.calls = [call for piece in own for call in piece.calls]
        block.near.stars = [star for piece in own for star in piece.stars]

    def read_head(self, block: Block) -> None:
        """Read the definition of a function or class, of a class without its body."""
        if block.kind is not BlockKind.MODULE:
            self.read(self.pieces[block.place])

    def read_name(self, block: Block, name: str) -> None:
        """Read whatever binds a name in a scope."""
        if block.kind is BlockKind.FUNCTION:
            self.read_all(block)
            return
        if (block.place, name) in self._asked:
            return
        self._asked.add((block.place, name))
        for place, names in self._declared if block is self.top else ():
            if name in names:
                self.read(self.pieces[place])
        for piece in self.spoken(name):
            if scope_of(piece) is block and piece.kind is not PartKind.FUNCTION:
                if piece.nodes is None and may_bind(self.text_of(piece), name):
                    self.read(piece)
            elif piece.outer is block and piece.name == name:
                self._bind(piece)
        block.near.names.get(name, []).sort(key=_place)

    def read_attribute(self, block: Block, name: str) -> None:
        """Read whatever gives a value to that attribute of a class."""
        for piece in self._storing(name):
            if piece.outer is block:
                self.read(piece)
        block.near.attributes.get(name, []).sort(key=_place)

    def read_stars(self) -> None:
        """Read every import of everything."""
        if not self._has_stars:
            self._has_stars = True
            for piece in self.at(match.start() for match in _STAR.finditer(self.text)):
                self.read(piece)
            self._order(self.top)

    # What is asked of the module.

    def all_blocks(self) -> list[Block]:
        """Every scope, the module's own first, in source order."""
        self.read_all(self.top)
        return [self.top, *(block for piece in self.pieces for block in piece.blocks)]

    def speaking(self, name: str) -> list[Block]:
        """Every scope in which a name stands, in source order."""
        found = self.read_blocks(self.spoken(name))
        for block in found:
            if block.unread is not None:
                self._order(block)
        return found

    def importing(self, package: str) -> list[Block]:
        """Every scope that may import something of a package."""
        pieces = self.spoken(package)
        return self.read_blocks(one for one in pieces if "import" in self.text_of(one))

    def assigning(self, name: str) -> list[Binding]:
        """Every way in which an object or class gets an attribute of that name."""
        for piece in self._storing(name):
            self.read(piece)
        found = sorted(self.top.home.fields.get(name, []), key=_place)
        for block in self._classes_speaking(name):
            found += block.bindings(name)
        return found

    def _classes_speaking(self, name: str) -> list[Block]:
        """Every class in whose body a name may stand."""
        found: dict[int, Block] = {}
        for piece in self.spoken(name):
            if piece.outer is not self.top:
                found[id(piece.outer)] = piece.outer
            if piece.kind is not PartKind.CLASS and _CLASS.search(self.text_of(piece)):
                self.read(piece)
                below = (block for block in piece.blocks if block.kind is BlockKind.CLASS)
                found.update((id(block), block) for block in below)
        return list(found.values())

    def _storing(self, name: str) -> list[Piece]:
        return self.at(match.start() for match in assigned(self.text, name))

    # How it is read.

    def read_blocks(self, pieces: Iterable[Piece]) -> list[Block]:
        """The scopes of some pieces with those they stand in, in source order."""
        found: dict[int, Block] = {}
        for piece in pieces:
            self.read(piece)
            if piece.kind is not PartKind.FUNCTION:
                scope = scope_of(piece)
                found[id(scope)] = scope
            found.update((id(block), block) for block in piece.blocks)
        return sorted(found.values(), key=lambda block: block.place)

    def read(self, piece: Piece) -> None:
        """Read a piece; one that cannot be parsed says nothing."""
        if piece.nodes is not None:
            return
        try:
            piece.nodes = self._parsed(piece)
        except UnreadableFile:
            piece.is_unreadable = True
            piece.nodes = [cst.parse_statement(_EMPTY[piece.kind])] if piece.name else []
        if piece.name:
            self._bind(piece)
        near = scope_of(piece).near
        calls, stars = len(near.calls), len(near.stars)
        piece.blocks = collected(piece.nodes, piece.outer, self._visit, piece.place, piece.own)
        if piece.kind is PartKind.CODE:
            near.nodes += piece.nodes
        piece.calls, piece.stars = near.calls[calls:], near.stars[stars:]
        if piece.own is not None and piece.kind is PartKind.FUNCTION:
            piece.own.unread = None
        elif piece.own is not None:
            piece.own.tree = None

    def _parsed(self, piece: Piece) -> list[cst.CSTNode]:
        if len(self.pieces) == 1 and piece.kind is PartKind.CODE:
            return [self._source.module]
        ending = "    ...\n" if piece.kind is PartKind.CLASS else ""
        return self._source.statements(piece.start, piece.stop, ending)

    def _bind(self, piece: Piece) -> None:
        """Bind the name of a function or class to a scope that is still to be read."""
        if piece.own is not None:
            return
        kind = BlockKind.CLASS if piece.kind is PartKind.CLASS else BlockKind.FUNCTION
        block = Block(kind, piece.name, piece.outer, piece.outer.home, piece.place)
        block.unread = self
        piece.own = block
        binding = Binding(How.DEFINITION, None, piece.outer, (piece.place, 0), target=block)
        piece.outer.near.names.setdefault(piece.name, []).append(binding)

    def _composed(self, block: Block) -> cst.CSTNode:
        """The tree of a module or class, made of the trees of its pieces."""
        body: list[cst.CSTNode] = []
        for piece in self._inside(block):
            if piece.outer is block and piece.own is not None:
                body.append(piece.own.node)
            elif piece.outer is block:
                body += piece.nodes or []
        if block.kind is BlockKind.MODULE:
            is_one = len(body) == 1 and isinstance(body[0], cst.Module)
            return body[0] if is_one else cst.Module(body)  # type: ignore[arg-type]
        assert isinstance(block.head, cst.ClassDef)
        return block.head.with_changes(body=cst.IndentedBlock(body))  # type: ignore[arg-type]


def _place(binding: Binding) -> tuple[int, int]:
    return binding.place
