"""What came out of one file."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sessionlint.stored import findings_of, rows_of

if TYPE_CHECKING:
    from sessionlint.model import Finding

__all__ = ["Outcome", "Told"]

Told = tuple[str, ...]
"""A fact, and its answer last."""


class Outcome(NamedTuple):
    """What came out of one file; `rests_on` has all that it rests on, None where that is unknown.

    `contents` is the digest of what the file held.
    """

    found: list[Finding]
    contents: str
    rests_on: list[Told] | None

    def packed(self) -> bytes:
        """The same as bytes, for another process."""
        import json

        return json.dumps([rows_of(self.found), self.contents, self.rests_on]).encode()

    @classmethod
    def unpacked(cls, data: bytes) -> Outcome:
        """The outcome that was packed."""
        import json

        found, contents, rests_on = json.loads(data)
        facts = None if rests_on is None else [tuple(fact) for fact in rests_on]
        return cls(findings_of(found), contents, facts)
