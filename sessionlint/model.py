"""What the rooms hand each other: places, findings and fixes, as plain data."""

from dataclasses import dataclass
from enum import Enum

__all__ = ["Edit", "Finding", "Fix", "Note", "Safety", "Severity", "Span"]


class Severity(Enum):
    """How bad a finding is: a sure leak, a leak that needs bad luck, or a matter of form."""

    LEAK = "leak"
    RISK = "risk"
    STYLE = "style"
    ERROR = "error"


class Safety(Enum):
    """Whether a fix may be applied without asking."""

    SAFE = "safe"
    UNSAFE = "unsafe"


@dataclass(frozen=True, order=True, slots=True)
class Span:
    """A stretch of text: lines from 1, columns from 0 in code points, the end exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Note:
    """A second place that explains a finding.

    `path` is None when the place lies in the finding's own file.
    """

    span: Span
    message: str
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of text, as the stretch to replace and what replaces it."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """A rewrite that removes a finding; all edits apply or none does."""

    title: str
    safety: Safety
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to tell the user, with its place.

    `steps` is the path that leads to the harm, in the order it is walked; it is empty for
    findings that are not about a path. `fix` is None where no sound rewrite is known.
    """

    code: str
    name: str
    severity: Severity
    message: str
    span: Span
    notes: tuple[Note, ...] = ()
    steps: tuple[Note, ...] = ()
    fix: Fix | None = None
