"""How much was found, in numbers."""

from collections import Counter
from collections.abc import Iterable, Iterator

from sessionlint.model import Finding

__all__ = ["counted", "plural", "statistics", "totals"]


def totals(findings: Iterable[Finding]) -> list[tuple[str, str, int]]:
    """Code, name and number of each rule that found something, the most frequent first."""
    counts = Counter((finding.code, finding.name) for finding in findings)
    ordered = sorted(counts.items(), key=lambda row: (-row[1], row[0]))
    return [(code, name, number) for (code, name), number in ordered]


def statistics(findings: Iterable[Finding]) -> Iterator[str]:
    """The same as lines of text."""
    rows = totals(findings)
    width = len(str(rows[0][2])) if rows else 0
    yield from (f"{number:>{width}}\t{code}\t{name}" for code, name, number in rows)


def counted(number: int, fixed: int = 0) -> str:
    """How many findings there are, and how many there were before, as a sentence."""
    if not fixed:
        return f"Found {plural(number, 'error')}."
    return f"Found {plural(number + fixed, 'error')} ({fixed} fixed, {number} remaining)."


def plural(number: int, one: str, many: str = "") -> str:
    """A number and what it counts."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"
