"""The failures a person can act on; everything else is a bug and surfaces."""

__all__ = [
    "BaselineError",
    "ChangedFile",
    "ConfigError",
    "SessionlintError",
    "UnfitEdit",
    "UnreadableFile",
    "UnwritableFile",
    "UsageError",
]


class SessionlintError(Exception):
    """An expected failure: one line for the user and the exit code that goes with it."""

    exit_code = 2


class UsageError(SessionlintError):
    """The command line asks for something that does not exist."""


class ConfigError(SessionlintError):
    """A configuration file is malformed or contradicts itself."""


class BaselineError(SessionlintError):
    """A baseline that cannot be read, or is none."""


class UnreadableFile(SessionlintError):
    """A file that cannot be read, decoded or parsed.

    `line` and `column` count from 1; both are 1 when the failure has no place in the text. `cell`
    is the number of a notebook's cell, 0 where it is not about one.
    """

    def __init__(self, reason: str, line: int = 1, column: int = 1, cell: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line
        self.column = column
        self.cell = cell


class UnfitEdit(SessionlintError):
    """An edit that cannot be made in the tree it is about; the words say why."""


class UnwritableFile(SessionlintError):
    """A file that is not to be written, or cannot be."""


class ChangedFile(SessionlintError):
    """A file that no longer holds what was read from it."""
