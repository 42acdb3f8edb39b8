"""Bytes to a LibCST module, or one clear reason why not."""

from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from sessionlint.errors import UnreadableFile
from sessionlint.source.background import may_let_go
from sessionlint.source.brackets import deepest
from sessionlint.source.outline import outlined
from sessionlint.source.python import BEYOND, python_tree
from sessionlint.source.text import decoded, lines

if TYPE_CHECKING:
    import libcst as cst

    from sessionlint.source.positions import Positions

__all__ = ["MAX_NESTING", "Source", "Tree", "opened_source", "read_source"]

MAX_NESTING = 200
"""How many open brackets are parsed. Source: CPython refuses more than 200 as well; LibCST's
parser overruns the process stack at about 1,220."""

_AROUND: Final = "class _:\n"
"""Stands before a piece that is indented."""


class Tree(NamedTuple):
    """A tree of the text from `start` on, with some lines before it that the text has not."""

    module: "cst.Module"
    start: int
    lines_more: int = 0


class Source:
    """One file: its bytes, its text, and as much of its tree as somebody asked for.

    `trees` is what has been parsed so far.
    """

    def __init__(self, data: bytes, text: str) -> None:
        self.data = data
        self.text = text
        self.trees: list[Tree] = []

    @cached_property
    def lines(self) -> list[str]:
        """The lines of the text without their ends; line n is `lines[n - 1]`."""
        return lines(self.text)

    @cached_property
    def lets_go(self) -> bool:
        """Whether it may hand a session to the background."""
        return may_let_go(self.data)

    @cached_property
    def positions(self) -> "Positions":
        """Where the nodes of all trees stand."""
        from sessionlint.source.positions import Positions

        return Positions(self.text, self.trees)

    @cached_property
    def module(self) -> "cst.Module":
        """The whole file as one tree; its nodes are other ones than those of the pieces.

        Raises:
            UnreadableFile: a syntax error, or nesting too deep to parse.
        """
        import libcst as cst

        try:
            module = _tree(self.data, self.text)
        except cst.ParserSyntaxError as error:
            raise _unparsed(self.text, error) from error
        self.trees.append(Tree(module, 0))
        return module

    def expect_python(self) -> None:
        """Parse the file whole where this version of Python cannot, which may be an older one.

        Pieces of it may have been parsed though it is none. Python is asked for one statement after
        the other, for its trees are large, too.

        Raises:
            UnreadableFile: a syntax error, or nesting too deep to parse.
        """
        starts = [0, *(part.start for part in outlined(self.text)[1:]), len(self.text)]
        try:
            for start, stop in pairwise(starts):
                python_tree(self.text[start:stop])
        except SyntaxError:
            _ = self.module
        except BEYOND:
            # It says nothing of the grammar, and LibCST may end the process where Python gives up.
            return

    def statements(self, start: int, stop: int, ending: str = "") -> "list[cst.CSTNode]":
        """The statements of a piece of the text, which begins a line; `ending` is put after it.

        Raises:
            UnreadableFile: the piece cannot be parsed by itself.
        """
        import libcst as cst

        piece = self.text[start:stop] + ending
        is_indented = piece.startswith((" ", "\t"))
        if is_indented:
            piece = f"{_AROUND}{piece}"
        try:
            module = _tree(piece, piece)
        except cst.ParserSyntaxError as error:
            raise UnreadableFile("cannot be parsed by itself") from error
        self.trees.append(Tree(module, start, int(is_indented)))
        found: list[cst.CSTNode] = list(module.body)
        if is_indented:
            assert isinstance(found[0], cst.ClassDef)
            found = list(found[0].body.body)
        return found


def opened_source(data: bytes) -> Source:
    """A file of which nothing is parsed yet.

    Raises:
        UnreadableFile: bad encoding or NUL bytes.
    """
    return Source(data, decoded(data))


def read_source(data: bytes) -> Source:
    """A file that is parsed whole.

    Raises:
        UnreadableFile: bad encoding, NUL bytes, a syntax error, or nesting too deep to parse.
    """
    source = opened_source(data)
    _ = source.module
    return source


def _tree(code: bytes | str, text: str) -> "cst.Module":
    import libcst as cst

    depth, line = deepest(text, MAX_NESTING)
    if depth > MAX_NESTING:
        raise UnreadableFile(f"more than {MAX_NESTING} nested brackets", line=line)
    try:
        return cst.parse_module(code)
    except RecursionError as error:
        raise UnreadableFile("nested too deep to parse") from error
    except (cst.CSTValidationError, cst.CSTLogicError) as error:
        # Of what the grammar takes, some cannot be made into nodes: `t"a" t"b"`, `b"a" "b"`.
        raise _unparsed(text) from error


def _unparsed(text: str, error: "cst.ParserSyntaxError | None" = None) -> UnreadableFile:
    """Where the text goes wrong: as Python sees it, else as LibCST does, which is less exact."""
    place = (error.editor_line, error.editor_column) if error is not None else ()
    try:
        python_tree(text)
    except SyntaxError as own:
        if own.lineno:
            reason = f"syntax error: {own.msg}"
            return UnreadableFile(reason, own.lineno, max(own.offset or 1, 1))
    except BEYOND:
        return UnreadableFile("cannot be parsed", *place)
    if error is None:
        return UnreadableFile("holds something that LibCST cannot parse")
    return UnreadableFile(f"syntax error: {_first_line(error.message)}", *place)


def _first_line(message: str) -> str:
    return message.strip().splitlines()[0] if message.strip() else "cannot be parsed"
