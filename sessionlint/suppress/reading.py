"""The comments of a text that take findings back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from sessionlint.model import Suppression
from sessionlint.source.layout import Layout

__all__ = ["suppressions"]

_CODES: Final = r":\s?(?P<codes>(?:[A-Z]+[0-9]+(?:[,\s]+)?)+)"
_NOQA: Final = re.compile(rf"#[ \t]{{0,9}}noqa(?:{_CODES})?", re.IGNORECASE)
# A code that follows at once was meant to stand in brackets. The codes are bounded, for behind each
# bracket that is not closed another comment may stand.
_OWN: Final = re.compile(
    r"#\s*sessionlint[ \t]{0,9}:\s*(?:"
    r"ignore(?P<file>-file)?"
    r"(?:\s*\[(?P<codes>[^\]]{0,1000})\]|(?!\s*\[|[\w-]|[\s:=(,;]{0,9}(?i:SES)\d))"
    r"|(?P<unclear>ignore|disable|noqa)(?:[^#]*[^#\s])?)"
)
_FLAKE8: Final = re.compile(rf"\s*# flake8[:=]\s*noqa(?:\s*$|{_CODES})", re.IGNORECASE)
_CODE: Final = re.compile(r"[^,\s]+")


def suppressions(lines: Sequence[str], layout: Layout) -> Iterator[Suppression]:
    """Everything in a text that takes findings back.

    `# noqa` takes back everything, `# noqa: SES103, SES2` what has one of the codes or begins
    with one; case does not matter. `# sessionlint: ignore` and `# sessionlint: ignore[SES103]`
    are the same, `ignore-file` is for the whole file. What is meant so and written in another way,
    `# sessionlint: disable=SES103` or `ignore SES103`, is unclear and takes nothing back. A line
    `# flake8: noqa` or `# flake8: noqa: SES103` is for the whole file as well.

    Source: flake8 reads the same `# noqa`, but no second one on a line, none without the space or
    with more, and codes in capitals only; in strings, too; one whose codes it cannot read is a bare
    one (checked in tests/test_suppress.py). ruff reads `#noqa` as well. It honours
    `# flake8: noqa` as flake8 does, but reads codes behind it, where flake8 leaves out the whole
    file all the same.
    """
    for number, line in enumerate(lines, 1):
        # Few lines have a comment, and this test costs a tenth of the search.
        if "#" not in line:
            continue
        comment = layout.comments.get(number)
        at = comment.column if comment else len(line)
        for match in _NOQA.finditer(line):
            if match.start() >= at:
                yield _suppression(number, at, line[at:], match)
            elif match[0].lower().startswith("# noqa"):
                yield _suppression(number, match.start(), match[0], match, is_comment=False)
        for match in _OWN.finditer(line, at):
            yield _suppression(number, at, line[at:], match)
        if whole := _FLAKE8.match(line):
            yield _of_flake8(number, line, whole)


def _of_flake8(number: int, line: str, match: re.Match[str]) -> Suppression:
    """The line by which flake8 leaves out a file; what it is good for is not ours to judge."""
    codes = _codes(match, 0)
    return Suppression(
        number,
        0,
        line,
        0,
        len(line),
        codes,
        is_blanket=not codes,
        is_noqa=True,
        is_file=True,
        is_comment=False,
        is_clear=True,
    )


def _suppression(
    line: int, column: int, text: str, match: re.Match[str], *, is_comment: bool = True
) -> Suppression:
    codes = _codes(match, column)
    is_noqa = match.re is _NOQA
    is_clear = is_noqa or match["unclear"] is None
    stop = match.end() - column
    if is_noqa and codes:
        # The comma and the space behind the last code separate it from nothing.
        stop = codes[-1][0] + len(codes[-1][1])
    return Suppression(
        line,
        column,
        text,
        match.start() - column,
        stop,
        codes,
        is_blanket=match["codes"] is None and is_clear,
        is_noqa=is_noqa,
        is_file=not is_noqa and match["file"] is not None,
        is_comment=is_comment,
        is_clear=is_clear,
    )


def _codes(match: re.Match[str], column: int) -> tuple[tuple[int, str], ...]:
    """What a comment names, in capitals, each with its index in what begins at a column."""
    found = _CODE.finditer(match["codes"] or "")
    first = match.start("codes") - column
    return tuple((first + one.start(), one[0].upper()) for one in found)
