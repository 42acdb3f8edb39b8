"""Which findings the comments of a file take back, and what each comment has to show for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from sessionlint.model import Finding, Review, Suppression

if TYPE_CHECKING:
    from sessionlint.source.layout import Layout

__all__ = ["Comments"]


class Comments:
    """The comments of one file, which remember what they have taken back.

    `lines` are those of the file; without the words that such comments need, none is looked for.
    Unless `honours_noqa`, somebody else takes back what `# noqa` is about; it counts as used.
    """

    def __init__(self, text: str, lines: Sequence[str], *, honours_noqa: bool = True) -> None:
        small = text.lower()
        self._lines = lines
        self._honours_noqa = honours_noqa
        self._is_silent = "noqa" not in small and "sessionlint" not in small
        self._used: dict[Suppression, set[str]] = {}

    @cached_property
    def _layout(self) -> Layout:
        from sessionlint.source.layout import layout

        return layout(self._lines)

    @cached_property
    def _by_line(self) -> dict[int, list[Suppression]]:
        """What is said on each line; on line 0, what is said of the whole file."""
        found: dict[int, list[Suppression]] = {}
        if self._is_silent:
            return found
        # Few files have such a comment, and its patterns take half a millisecond.
        from sessionlint.suppress.reading import suppressions

        for one in suppressions(self._lines, self._layout):
            found.setdefault(0 if one.is_file else one.line, []).append(one)
        return found

    def take_back(self, finding: Finding, besides: Suppression | None = None) -> bool:
        """Whether a comment takes a finding back, other than the one that it is about.

        Comments on all lines of the statement count, those inside strings for `# noqa` alone.
        """
        if self._is_silent or not self._by_line:
            return False
        is_taken = False
        for one in self._about(finding):
            codes = [""] if one.is_blanket else [code for _, code in one.codes]
            fitting = {code for code in codes if finding.code.startswith(code)}
            if fitting and one != besides:
                self._used.setdefault(one, set()).update(fitting)
                is_taken = is_taken or self._honours_noqa or not one.is_noqa
        return is_taken

    def _about(self, finding: Finding) -> Iterator[Suppression]:
        span = finding.span
        first = self._layout.statement(span.line).start
        last = self._layout.statement(span.end_line).stop
        near: Sequence[int] = range(first, last)
        if len(near) > len(self._by_line):
            # One statement may be a table of 100,000 lines with findings in many of them.
            near = [line for line in self._by_line if line in near]
        for line in (0, *near):
            yield from self._by_line.get(line, ())

    def bare(self, line: int) -> str:
        """What stays of a line when it is indented anew, or a comment comes or goes."""
        text = self._lines[line - 1]
        # Most findings are on lines without one, and asking for the layout reads all of the file.
        comment = self._layout.comments.get(line) if "#" in text else None
        return " ".join((text[: comment.column] if comment else text).split())

    def reviews(self, judged: frozenset[str]) -> Iterator[Review]:
        """Every comment with what it has taken back so far; `judged` are the rules that are on."""
        for one in (one for found in self._by_line.values() for one in found):
            if one.is_comment:
                yield Review(one, frozenset(self._used.get(one, ())), judged)
