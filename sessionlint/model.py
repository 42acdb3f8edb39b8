"""What the rooms hand each other: places, findings and fixes, as plain data."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    import libcst as cst

__all__ = [
    "AddImport",
    "Edit",
    "Finding",
    "Fix",
    "Note",
    "RemoveImportIfUnused",
    "Replace",
    "ReplaceComment",
    "Review",
    "Safety",
    "Severity",
    "Span",
    "Splice",
    "Suppression",
]


class Severity(Enum):
    """How bad a finding is: a sure leak, a leak that needs bad luck, or a matter of form.

    ERROR is a file that could not be checked.
    """

    LEAK = "leak"
    RISK = "risk"
    STYLE = "style"
    ERROR = "error"


class Safety(Enum):
    """Whether a fix may be applied without asking."""

    SAFE = "safe"
    UNSAFE = "unsafe"


class Span(NamedTuple):
    """A stretch of text: lines from 1, columns from 0 in code points, the end exclusive.

    In a notebook `cell` is the number of the cell, from 1, whose lines these are; else it is 0.
    """

    line: int
    column: int
    end_line: int
    end_column: int
    cell: int = 0


class Note(NamedTuple):
    """A second place that explains a finding.

    `path` is None when the place lies in the finding's own file.
    """

    span: Span
    message: str
    path: str | None = None


class Splice(NamedTuple):
    """The statements `[start:stop]` of a block's body give way to others.

    The others may hold nodes of the old tree, moved there as they are; edits of those still apply.
    """

    block: cst.IndentedBlock | cst.Module
    start: int
    stop: int
    statements: tuple[cst.BaseStatement, ...]


class Replace(NamedTuple):
    """One node gives way to another, which may hold the old one, or to nothing."""

    node: cst.CSTNode
    new: cst.CSTNode | cst.RemovalSentinel


class ReplaceComment(NamedTuple):
    """The comment that begins at a place reads `text` from now on; it goes if that is empty.

    A line that held nothing else goes with it.
    """

    line: int
    column: int
    text: str


class AddImport(NamedTuple):
    """`from module import name` at the top of the file, unless it is there already."""

    module: str
    name: str


class RemoveImportIfUnused(NamedTuple):
    """The module's own import of a name goes, if nothing mentions that name any more."""

    name: str


Edit: TypeAlias = Splice | Replace | ReplaceComment | AddImport | RemoveImportIfUnused
"""One change of a syntax tree. Nodes of the old tree are meant by identity."""


class Fix(NamedTuple):
    """A rewrite that removes a finding; all edits apply or none does.

    `title` is a verb phrase, `reason` says why the fix is UNSAFE and is empty where it is SAFE.
    """

    title: str
    safety: Safety
    edits: tuple[Edit, ...] = ()
    reason: str = ""

    @classmethod
    def weighed(cls, title: str, edits: tuple[Edit, ...], reason: str) -> Fix:
        """A fix that is UNSAFE where there is a reason."""
        return cls(title, Safety.UNSAFE if reason else Safety.SAFE, edits, reason)


class Finding(NamedTuple):
    """One thing to tell the user, with its place.

    `steps` is the path that leads to the harm, in the order it is walked; it is empty for
    findings that are not about a path. `fix` is None where no sound rewrite is known.
    `function` is the dotted name of the function or class that it was found in, empty for the
    module; `text` is its first line but for white space and comments.
    """

    code: str
    name: str
    severity: Severity
    message: str
    span: Span
    notes: tuple[Note, ...] = ()
    steps: tuple[Note, ...] = ()
    fix: Fix | None = None
    function: str = ""
    text: str = ""


class Suppression(NamedTuple):
    """A stretch of a comment that takes findings back: of its statement, or of the whole file.

    It is `text[start:stop]`, where `text` is all of the comment, which begins at `line`, `column`.
    `codes` are what it names, in capitals, with the index of each in the text; a blanket one
    names none and takes back everything. With `is_noqa` other linters read it as well. Without
    `is_comment` it is a `# noqa` in a string, and `text` nothing more than that, or flake8's own
    line for a whole file. Unless `is_clear`, it is written in a way that takes nothing back.
    """

    line: int
    column: int
    text: str
    start: int
    stop: int
    codes: tuple[tuple[int, str], ...]
    is_blanket: bool
    is_noqa: bool
    is_file: bool
    is_comment: bool
    is_clear: bool

    @property
    def span(self) -> Span:
        """Where the stretch stands."""
        return Span(self.line, self.column + self.start, self.line, self.column + self.stop)


class Review(NamedTuple):
    """What there is to say about a suppression once all of its file is judged.

    `used` are those of its codes that took something back, the empty one for a blanket; `judged`
    are the codes of all rules that are on.
    """

    suppression: Suppression
    used: frozenset[str]
    judged: frozenset[str]
