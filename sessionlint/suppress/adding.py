"""A text whose findings are taken back, each by a `# noqa` on its line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sessionlint.model import Finding, Suppression
from sessionlint.source.layout import Layout, layout
from sessionlint.source.text import decoded, encoded, line_starts, lines
from sessionlint.suppress.reading import suppressions

__all__ = ["with_noqa"]


def with_noqa(data: bytes, findings: Iterable[Finding]) -> tuple[bytes, int]:
    """A file with a `# noqa` for each finding, and the number of lines that got one or a code.

    The comment stands at the end of the first line from the finding on that is no part of a
    string and does not end with a backslash, where flake8 looks as well. A `# noqa` with codes
    that is there gets one more.

    Raises:
        UnreadableFile: the file cannot be decoded.
    """
    text = decoded(data)
    rows = lines(text)
    plan = layout(rows)
    wanted: dict[int, set[str]] = {}
    for one in findings:
        line = min(plan.ending(one.span.line), len(rows))
        wanted.setdefault(line, set()).add(one.code)
    present = _present(rows, plan)
    starts = line_starts(text)
    # From the end, so that the places before stay where they are.
    for line, codes in sorted(wanted.items(), reverse=True):
        start, row = starts[line - 1], rows[line - 1]
        new = _with_codes(row, present.get(line), sorted(codes))
        text = text[:start] + new + text[start + len(row) :]
    return encoded(text, data), len(wanted)


def _present(rows: Sequence[str], plan: Layout) -> dict[int, Suppression]:
    """The first `# noqa` with codes of each line that has one; flake8 reads no second one.

    Nor does it read `#noqa`, which gets none added for that.
    """
    found = [one for one in suppressions(rows, plan) if one.is_noqa and one.is_comment]
    found = [one for one in found if one.text.lower().startswith("# n", one.start)]
    return {one.line: one for one in reversed(found) if one.codes}


def _with_codes(row: str, present: Suppression | None, codes: Sequence[str]) -> str:
    listed = ", ".join(codes)
    if present is None:
        return f"{row.rstrip()}  # noqa: {listed}"
    stop = present.column + present.stop
    return f"{row[:stop]}, {listed}{row[stop:]}"
