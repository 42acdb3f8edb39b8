"""Findings that a `# noqa` comment takes back."""

import re
from collections.abc import Iterator, Sequence

from sessionlint.model import Finding

__all__ = ["is_suppressed"]

_NOQA = re.compile(r"# noqa(?::\s?(?P<codes>(?:[A-Z]+[0-9]+(?:[,\s]+)?)+))?", re.IGNORECASE)
_SEPARATOR = re.compile(r"[,\s]+")


def is_suppressed(lines: Sequence[str], finding: Finding) -> bool:
    """Whether a comment on one of the lines that a finding covers takes it back.

    `# noqa` takes back everything, `# noqa: SES103, SES2` what has one of the codes or begins
    with one. Case does not matter.

    Source: flake8 joins the lines of a statement in the same way and reads the same comments;
    a comment whose codes it cannot read is a bare `# noqa` (checked in tests/test_suppress.py).
    """
    covered = lines[finding.span.line - 1 : finding.span.end_line]
    return any(finding.code.startswith(code) for line in covered for code in _codes(line))


def _codes(line: str) -> Iterator[str]:
    """The codes that a line's comment names; the empty one, which begins every code, for all."""
    # Most lines have no such comment, and this test costs a tenth of the search.
    match = _NOQA.search(line) if "#" in line else None
    if match is None:
        return
    codes = match["codes"]
    if codes is None:
        yield ""
        return
    yield from (code.upper() for code in _SEPARATOR.split(codes) if code)
